// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/target_attributes.hpp"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace intendance::backupd {

namespace {

constexpr std::string_view access_list = "system.posix_acl_";

timespec to_timespec(const FileTime& time) {
  return {static_cast<time_t>(time.seconds), static_cast<long>(time.nanoseconds)};
}

// Rights that depend on who owns the file.
std::uint32_t without_foreign_rights(std::uint32_t mode, const struct stat& now, Owner wanted) {
  if (now.st_uid != wanted.uid) mode &= ~static_cast<std::uint32_t>(S_ISUID);
  if (now.st_gid != wanted.gid) mode &= ~static_cast<std::uint32_t>(S_ISGID);
  return mode;
}

// The attributes of one open file, one by one.
class Setter {
public:
  Setter(int descriptor, const struct stat& now, const std::string& path, const Attributes& wanted,
         RestoreProblems& problems)
      : descriptor_(descriptor), now_(now), path_(path), wanted_(wanted), problems_(problems) {
    // O_PATH descriptors are only good for calls by name.
    if (wanted.type != FileType::file && wanted.type != FileType::directory)
      name_ = "/proc/self/fd/" + std::to_string(descriptor);
  }

  // Before all else, because it takes set-user-ID bits and capabilities away.
  void set_owner() {
    const auto [uid, gid] = wanted_.owner;
    if (now_.st_uid == uid && now_.st_gid == gid) return;
    if (::fchownat(descriptor_, "", uid, gid, AT_EMPTY_PATH) == 0) {
      now_.st_uid = uid;
      now_.st_gid = gid;
    } else {
      problems_.add_attribute(path_, "owner", errno);
      // An ordinary user may still choose among his own groups.
      if (now_.st_gid != gid &&
          ::fchownat(descriptor_, "", static_cast<uid_t>(-1), gid, AT_EMPTY_PATH) == 0)
        now_.st_gid = gid;
    }
    mode_known_ = false;
  }

  // Those that belong to nobody's backup but the machine's own (security.*) stay.
  void remove_foreign(Foreign foreign) {
    if (foreign == Foreign::none || ::flistxattr(descriptor_, nullptr, 0) <= 0) return;
    std::string names(65536, '\0'); // as many as there can be
    const auto length = ::flistxattr(descriptor_, names.data(), names.size());
    for (ssize_t at = 0; at < length;) {
      const std::string name(names.c_str() + at);
      at += static_cast<ssize_t>(name.size()) + 1;
      const bool is_acl = name.starts_with(access_list);
      if (!is_acl && (foreign != Foreign::all || !name.starts_with("user."))) continue;
      if (is_acl) mode_known_ = false;
      const bool is_wanted =
          std::any_of(wanted_.extended.begin(), wanted_.extended.end(),
                      [&](const auto& attribute) { return attribute.name == name; });
      if (!is_wanted && ::fremovexattr(descriptor_, name.c_str()) != 0)
        problems_.add(path_, "attribute " + name + " of what was there before could not be removed",
                      Loss::attributes);
    }
  }

  // Before the mode, which may take the right to set them away.
  void set_extended() {
    for (const auto& [name, value] : wanted_.extended) {
      const bool is_acl = name.starts_with(access_list);
      if (name == "security.capability" && now_.st_uid != wanted_.owner.uid) {
        problems_.add_attribute(path_, "capabilities (for want of the right owner)", EPERM);
        continue;
      }
      const int result =
          name_.empty() ? ::fsetxattr(descriptor_, name.c_str(), value.data(), value.size(), 0)
                        : ::setxattr(name_.c_str(), name.c_str(), value.data(), value.size(), 0);
      if (result != 0)
        problems_.add_attribute(path_, is_acl ? "access list" : "extended attribute " + name,
                                errno);
      if (is_acl) mode_known_ = false;
    }
  }

  void set_mode() {
    if (wanted_.type == FileType::symbolic_link) return;
    const auto mode = without_foreign_rights(wanted_.mode, now_, wanted_.owner);
    if (mode_known_ && (now_.st_mode & 07777) == mode) return;
    const int result = name_.empty() ? ::fchmod(descriptor_, mode) : ::chmod(name_.c_str(), mode);
    if (result != 0) problems_.add_attribute(path_, "mode", errno);
  }

  void set_time() {
    const timespec times[2] = {to_timespec(wanted_.modified), to_timespec(wanted_.modified)};
    const int result = name_.empty() ? ::futimens(descriptor_, times)
                                     : ::utimensat(AT_FDCWD, name_.c_str(), times, 0);
    if (result != 0) problems_.add_attribute(path_, "time", errno);
  }

private:
  const int descriptor_;
  struct stat now_;
  bool mode_known_ = true; // by now_
  const std::string& path_;
  const Attributes& wanted_;
  RestoreProblems& problems_;
  std::string name_; // empty: use the descriptor
};

} // namespace

Attributes attributes_of(const Entry& entry, Owner owner) {
  return {entry.type, entry.mode, owner, entry.modified, entry.attributes};
}

void set_attributes(int descriptor, const struct stat& now, const std::string& path,
                    const Attributes& wanted, Foreign foreign, RestoreProblems& problems) {
  Setter setter(descriptor, now, path, wanted, problems);
  setter.set_owner();
  setter.remove_foreign(foreign);
  setter.set_extended();
  setter.set_mode();
  setter.set_time();
}

bool has_attributes(const struct stat& now, const Attributes& wanted) {
  if ((now.st_mode & S_IFMT) != type_bits(wanted.type) || modified_of(now) != wanted.modified)
    return false;
  const auto user = ::geteuid();
  const bool owned = user == 0 ? now.st_uid == wanted.owner.uid && now.st_gid == wanted.owner.gid
                               : now.st_uid == wanted.owner.uid || now.st_uid == user;
  return owned && (wanted.type == FileType::symbolic_link ||
                   (now.st_mode & 07777) == without_foreign_rights(wanted.mode, now, wanted.owner));
}

FileTime modified_of(const struct stat& status) {
  return {status.st_mtim.tv_sec, static_cast<std::uint32_t>(status.st_mtim.tv_nsec)};
}

mode_t type_bits(FileType type) {
  switch (type) {
  case FileType::file: return S_IFREG;
  case FileType::directory: return S_IFDIR;
  case FileType::symbolic_link: return S_IFLNK;
  case FileType::character_device: return S_IFCHR;
  case FileType::block_device: return S_IFBLK;
  case FileType::fifo: return S_IFIFO;
  case FileType::more_extents: break; // no file of its own
  }
  return 0;
}

} // namespace intendance::backupd
