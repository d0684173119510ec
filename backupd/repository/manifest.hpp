// SPDX-License-Identifier: AGPL-3.0-or-later
// The records of a manifest: what a snapshot knows of each file (docs/repository-format.md).
#pragma once

#include "backupd/repository/bytes.hpp"

#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace intendance::backupd {

using ChunkId = core::Digest;

struct ChunkIdHash {
  std::size_t operator()(const ChunkId& id) const noexcept {
    std::size_t hash; // ids are uniform already
    std::memcpy(&hash, id.data(), sizeof(hash));
    return hash;
  }
};

enum class FileType : std::uint8_t {
  file = 1,
  directory = 2,
  symbolic_link = 3,
  character_device = 4,
  block_device = 5,
  fifo = 6,
};

// Of a file system: seconds may lie before 1970.
struct FileTime {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
  auto operator<=>(const FileTime&) const = default;
};

struct Extent {
  ChunkId chunk{};
  std::uint32_t offset = 0, length = 0; // bytes in the chunk
  bool operator==(const Extent&) const = default;
};

struct DataRange {
  std::uint64_t offset = 0, length = 0; // bytes in the file
  bool operator==(const DataRange&) const = default;
};

struct ExtendedAttribute {
  std::string name, value;
  bool operator==(const ExtendedAttribute&) const = default;
};

// To recognise a file that did not change since it was last backed up.
struct FileIdentity {
  std::uint64_t device = 0, inode = 0;
  FileTime changed;
  bool operator==(const FileIdentity&) const = default;
};

struct Entry {
  std::string path; // absolute, without the leading '/'; any bytes but NUL
  FileType type = FileType::file;
  std::uint32_t mode = 0; // permission bits, 07777
  std::uint32_t uid = 0, gid = 0;
  std::string user, group;
  FileTime modified;
  std::uint64_t size = 0;
  std::string link_target; // of a symbolic link
  std::string hard_link;   // path of the first name; then there are no contents
  std::uint32_t device_major = 0, device_minor = 0;
  std::vector<ExtendedAttribute> attributes;
  std::vector<Extent> extents;
  std::vector<DataRange> data; // empty: no holes; one of length 0: nothing but a hole
  std::optional<FileIdentity> identity;

  bool operator==(const Entry&) const = default;
};

// '/' before every other byte, so that a directory's contents follow it at once.
std::strong_ordering compare_paths(std::string_view left, std::string_view right);

void encode_entry(const Entry& entry, Buffer& out);

// The entries of a page, in order. Throws CorruptData for what the format does not allow: records
// out of order, a path with an empty, "." or ".." part, extents that do not make up the size.
std::vector<Entry> decode_page(ByteView page);

} // namespace intendance::backupd
