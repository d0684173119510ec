// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace intendance::billing {

// A random one (RFC 9562, version 4), in lower case.
std::string new_uuid();

// The same for the same name, and another for another (RFC 9562, version 8, of the SHA-256).
std::string derived_uuid(std::string_view name);

// In lower case; throws Error unless it is written as 8-4-4-4-12 hexadecimal digits.
std::string parse_uuid(std::string_view text);

} // namespace intendance::billing
