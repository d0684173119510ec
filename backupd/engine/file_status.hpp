// SPDX-License-Identifier: AGPL-3.0-or-later
// What the kernel says of one file, and opening it without following a link: what the walker and
// whoever reads after it know of a file before and after they touch it.
#pragma once

#include "backupd/repository/manifest.hpp"
#include "core/file.hpp"

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace intendance::backupd {

// Of statx, what a backup wants, in a third of its room.
struct FileStatus {
  std::uint64_t device = 0, inode = 0, size = 0;
  FileTime modified, changed, born; // born: 0 where the file system does not know
  std::uint32_t uid = 0, gid = 0, links = 0;
  std::uint32_t device_major = 0, device_minor = 0; // of what a device node stands for
  std::uint16_t mode = 0;                           // with the type
  int error = 0;                                    // errno; then nothing else is known

  // Nothing for a socket, which no backup can hold.
  std::optional<FileType> type() const;
  bool same_file(const FileStatus& other) const {
    return device == other.device && inode == other.inode && born == other.born &&
           type() == other.type();
  }
};

// Of a name in an open folder, or of the open file itself. Links are not followed and nothing is
// mounted by looking; errors are in the result.
FileStatus look_at(int folder, const char* name);
FileStatus look_at(int descriptor);

// The entry as far as the status tells: without path, names of owners, attributes, link target and
// contents.
Entry entry_of(const FileStatus& status);

enum class OpenFor {
  reading, // a file's contents
  listing, // a folder
  looking, // anything, also without permission to read: attributes and a link's target
};

// One name in an open folder. Empty when that fails, with errno. A link is not followed, a FIFO
// that took a file's place is not waited for; the caller looks again at what was opened.
core::FileDescriptor open_in(int folder, const char* name, OpenFor purpose);

// Reads the extended attributes (access control lists and capabilities among them) of what is open;
// file systems without any are none to complain of. A record must stay small beside a page: of what
// has more than `most_attributes` bytes of them, names and values, none are kept.
inline constexpr std::size_t most_attributes = std::size_t{1} << 20;
void read_attributes(int descriptor, OpenFor purpose, Entry& entry,
                     const std::function<void(const std::string&)>& complain);

// The target of a link opened for looking; empty when that fails, with errno.
std::optional<std::string> read_link(int descriptor);

// The parts of an open file that are not holes; empty when it has none.
std::vector<DataRange> data_ranges(int descriptor, std::uint64_t size);

// Has the kernel read what will be wanted soon: a small file, or the first part of a large one.
void prefetch(int descriptor, std::uint64_t size);

} // namespace intendance::backupd
