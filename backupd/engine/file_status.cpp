// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/file_status.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

namespace intendance::backupd {

using core::FileDescriptor;

namespace {

constexpr unsigned wanted = STATX_TYPE | STATX_MODE | STATX_NLINK | STATX_UID | STATX_GID |
                            STATX_MTIME | STATX_CTIME | STATX_INO | STATX_SIZE | STATX_BTIME;
constexpr std::uint64_t prefetched = std::uint64_t{1} << 20;

FileTime time_of(const struct statx_timestamp& time) { return {time.tv_sec, time.tv_nsec}; }

FileStatus look(int folder, const char* name, int flags) {
  struct statx found {};
  FileStatus status;
  if (::statx(folder, name, flags | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, wanted, &found) != 0) {
    status.error = errno;
    return status;
  }
  status.device = makedev(found.stx_dev_major, found.stx_dev_minor);
  status.inode = found.stx_ino;
  status.size = found.stx_size;
  status.modified = time_of(found.stx_mtime);
  status.changed = time_of(found.stx_ctime);
  if ((found.stx_mask & STATX_BTIME) != 0) status.born = time_of(found.stx_btime);
  status.uid = found.stx_uid;
  status.gid = found.stx_gid;
  status.links = found.stx_nlink;
  status.device_major = found.stx_rdev_major;
  status.device_minor = found.stx_rdev_minor;
  status.mode = found.stx_mode;
  return status;
}

// A value whose size may change between asking for it and reading it; mostly it is short, and one
// call will do.
template <class Read>
std::optional<std::string> read_growing(Read&& read) {
  std::array<char, 512> first;
  auto count = read(first.data(), first.size());
  if (count >= 0) return std::string(first.data(), static_cast<std::size_t>(count));
  for (int attempt = 0; attempt < 8 && errno == ERANGE; ++attempt) {
    count = read(nullptr, 0);
    if (count < 0) return std::nullopt;
    std::string value(static_cast<std::size_t>(count), '\0');
    count = read(value.data(), value.size());
    if (count < 0) continue;
    value.resize(static_cast<std::size_t>(count));
    return value;
  }
  return std::nullopt;
}

std::string proc_path(int descriptor) { return "/proc/self/fd/" + std::to_string(descriptor); }

int open_number(int folder, const char* name, int flags) {
  const int all = flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY;
  const int number = ::openat(folder, name, all | O_NOATIME);
  if (number >= 0 || errno != EPERM) return number;
  return ::openat(folder, name, all); // only a file's owner reads without a trace
}

// Another program holds a lease on the file (Samba does), which the kernel takes from it while an
// open without O_NONBLOCK waits. Only a file is waited for, so it is looked at first.
FileDescriptor open_leased(int folder, const char* name) {
  const FileDescriptor pinned(::openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!pinned) return {};
  if (look_at(pinned.get()).type() != FileType::file) {
    errno = ELOOP; // as if it had been a link
    return {};
  }
  return FileDescriptor(::open(proc_path(pinned.get()).c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
}

} // namespace

std::optional<FileType> FileStatus::type() const {
  switch (mode & S_IFMT) {
  case S_IFREG: return FileType::file;
  case S_IFDIR: return FileType::directory;
  case S_IFLNK: return FileType::symbolic_link;
  case S_IFCHR: return FileType::character_device;
  case S_IFBLK: return FileType::block_device;
  case S_IFIFO: return FileType::fifo;
  default: return std::nullopt;
  }
}

FileStatus look_at(int folder, const char* name) { return look(folder, name, 0); }

FileStatus look_at(int descriptor) { return look(descriptor, "", AT_EMPTY_PATH); }

Entry entry_of(const FileStatus& status) {
  Entry entry;
  entry.type = status.type().value_or(FileType::fifo);
  entry.mode = status.mode & 07777;
  entry.uid = status.uid;
  entry.gid = status.gid;
  entry.modified = status.modified;
  if (entry.type == FileType::file) entry.size = status.size;
  if (entry.type == FileType::character_device || entry.type == FileType::block_device) {
    entry.device_major = status.device_major;
    entry.device_minor = status.device_minor;
  }
  entry.identity = FileIdentity{status.device, status.inode, status.changed};
  return entry;
}

FileDescriptor open_in(int folder, const char* name, OpenFor purpose) {
  switch (purpose) {
  case OpenFor::looking:
    return FileDescriptor(::openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  case OpenFor::listing: return FileDescriptor(open_number(folder, name, O_RDONLY | O_DIRECTORY));
  case OpenFor::reading: break;
  }
  FileDescriptor file(open_number(folder, name, O_RDONLY | O_NONBLOCK));
  return !file && errno == EWOULDBLOCK ? open_leased(folder, name) : std::move(file);
}

void read_attributes(int descriptor, OpenFor purpose, Entry& entry,
                     const std::function<void(const std::string&)>& complain) {
  // A descriptor that is for looking only has no other way than its path.
  const bool by_path = purpose == OpenFor::looking;
  const auto path = by_path ? proc_path(descriptor) : std::string();
  const auto names = read_growing([&](char* into, std::size_t size) {
    return by_path ? ::listxattr(path.c_str(), into, size) : ::flistxattr(descriptor, into, size);
  });
  if (!names) {
    if (errno != ENOTSUP)
      complain(std::string("extended attributes cannot be listed: ") + std::strerror(errno));
    return;
  }
  std::size_t total = 0;
  for (std::size_t at = 0; at < names->size();) {
    const std::string name(names->c_str() + at);
    at += name.size() + 1;
    if (total > most_attributes) break;
    auto value = read_growing([&](char* into, std::size_t size) {
      return by_path ? ::getxattr(path.c_str(), name.c_str(), into, size)
                     : ::fgetxattr(descriptor, name.c_str(), into, size);
    });
    total += name.size() + (value ? value->size() : 0);
    if (value)
      entry.attributes.push_back({name, std::move(*value)});
    else if (errno != ENODATA) // else it is gone by now
      complain("extended attribute " + name + " cannot be read: " + std::strerror(errno));
  }
  if (total > most_attributes) {
    entry.attributes.clear();
    complain("has more than 1 MiB of extended attributes, which are left out");
  }
  std::sort(entry.attributes.begin(), entry.attributes.end(),
            [](const auto& left, const auto& right) { return left.name < right.name; });
}

std::optional<std::string> read_link(int descriptor) {
  std::array<char, PATH_MAX> target;
  const auto length = ::readlinkat(descriptor, "", target.data(), target.size());
  if (length < 0) return std::nullopt;
  return std::string(target.data(), static_cast<std::size_t>(length));
}

std::vector<DataRange> data_ranges(int descriptor, std::uint64_t size) {
  std::vector<DataRange> ranges;
  off_t at = 0;
  const auto end = static_cast<off_t>(size);
  while (at < end) {
    const auto data = ::lseek(descriptor, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break; // a hole up to the end
    if (data < 0) return {};               // a file system that knows no holes
    const auto found = ::lseek(descriptor, data, SEEK_HOLE);
    if (found < 0) return {};
    const auto hole = std::min(found, end);
    if (hole <= data) break;
    ranges.push_back({static_cast<std::uint64_t>(data), static_cast<std::uint64_t>(hole - data)});
    at = hole;
  }
  if (ranges.size() == 1 && ranges.front() == DataRange{0, size}) return {};
  if (ranges.empty() && size > 0) ranges.push_back({0, 0});
  return ranges;
}

void prefetch(int descriptor, std::uint64_t size) {
  if (size == 0) return;
  // What the kernel makes of it is no concern: advice changes nothing but the speed.
  if (size > prefetched) ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  ::posix_fadvise(descriptor, 0, static_cast<off_t>(std::min(size, prefetched)),
                  POSIX_FADV_WILLNEED);
}

} // namespace intendance::backupd
