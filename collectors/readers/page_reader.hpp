// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "collectors/readers/page_client.hpp"
#include "collectors/readers/reader.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace intendance::collectors {

// Fetches one page and parses it; errors name its address.
MakeReader page_reader(PageAddress address, std::function<Families(std::string_view)> parse,
                       std::string accept = "*/*");

} // namespace intendance::collectors
