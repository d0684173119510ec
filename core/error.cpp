// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"

#include <cerrno>
#include <system_error>

namespace intendance::core {

void throw_errno(const std::string& doing, int error_number) {
  auto message = doing + ": " + std::generic_category().message(error_number);
  if (error_number == EACCES || error_number == EPERM) throw AccessDenied(std::move(message));
  throw Error(std::move(message));
}

void throw_errno(const std::string& doing) { throw_errno(doing, errno); }

} // namespace intendance::core
