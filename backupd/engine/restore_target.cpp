// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/restore_target.hpp"

#include "core/crypto.hpp"
#include "core/error.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace intendance::backupd {

using core::FileDescriptor;

namespace {

std::string reason() { return std::strerror(errno); }

FileDescriptor open_beneath(int folder, const std::string& path, std::uint64_t flags,
                            std::uint64_t mode = 0) {
  open_how how{};
  how.flags = flags | O_CLOEXEC | O_NOFOLLOW;
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return FileDescriptor(
      static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof(how))));
}

std::string parent_path(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool is_above(const std::string& folder, const std::string& path) {
  return folder.empty() ||
         (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

timespec to_timespec(const FileTime& time) {
  return {static_cast<time_t>(time.seconds), static_cast<long>(time.nanoseconds)};
}

// Through /proc, because a symbolic link has no descriptor but one of O_PATH.
std::string proc_path(int descriptor) { return "/proc/self/fd/" + std::to_string(descriptor); }

bool is_acl(const std::string& name) { return name.starts_with("system.posix_acl_"); }

} // namespace

RestoreTarget::RestoreTarget(const std::filesystem::path& root, Problem problem)
    : problem_(std::move(problem)) {
  std::error_code error;
  std::filesystem::create_directories(root, error);
  if (error) throw core::Error("cannot restore to " + root.string() + ": " + error.message());
  root_ = core::open_file(root, O_RDONLY | O_DIRECTORY);
}

RestoreTarget::~RestoreTarget() = default;

std::string RestoreTarget::temporary_name() {
  return ".intendance-" + core::to_hex(core::random_bytes(8)) + "-" + std::to_string(counter_++);
}

FileDescriptor RestoreTarget::enter(int parent, const std::string& path, const std::string& name) {
  // 0700 until everything in it is there.
  if (::mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST) {
    core::throw_errno("cannot make folder " + path);
  }
  auto folder = open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
  if (!folder) {
    if (errno == ELOOP || errno == ENOTDIR) {
      throw core::Error("/" + path +
                        " exists in the target and is no folder; remove it, or restore elsewhere");
    }
    core::throw_errno("cannot open folder " + path);
  }
  return folder;
}

void RestoreTarget::leave_folders_not_above(const std::string& path) {
  while (!open_.empty() && !is_above(open_.back().path, path)) {
    auto& folder = open_.back();
    if (folder.described) set_attributes(folder.descriptor.get(), folder.path, folder.entry);
    open_.pop_back();
  }
}

int RestoreTarget::parent_of(const std::string& path) {
  leave_folders_not_above(path);
  const auto parent = parent_path(path);
  while (open_.empty() ? !parent.empty() : open_.back().path != parent) {
    const auto begin = open_.empty() ? 0 : open_.back().path.size() + 1;
    const auto next = parent.substr(0, parent.find('/', begin));
    const int above = open_.empty() ? root_.get() : open_.back().descriptor.get();
    auto descriptor = enter(above, next, last_part(next));
    open_.push_back({next, std::move(descriptor), false, {}});
  }
  return open_.empty() ? root_.get() : open_.back().descriptor.get();
}

void RestoreTarget::make_directory(const std::string& path, const Entry& entry) {
  const int parent = parent_of(path);
  auto descriptor = enter(parent, path, last_part(path));
  open_.push_back({path, std::move(descriptor), true, entry});
}

void RestoreTarget::move_into_place(int parent, const std::string& temporary,
                                    const std::string& path) {
  const bool moved = ::renameat(parent, temporary.c_str(), parent, last_part(path).c_str()) == 0;
  const int failure = errno;
  // After a move there is nothing to remove, unless both were names of one file already.
  ::unlinkat(parent, temporary.c_str(), 0);
  if (!moved) core::throw_errno("cannot put /" + path + " in its place", failure);
}

void RestoreTarget::make_file(const std::string& path, const Entry& entry,
                              const WriteContents& write) {
  const int parent = parent_of(path);
  const auto temporary = temporary_name();
  const auto file = open_beneath(parent, temporary, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!file) core::throw_errno("cannot write in the folder of /" + path);
  try {
    write(file.get());
    if (::ftruncate(file.get(), static_cast<off_t>(entry.size)) != 0)
      core::throw_errno("cannot set its size");
    set_attributes(file.get(), path, entry);
  } catch (...) {
    ::unlinkat(parent, temporary.c_str(), 0);
    throw;
  }
  move_into_place(parent, temporary, path);
}

void RestoreTarget::make_hard_link(const std::string& path, const std::string& existing) {
  const int parent = parent_of(path);
  const auto folder = existing.find('/') == std::string::npos
                          ? FileDescriptor(::dup(root_.get()))
                          : open_beneath(root_.get(), parent_path(existing), O_PATH | O_DIRECTORY);
  const auto temporary = temporary_name();
  if (!folder ||
      ::linkat(folder.get(), last_part(existing).c_str(), parent, temporary.c_str(), 0) != 0) {
    core::throw_errno("cannot link /" + path + " to /" + existing);
  }
  move_into_place(parent, temporary, path);
}

void RestoreTarget::make_special(const std::string& path, const Entry& entry) {
  const int parent = parent_of(path);
  const auto temporary = temporary_name();
  int result = 0;
  if (entry.type == FileType::symbolic_link) {
    result = ::symlinkat(entry.link_target.c_str(), parent, temporary.c_str());
  } else {
    const mode_t type = entry.type == FileType::fifo               ? S_IFIFO
                        : entry.type == FileType::character_device ? S_IFCHR
                                                                   : S_IFBLK;
    result = ::mknodat(parent, temporary.c_str(), type | 0600,
                       makedev(entry.device_major, entry.device_minor));
  }
  if (result != 0) core::throw_errno("cannot make /" + path);
  const FileDescriptor made(::openat(parent, temporary.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (made) set_attributes(made.get(), path, entry);
  move_into_place(parent, temporary, path);
}

// Owner first, because changing it clears set-user-ID bits and capabilities; times last.
void RestoreTarget::set_attributes(int descriptor, const std::string& path, const Entry& entry) {
  const auto fail = [&](const std::string& what) {
    problem_("/" + path, what + " could not be set: " + reason());
  };
  const auto proc = proc_path(descriptor);
  const bool is_link = entry.type == FileType::symbolic_link;
  auto mode = entry.mode;
  if (::fchownat(descriptor, "", entry.uid, entry.gid, AT_EMPTY_PATH) != 0) {
    // What an ordinary user may never do is said once, not for every file.
    if (errno == EPERM && ::geteuid() != 0)
      ++foreign_owners_;
    else
      fail("owner");
    mode &= ~(S_ISUID | S_ISGID); // they would give away the rights of whoever restores
  }
  if (!is_link && ::chmod(proc.c_str(), mode) != 0) fail("mode");
  for (const auto& attribute : entry.attributes) {
    if (::setxattr(proc.c_str(), attribute.name.c_str(), attribute.value.data(),
                   attribute.value.size(), 0) != 0) {
      fail(is_acl(attribute.name) ? "access list" : "extended attribute " + attribute.name);
    }
  }
  const timespec times[2] = {to_timespec(entry.modified), to_timespec(entry.modified)};
  if (::utimensat(AT_FDCWD, proc.c_str(), times, 0) != 0) fail("time");
}

void RestoreTarget::finish() {
  while (!open_.empty()) {
    auto& folder = open_.back();
    if (folder.described) set_attributes(folder.descriptor.get(), folder.path, folder.entry);
    open_.pop_back();
  }
  if (foreign_owners_ > 0) {
    problem_("/", "owner of " + std::to_string(foreign_owners_) +
                      " files and folders could not be set: only root may give files away");
  }
  if (::syncfs(root_.get()) != 0) core::throw_errno("cannot write everything to the target's disk");
}

} // namespace intendance::backupd
