// SPDX-License-Identifier: AGPL-3.0-or-later
// UTF-8 as RFC 3629 allows it: nothing overlong, no surrogates, nothing beyond U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace intendance::core {

// How many bytes the first character of a text has, which is not empty; 0 when they are none.
std::size_t utf8_length(std::string_view text);

bool is_utf8(std::string_view text);

} // namespace intendance::core
