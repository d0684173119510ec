// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/state_owner.hpp"

#include "core/error.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace intendance::backupd {

namespace {

void check(long result, const char* what) {
  if (result != 0) core::throw_errno(what);
}

// Of the calling thread: permitted and effective, nothing inheritable.
void keep_only(unsigned capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  auto& set = sets.at(CAP_TO_INDEX(capability));
  set.permitted = set.effective = static_cast<__u32>(CAP_TO_MASK(capability));
  check(::syscall(SYS_capset, &header, sets.data()), "cannot keep the right to read every file");
}

} // namespace

void become_owner_of(const std::filesystem::path& state) {
  struct stat owner {};
  if (::geteuid() != 0 || ::stat(state.c_str(), &owner) != 0 || owner.st_uid == 0) return;
  check(::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "cannot keep the right to read every file");
  check(::setgroups(0, nullptr), "cannot give up root's groups");
  check(::setresgid(owner.st_gid, owner.st_gid, owner.st_gid), "cannot become the daemon's group");
  check(::setresuid(owner.st_uid, owner.st_uid, owner.st_uid), "cannot become the daemon's user");
  keep_only(CAP_DAC_READ_SEARCH);
}

} // namespace intendance::backupd
