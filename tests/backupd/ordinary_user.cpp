// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/backupd/ordinary_user.hpp"

#include "core/error.hpp"

#include <unistd.h>

#include <cstdlib>

namespace intendance::backupd {

namespace fs = std::filesystem;

namespace {

constexpr uid_t nobody = 65534;

void check(int result) {
  if (result != 0) core::throw_errno("cannot become an ordinary user");
}

} // namespace

OrdinaryUser::OrdinaryUser(const fs::path& folder) : was_root_(::geteuid() == 0) {
  if (!was_root_) return;
  check(::chown(folder.c_str(), nobody, nobody));
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    check(::lchown(entry.path().c_str(), nobody, nobody));
  check(::setegid(nobody));
  check(::seteuid(nobody));
}

OrdinaryUser::~OrdinaryUser() {
  if (was_root_ && (::seteuid(0) != 0 || ::setegid(0) != 0)) std::abort();
}

} // namespace intendance::backupd
