// SPDX-License-Identifier: AGPL-3.0-or-later
// Reads what others write in Prometheus' text format 0.0.4: files that scripts leave, pages of
// services.
#pragma once

#include "collectors/families.hpp"

namespace intendance::collectors {

enum class Timestamps {
  refused, // a figure that is read now is of now
  kept,
};

// The families in the order of the text, each once, histograms and summaries put together. Throws
// CorruptData that names the line, and the whole text is refused, when anything in it is not as
// the format says: a bad name, number or escape, bytes that are not UTF-8, a sample that is there
// twice, a second HELP or TYPE of one family, a TYPE after its samples.
// https://prometheus.io/docs/instrumenting/exposition_formats/
Families parse_text_format(std::string_view text, Timestamps timestamps);

} // namespace intendance::collectors
