// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <string>

namespace intendance::web {

// `bytes` bytes of the kernel's random generator, in lower-case hexadecimal. Throws core::Error.
std::string random_hex(std::size_t bytes);

} // namespace intendance::web
