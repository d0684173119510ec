// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/version.hpp"

namespace intendance::core {

std::string_view version() { return INTENDANCE_VERSION; }

} // namespace intendance::core
