// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/target_folder.hpp"

#include "core/crypto.hpp"
#include "core/error.hpp"
#include "core/handle.hpp"
#include "core/log.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>

namespace intendance::backupd {

using core::FileDescriptor;

namespace {

using OpenFolder = core::Handle<DIR, closedir>;

constexpr std::string_view temporary_prefix = ".intendance-";
constexpr std::size_t random_digits = 16;

FileDescriptor open_part(int folder, const std::string& path, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC | O_NOFOLLOW;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return FileDescriptor(
      static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof(how))));
}

struct stat status_of(int descriptor, const std::string& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) core::throw_errno("cannot look at /" + path);
  return status;
}

bool is_temporary_name(std::string_view name) {
  if (!name.starts_with(temporary_prefix)) return false;
  name.remove_prefix(temporary_prefix.size());
  return name.size() == random_digits &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

} // namespace

FileTime TargetServices::now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &time); // as the kernel stamps files
  return {time.tv_sec, static_cast<std::uint32_t>(time.tv_nsec)};
}

FileDescriptor open_beneath(int folder, std::string_view path) {
  constexpr std::size_t most = 4000; // of PATH_MAX
  auto at = open_part(folder, ".", O_PATH | O_DIRECTORY);
  while (at && !path.empty()) {
    auto length = path.size();
    if (length > most) length = path.rfind('/', most);
    at = open_part(at.get(), std::string(path.substr(0, length)), O_PATH);
    path.remove_prefix(std::min(path.size(), length + 1));
  }
  return at;
}

std::string parent_path(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

TargetFolder::TargetFolder(std::shared_ptr<TargetServices> services,
                           std::shared_ptr<TargetFolder> above, std::string name,
                           FileDescriptor descriptor)
    : services_(std::move(services)), above_(std::move(above)), name_(std::move(name)),
      descriptor_(std::move(descriptor)) {}

TargetFolder::~TargetFolder() {
  try {
    if (attributes_) {
      const auto whole = path();
      set_attributes(descriptor_.get(), status_of(descriptor_.get(), whole), whole, *attributes_,
                     Foreign::all, services_->problems);
    } else if (mode_before_ && ::fchmod(descriptor_.get(), *mode_before_) != 0) {
      services_->problems.add_attribute(path(), "mode", errno);
    }
  } catch (const std::exception& error) {
    core::log::error("a folder's attributes are not set",
                     {{"path", name_}, {"error", error.what()}});
  }
}

std::shared_ptr<TargetFolder> TargetFolder::root(std::shared_ptr<TargetServices> services,
                                                 const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw core::Error("cannot restore to " + path.string() + ": " + error.message());
  auto folder = std::make_shared<TargetFolder>(std::move(services), nullptr, "",
                                               core::open_file(path, O_RDONLY | O_DIRECTORY));
  folder->services_->disk.add_file_system(core::open_file(path, O_RDONLY | O_DIRECTORY));
  folder->take_over(false);
  return folder;
}

std::shared_ptr<TargetFolder> TargetFolder::enter(const std::string& name,
                                                  const std::string& path) {
  // 0700 until everything in it is there.
  const bool made = ::mkdirat(descriptor(), name.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) core::throw_errno("cannot make folder /" + path);
  auto opened = open_part(descriptor(), name, O_RDONLY | O_DIRECTORY);
  std::optional<mode_t> mode_before;
  if (!opened && errno == EACCES) {
    // Its owner may have taken the right to read it away from himself.
    const auto closed = open_part(descriptor(), name, O_PATH | O_DIRECTORY);
    if (closed) {
      mode_before = status_of(closed.get(), path).st_mode & 07777;
      ::chmod(("/proc/self/fd/" + std::to_string(closed.get())).c_str(), *mode_before | 0700);
      opened = open_part(closed.get(), ".", O_RDONLY | O_DIRECTORY);
    }
  }
  if (!opened) {
    if (errno == ELOOP || errno == ENOTDIR) {
      throw core::Error("/" + path +
                        " exists in the target and is no folder; remove it, or restore elsewhere");
    }
    core::throw_errno("cannot open folder /" + path);
  }
  auto folder =
      std::make_shared<TargetFolder>(services_, shared_from_this(), name, std::move(opened));
  folder->mode_before_ = mode_before;
  if (made) folder->gives_access_lists_ = gives_access_lists_;
  folder->take_over(made);
  if (folder->found_.st_dev != found_.st_dev) {
    // A mounted one: its descriptor is kept, so only when it is entered from outside.
    services_->disk.add_file_system(open_part(folder->descriptor(), ".", O_RDONLY | O_DIRECTORY));
  }
  return folder;
}

void TargetFolder::take_over(bool is_new) {
  is_new_ = is_new;
  if (::fstat(descriptor(), &found_) != 0) core::throw_errno("cannot look at /" + path());
  if (is_new) return; // inherits from the one above it
  gives_access_lists_ = ::fgetxattr(descriptor(), "system.posix_acl_default", nullptr, 0) > 0;
  const bool writable = (found_.st_mode & 0300) == 0300;
  if (!writable && ::geteuid() != 0 && found_.st_uid == ::geteuid()) {
    if (!mode_before_) mode_before_ = found_.st_mode & 07777;
    ::fchmod(descriptor(), found_.st_mode | 0700); // if not: the files in it say so
  }
  remove_leftovers();
}

void TargetFolder::remove_leftovers() {
  const OpenFolder open(
      ::fdopendir(::openat(descriptor(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  if (!open) return;
  while (const auto* entry = ::readdir(open.get())) {
    if (is_temporary_name(entry->d_name) && is_leftover(entry->d_name)) remove(entry->d_name);
  }
}

// A restore that still runs holds a lock on each file that it is writing.
bool TargetFolder::is_leftover(const std::string& name) const {
  const auto status = look_at(name);
  if (!status || S_ISDIR(status->st_mode)) return false;
  const FileTime changed{status->st_ctim.tv_sec,
                         static_cast<std::uint32_t>(status->st_ctim.tv_nsec)};
  if (changed >= services_->started) return false;
  if (!S_ISREG(status->st_mode)) return true;
  const FileDescriptor file(
      ::openat(descriptor(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  return file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
}

std::optional<struct stat> TargetFolder::look_at(const std::string& name) const {
  struct stat status {};
  if (::fstatat(descriptor(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return status;
  if (errno != ENOENT) core::throw_errno("cannot look at /" + child(name));
  return std::nullopt;
}

std::string TargetFolder::temporary_name() {
  return std::string(temporary_prefix) + core::to_hex(core::random_bytes(random_digits / 2));
}

std::string TargetFolder::path() const {
  std::size_t length = 0;
  for (const auto* at = this; at->above_; at = at->above_.get()) length += at->name_.size() + 1;
  if (length == 0) return {};
  std::string whole(length - 1, '/');
  auto end = whole.size();
  for (const auto* at = this; at->above_; at = at->above_.get()) {
    whole.replace(end - at->name_.size(), at->name_.size(), at->name_);
    end -= std::min(end, at->name_.size() + 1);
  }
  return whole;
}

std::string TargetFolder::child(const std::string& name) const {
  const auto folder = path();
  return folder.empty() ? name : folder + "/" + name;
}

bool TargetFolder::move_into_place(const std::string& temporary, const std::string& name,
                                   Replace replace) {
  const unsigned flags = replace == Replace::yes ? 0 : RENAME_NOREPLACE;
  if (::renameat2(descriptor(), temporary.c_str(), descriptor(), name.c_str(), flags) == 0)
    return true;
  if (errno == EINVAL && replace == Replace::no) {
    // Not every file system can do it in one step.
    if (::linkat(descriptor(), temporary.c_str(), descriptor(), name.c_str(), 0) == 0) {
      remove(temporary);
      return true;
    }
  }
  const int failure = errno;
  if (failure == EEXIST && replace == Replace::no) return false;
  if (failure == EISDIR)
    throw core::Error("a folder has the place of /" + child(name) +
                      " in the target; remove it, or restore elsewhere");
  core::throw_errno("cannot put /" + child(name) + " in its place", failure);
}

bool TargetFolder::link(int descriptor, const std::string& name, Replace replace) {
  const auto source = "/proc/self/fd/" + std::to_string(descriptor);
  const auto link_as = [&](const std::string& as) {
    return ::linkat(AT_FDCWD, source.c_str(), descriptor_.get(), as.c_str(), AT_SYMLINK_FOLLOW) ==
           0;
  };
  if (link_as(name)) return true;
  if (errno != EEXIST) core::throw_errno("cannot make the link /" + child(name));
  const auto there = look_at(name);
  const auto linked = status_of(descriptor, child(name));
  if (there && there->st_ino == linked.st_ino && there->st_dev == linked.st_dev) return true;
  if (replace == Replace::no) return false;
  const auto temporary = temporary_name();
  if (!link_as(temporary)) core::throw_errno("cannot make the link /" + child(name));
  try {
    move_into_place(temporary, name, replace);
  } catch (...) {
    remove(temporary);
    throw;
  }
  return true;
}

void TargetFolder::remove(const std::string& name) noexcept {
  ::unlinkat(descriptor(), name.c_str(), 0);
}

} // namespace intendance::backupd
