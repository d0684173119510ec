// SPDX-License-Identifier: AGPL-3.0-or-later
// The records of a manifest: what a snapshot knows of each file (docs/repository-format.md).
#pragma once

#include "backupd/repository/bytes.hpp"
#include "backupd/repository/chunk.hpp"

#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace intendance::backupd {

enum class FileType : std::uint8_t {
  file = 1,
  directory = 2,
  symbolic_link = 3,
  character_device = 4,
  block_device = 5,
  fifo = 6,
  more_extents = 7, // of the file whose record comes before, and no file of its own
};

// Of a file system: seconds may lie before 1970.
struct FileTime {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
  auto operator<=>(const FileTime&) const = default;
};

// A whole chunk.
struct Extent {
  ChunkId chunk{};
  std::uint32_t length = 0; // bytes
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
  std::uint64_t links = 1; // names of the file, hard links included; of folders always 1
  std::uint32_t device_major = 0, device_minor = 0;
  std::vector<ExtendedAttribute> attributes;
  std::vector<Extent> extents;
  std::vector<DataRange> data; // empty: no holes; one of length 0: nothing but a hole
  std::optional<FileIdentity> identity;
  bool continues = false; // more extents are in the next record, of type more_extents

  bool operator==(const Entry&) const = default;
};

// '/' before every other byte, so that a directory's contents follow it at once.
std::strong_ordering compare_paths(std::string_view left, std::string_view right);

void encode_entry(const Entry& entry, Buffer& out);

// The entries of a page, in order. Throws CorruptData for what the format does not allow: records
// out of order, a path with an empty, "." or ".." part, extents that do not make up the size of a
// file that has but one record.
std::vector<Entry> decode_page(ByteView page);
// One record without its length.
Entry decode_entry(ByteView record);

// Sums up the records of one file, and says whether they make it up. Throws CorruptData.
class ContentsCheck {
public:
  void add(const Entry& record);                // the file's own first, then its more_extents
  bool is_whole() const { return !continues_; } // no further record is to come
  std::uint64_t size() const { return size_; }  // of the file, as far as is known

private:
  std::uint64_t size_ = 0, filled_ = 0, wanted_ = 0, end_ = 0;
  bool sparse_ = false, continues_ = false;
};

// The most extents, and the most parts of data, of one record.
inline constexpr std::size_t most_extents = 4096;

// Page lists: where pages begin.
struct PageReference {
  ChunkId chunk{};
  std::string first; // path of its first record
  bool operator==(const PageReference&) const = default;
};
void encode_page_reference(const PageReference& page, Buffer& out);
std::vector<PageReference> decode_page_list(ByteView list); // throws CorruptData
std::vector<ChunkId> decode_references(ByteView list);      // throws CorruptData

} // namespace intendance::backupd
