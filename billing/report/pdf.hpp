// SPDX-License-Identifier: AGPL-3.0-or-later
// PDF out of a report's HTML, by Debian's Chromium, which alone of what Debian has writes tags,
// outline and alternative texts. It runs without a network, without rights, in a folder of its own,
// and not for long.
#pragma once

#include "core/error.hpp"

#include <string>
#include <string_view>

namespace intendance::billing {

// All other forms do without a browser.
class PdfFailure : public core::Error {
public:
  using core::Error::Error;
};
// Names the packages.
class BrowserMissing : public PdfFailure {
public:
  using PdfFailure::PdfFailure;
};

// The same HTML gives the same bytes with the same browser and fonts: the day in the PDF is that of
// the HTML's dcterms.created. Throws BrowserMissing, and PdfFailure with what the browser
// said.
std::string pdf_of_html(std::string_view html);

} // namespace intendance::billing
