// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/walker.hpp"

#include "core/error.hpp"
#include "core/handle.hpp"
#include "core/log.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace intendance::backupd {

using core::FileDescriptor;

namespace {

using OpenFolder = core::Handle<DIR, closedir>;

std::string reason() { return std::strerror(errno); }

std::string proc_path(int descriptor) { return "/proc/self/fd/" + std::to_string(descriptor); }

struct stat status_of(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) core::throw_errno("cannot look at it");
  return status;
}

FileTime time_of(const timespec& time) {
  return {time.tv_sec, static_cast<std::uint32_t>(time.tv_nsec)};
}

std::optional<FileType> type_of(mode_t mode) {
  if (S_ISREG(mode)) return FileType::file;
  if (S_ISDIR(mode)) return FileType::directory;
  if (S_ISLNK(mode)) return FileType::symbolic_link;
  if (S_ISCHR(mode)) return FileType::character_device;
  if (S_ISBLK(mode)) return FileType::block_device;
  if (S_ISFIFO(mode)) return FileType::fifo;
  return std::nullopt; // a socket
}

// The whole of a value whose size may change between asking for it and reading it.
template <class Read>
std::optional<std::string> read_growing(Read&& read) {
  for (int attempt = 0; attempt < 8; ++attempt) {
    const auto size = read(nullptr, 0);
    if (size < 0) return std::nullopt;
    std::string value(static_cast<std::size_t>(size), '\0');
    if (size == 0) return value;
    const auto count = read(value.data(), value.size());
    if (count >= 0) {
      value.resize(static_cast<std::size_t>(count));
      return value;
    }
    if (errno != ERANGE) return std::nullopt;
  }
  return std::nullopt;
}

// Through /proc, because a descriptor opened with O_PATH (of a symbolic link) has no other way.
void read_attributes(int descriptor, Entry& entry, const std::string& shown,
                     const Walker::Warn& warn) {
  const auto path = proc_path(descriptor);
  const auto names = read_growing(
      [&](char* into, std::size_t size) { return ::listxattr(path.c_str(), into, size); });
  if (!names) {
    if (errno != ENOTSUP) warn(shown, "extended attributes cannot be listed: " + reason());
    return;
  }
  for (std::size_t at = 0; at < names->size();) {
    const std::string name(names->c_str() + at);
    at += name.size() + 1;
    auto value = read_growing([&](char* into, std::size_t size) {
      return ::getxattr(path.c_str(), name.c_str(), into, size);
    });
    if (value) {
      entry.attributes.push_back({name, std::move(*value)});
    } else {
      warn(shown, "extended attribute " + name + " cannot be read: " + reason());
    }
  }
  std::sort(entry.attributes.begin(), entry.attributes.end(),
            [](const auto& left, const auto& right) { return left.name < right.name; });
}

// O_NONBLOCK: if a FIFO takes the file's place just now, opening it must not wait for a writer.
FileDescriptor open_to_read(int folder, const std::string& name, int more) {
  const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | more;
  int number = ::openat(folder, name.c_str(), flags | O_NOATIME);
  if (number < 0 && errno == EPERM) number = ::openat(folder, name.c_str(), flags); // not the owner
  return FileDescriptor(number);
}

std::string name_of_user(std::uint32_t uid) {
  char buffer[4096];
  passwd record{};
  passwd* found = nullptr;
  ::getpwuid_r(uid, &record, buffer, sizeof(buffer), &found);
  return found == nullptr ? "" : found->pw_name;
}

std::string name_of_group(std::uint32_t gid) {
  char buffer[4096];
  group record{};
  group* found = nullptr;
  ::getgrgid_r(gid, &record, buffer, sizeof(buffer), &found);
  return found == nullptr ? "" : found->gr_name;
}

} // namespace

Entry describe(int descriptor, const std::string& shown, const Walker::Warn& warn) {
  const auto status = status_of(descriptor);
  Entry entry;
  entry.type = type_of(status.st_mode).value_or(FileType::fifo);
  entry.mode = status.st_mode & 07777;
  entry.uid = status.st_uid;
  entry.gid = status.st_gid;
  entry.modified = time_of(status.st_mtim);
  if (entry.type == FileType::file) entry.size = static_cast<std::uint64_t>(status.st_size);
  if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
    entry.device_major = major(status.st_rdev);
    entry.device_minor = minor(status.st_rdev);
  }
  entry.identity = FileIdentity{status.st_dev, status.st_ino, time_of(status.st_ctim)};
  read_attributes(descriptor, entry, shown, warn);
  return entry;
}

std::string torn(int descriptor, const Entry& before) {
  const auto status = status_of(descriptor);
  const bool same = static_cast<std::uint64_t>(status.st_size) == before.size &&
                    time_of(status.st_mtim) == before.modified &&
                    time_of(status.st_ctim) == before.identity->changed;
  return same ? "" : "changed while being read (kept as read)";
}

struct Walker::Folder {
  FileDescriptor descriptor;
  std::string path; // as in Entry: without the leading '/'; empty for the root of the file system

  std::string child(const std::string& name) const {
    return path.empty() ? name : path + "/" + name;
  }
};

Walker::Walker(WalkOptions options, Visit visit, Warn warn, std::stop_token stop)
    : options_(std::move(options)), visit_(std::move(visit)), warn_(std::move(warn)),
      stop_(std::move(stop)) {}

void Walker::describe_owner(Entry& entry) {
  const auto user = users_.find(entry.uid);
  entry.user = user != users_.end()
                   ? user->second
                   : users_.emplace(entry.uid, name_of_user(entry.uid)).first->second;
  const auto group = groups_.find(entry.gid);
  entry.group = group != groups_.end()
                    ? group->second
                    : groups_.emplace(entry.gid, name_of_group(entry.gid)).first->second;
}

bool Walker::excluded(const std::string& path, const std::string& name) const {
  const auto matches = [&](const std::string& pattern) {
    const bool whole = pattern.find('/') != std::string::npos;
    const auto subject = whole ? "/" + path : name;
    return ::fnmatch(pattern.c_str(), subject.c_str(), whole ? FNM_PATHNAME : 0) == 0;
  };
  return std::any_of(options_.exclude.begin(), options_.exclude.end(), matches);
}

void Walker::walk(const std::filesystem::path& root) {
  if (!root.is_absolute()) throw core::ConfigError(root.string() + ": an absolute path is wanted");
  // Links on the way to the root are resolved; the root itself is taken as it is.
  auto normal = root.lexically_normal();
  if (!normal.has_filename()) normal = normal.parent_path();
  std::error_code error;
  const auto parent = std::filesystem::canonical(normal.parent_path(), error);
  if (error) throw Unreachable("cannot back up " + root.string() + ": " + error.message());
  visit_parents(parent);
  Folder folder{core::open_file(parent, O_RDONLY | O_DIRECTORY), parent.relative_path().string()};
  struct stat status {};
  const auto name = normal.filename().string();
  if (normal == normal.root_path()) {
    root_device_ = status_of(folder.descriptor.get()).st_dev;
    return visit_folder(folder);
  }
  if (::fstatat(folder.descriptor.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    throw Unreachable("cannot back up " + root.string() + ": " + reason());
  }
  root_device_ = status.st_dev;
  if (S_ISLNK(status.st_mode)) {
    warn_(root.string(), "is a symbolic link; what it points to is not backed up with it");
  }
  visit_child(folder, name);
}

// The folders above a root are kept without what else is in them, so that a restore can make them.
void Walker::visit_parents(const std::filesystem::path& parent) {
  std::filesystem::path so_far = "/";
  for (const auto& part : parent.relative_path()) {
    so_far /= part;
    const auto path = so_far.relative_path().string();
    if (!last_parent_.empty() && compare_paths(path, last_parent_) <= 0) continue;
    const auto folder = core::open_file(so_far, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    Found found{describe(folder.get(), so_far.string(), warn_), {}};
    found.entry.path = path;
    describe_owner(found.entry);
    last_parent_ = path;
    visit_(std::move(found));
  }
}

std::vector<std::string> Walker::sorted_names(const Folder& folder) {
  std::vector<std::string> names;
  const OpenFolder open(::fdopendir(::dup(folder.descriptor.get())));
  if (!open) core::throw_errno("cannot list it");
  ::rewinddir(open.get());
  for (errno = 0; const auto* entry = ::readdir(open.get()); errno = 0) {
    const std::string name(entry->d_name);
    if (name != "." && name != "..") names.push_back(name);
  }
  if (errno != 0) core::throw_errno("cannot list it to its end");
  std::sort(names.begin(), names.end());
  return names;
}

void Walker::visit_folder(Folder& folder) {
  std::vector<std::string> names;
  try {
    names = sorted_names(folder);
  } catch (const core::Error& error) {
    warn_("/" + folder.path, error.what());
    return;
  }
  for (const auto& name : names) {
    if (stop_.stop_requested()) throw core::Cancelled("stopped as asked");
    if (!excluded(folder.child(name), name)) visit_child(folder, name);
  }
}

void Walker::visit_child(const Folder& folder, const std::string& name) {
  Found found;
  const auto path = folder.child(name);
  const auto shown = "/" + path;
  struct stat status {};
  if (::fstatat(folder.descriptor.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return warn_(shown, errno == ENOENT ? "vanished before it was read" : reason());
  }
  const auto type = type_of(status.st_mode);
  if (!type) return core::log::debug("socket left out", {{"path", shown}});
  const bool readable = *type == FileType::file || *type == FileType::directory;
  auto descriptor = readable ? open_to_read(folder.descriptor.get(), name,
                                            *type == FileType::directory ? O_DIRECTORY : 0)
                             : FileDescriptor(::openat(folder.descriptor.get(), name.c_str(),
                                                       O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!descriptor) {
    return warn_(shown, errno == ENOENT ? "vanished before it was read" : reason());
  }
  const auto opened = status_of(descriptor.get());
  if (opened.st_ino != status.st_ino || opened.st_dev != status.st_dev ||
      type_of(opened.st_mode) != type) {
    return warn_(shown, "was replaced while being looked at, and is left out");
  }
  found.entry = describe(descriptor.get(), shown, warn_);
  found.entry.path = path;
  describe_owner(found.entry);
  if (*type == FileType::symbolic_link) {
    char target[65536];
    const auto length = ::readlinkat(descriptor.get(), "", target, sizeof(target));
    if (length < 0) return warn_(shown, reason());
    found.entry.link_target.assign(target, static_cast<std::size_t>(length));
  }
  if (*type != FileType::directory && opened.st_nlink > 1) {
    const auto key = std::to_string(opened.st_dev) + ":" + std::to_string(opened.st_ino);
    const auto [first, is_new] = first_names_.emplace(key, path);
    if (!is_new) found.entry.hard_link = first->second;
  }
  if (*type != FileType::directory) {
    if (*type == FileType::file && found.entry.hard_link.empty()) {
      found.contents = std::move(descriptor);
    }
    return visit_(std::move(found));
  }
  visit_(std::move(found));
  const bool other_system = options_.one_file_system && opened.st_dev != root_device_;
  if (other_system) return;
  Folder child{std::move(descriptor), path};
  visit_folder(child);
}

} // namespace intendance::backupd
