// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/manifest.hpp"

#include <algorithm>

namespace intendance::backupd {

using core::as_text;
using core::CorruptData;

namespace {

enum Tag : std::uint64_t {
  tag_path = 1,
  tag_type = 2,
  tag_mode = 3,
  tag_owner = 4,
  tag_user = 5,
  tag_group = 6,
  tag_modified = 7,
  tag_size = 8,
  tag_link_target = 9,
  tag_hard_link = 10,
  tag_device = 11,
  tag_attribute = 12,
  tag_extent = 13,
  tag_data = 14,
  tag_identity = 15,
};

template <class Write>
void field(Buffer& out, Tag tag, Write&& write) {
  Buffer value;
  ByteWriter writer(value);
  write(writer);
  ByteWriter all(out);
  all.varint(tag);
  all.varint(value.size());
  all.bytes(value);
}

void text_field(Buffer& out, Tag tag, std::string_view text) {
  if (!text.empty()) field(out, tag, [&](ByteWriter& writer) { writer.text(text); });
}

void write_time(ByteWriter& writer, const FileTime& time) {
  writer.zigzag(time.seconds);
  writer.varint(time.nanoseconds);
}

FileTime read_time(ByteReader& reader) {
  FileTime time;
  time.seconds = reader.zigzag();
  time.nanoseconds = reader.varint_as<std::uint32_t>();
  if (time.nanoseconds >= 1'000'000'000) throw CorruptData("holds a time that cannot be");
  return time;
}

void write_contents(const Entry& entry, Buffer& out) {
  for (const auto& extent : entry.extents) {
    field(out, tag_extent, [&](ByteWriter& writer) {
      writer.bytes(extent.chunk);
      writer.varint(extent.offset);
      writer.varint(extent.length);
    });
  }
  for (const auto& range : entry.data) {
    field(out, tag_data, [&](ByteWriter& writer) {
      writer.varint(range.offset);
      writer.varint(range.length);
    });
  }
}

std::string text_of(ByteView bytes) { return std::string(as_text(bytes)); }

ExtendedAttribute read_attribute(ByteReader& reader) {
  ExtendedAttribute attribute;
  attribute.name = text_of(reader.bytes(reader.varint()));
  attribute.value = text_of(reader.rest());
  if (attribute.name.find('\0') != std::string::npos)
    throw CorruptData("holds an attribute's name with NUL");
  return attribute;
}

void read_field(Entry& entry, std::uint64_t tag, ByteReader& reader) {
  switch (tag) {
  case tag_path: entry.path = text_of(reader.rest()); break;
  case tag_type: entry.type = static_cast<FileType>(reader.varint_as<std::uint8_t>()); break;
  case tag_mode: entry.mode = reader.varint_as<std::uint32_t>() & 07777; break;
  case tag_owner:
    entry.uid = reader.varint_as<std::uint32_t>();
    entry.gid = reader.varint_as<std::uint32_t>();
    break;
  case tag_user: entry.user = text_of(reader.rest()); break;
  case tag_group: entry.group = text_of(reader.rest()); break;
  case tag_modified: entry.modified = read_time(reader); break;
  case tag_size: entry.size = reader.varint(); break;
  case tag_link_target: entry.link_target = text_of(reader.rest()); break;
  case tag_hard_link: entry.hard_link = text_of(reader.rest()); break;
  case tag_device:
    entry.device_major = reader.varint_as<std::uint32_t>();
    entry.device_minor = reader.varint_as<std::uint32_t>();
    break;
  case tag_attribute: entry.attributes.push_back(read_attribute(reader)); break;
  case tag_extent: {
    Extent extent;
    extent.chunk = reader.array<32>();
    extent.offset = reader.varint_as<std::uint32_t>();
    extent.length = reader.varint_as<std::uint32_t>();
    entry.extents.push_back(extent);
    break;
  }
  case tag_data: {
    const auto offset = reader.varint();
    entry.data.push_back({offset, reader.varint()});
    break;
  }
  case tag_identity: {
    FileIdentity identity;
    identity.device = reader.varint();
    identity.inode = reader.varint();
    identity.changed = read_time(reader);
    entry.identity = identity;
    break;
  }
  default: break; // of a later version
  }
}

bool is_safe_path(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  for (std::size_t at = 0; at <= path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    const auto part = path.substr(at, end - at);
    if (part.empty() || part == "." || part == "..") return false;
    at = end + 1;
  }
  return true;
}

// The parts must lie in order within the file, and the extents fill them exactly.
void check_contents(const Entry& entry) {
  std::uint64_t filled = 0;
  for (const auto& extent : entry.extents) filled += extent.length;
  std::uint64_t wanted = entry.data.empty() ? entry.size : 0;
  std::uint64_t end = 0;
  for (const auto& range : entry.data) {
    if (range.offset < end || range.offset > entry.size ||
        range.length > entry.size - range.offset) {
      throw CorruptData("describes parts that do not lie in their file");
    }
    end = range.offset + range.length;
    wanted += range.length;
  }
  const bool has_contents = entry.type == FileType::file && entry.hard_link.empty();
  if (has_contents && filled != wanted) {
    throw CorruptData("describes contents that do not make up their file");
  }
  if (!has_contents && filled != 0) throw CorruptData("describes contents of what has none");
}

// What a type cannot have is somebody's invention, and would be lost in a restore.
void check_type(const Entry& entry) {
  if (entry.type < FileType::file || entry.type > FileType::fifo) {
    throw CorruptData("holds a file of unknown type");
  }
  const bool device =
      entry.type == FileType::character_device || entry.type == FileType::block_device;
  if ((!device && (entry.device_major != 0 || entry.device_minor != 0)) ||
      (entry.type != FileType::symbolic_link && !entry.link_target.empty()) ||
      (entry.type == FileType::directory && !entry.hard_link.empty()) ||
      (entry.type != FileType::file && entry.size != 0)) {
    throw CorruptData("describes a file with what its type cannot have");
  }
}

Entry decode_entry(ByteView record) {
  Entry entry;
  ByteReader reader(record);
  while (!reader.at_end()) {
    const auto tag = reader.varint();
    ByteReader value(reader.bytes(reader.varint()));
    read_field(entry, tag, value);
  }
  if (!is_safe_path(entry.path) || (!entry.hard_link.empty() && !is_safe_path(entry.hard_link))) {
    throw CorruptData("holds a path that cannot be");
  }
  check_type(entry);
  check_contents(entry);
  return entry;
}

} // namespace

std::strong_ordering compare_paths(std::string_view left, std::string_view right) {
  const auto shared = std::min(left.size(), right.size());
  for (std::size_t at = 0; at < shared; ++at) {
    if (left[at] == right[at]) continue;
    if (left[at] == '/') return std::strong_ordering::less;
    if (right[at] == '/') return std::strong_ordering::greater;
    return static_cast<unsigned char>(left[at]) <=> static_cast<unsigned char>(right[at]);
  }
  return left.size() <=> right.size();
}

void encode_entry(const Entry& entry, Buffer& out) {
  Buffer record;
  text_field(record, tag_path, entry.path);
  field(record, tag_type,
        [&](ByteWriter& writer) { writer.varint(static_cast<std::uint8_t>(entry.type)); });
  field(record, tag_mode, [&](ByteWriter& writer) { writer.varint(entry.mode); });
  field(record, tag_owner, [&](ByteWriter& writer) {
    writer.varint(entry.uid);
    writer.varint(entry.gid);
  });
  text_field(record, tag_user, entry.user);
  text_field(record, tag_group, entry.group);
  field(record, tag_modified, [&](ByteWriter& writer) { write_time(writer, entry.modified); });
  if (entry.size > 0)
    field(record, tag_size, [&](ByteWriter& writer) { writer.varint(entry.size); });
  text_field(record, tag_link_target, entry.link_target);
  text_field(record, tag_hard_link, entry.hard_link);
  if (entry.type == FileType::character_device || entry.type == FileType::block_device) {
    field(record, tag_device, [&](ByteWriter& writer) {
      writer.varint(entry.device_major);
      writer.varint(entry.device_minor);
    });
  }
  for (const auto& attribute : entry.attributes) {
    field(record, tag_attribute, [&](ByteWriter& writer) {
      writer.varint(attribute.name.size());
      writer.text(attribute.name);
      writer.text(attribute.value);
    });
  }
  write_contents(entry, record);
  if (entry.identity) {
    field(record, tag_identity, [&](ByteWriter& writer) {
      writer.varint(entry.identity->device);
      writer.varint(entry.identity->inode);
      write_time(writer, entry.identity->changed);
    });
  }
  ByteWriter writer(out);
  writer.varint(record.size());
  writer.bytes(record);
}

std::vector<Entry> decode_page(ByteView page) {
  std::vector<Entry> entries;
  ByteReader reader(page);
  while (!reader.at_end()) {
    entries.push_back(decode_entry(reader.bytes(reader.varint())));
    const auto count = entries.size();
    if (count > 1 && compare_paths(entries[count - 2].path, entries[count - 1].path) >= 0) {
      throw CorruptData("holds paths that are not in order");
    }
  }
  return entries;
}

} // namespace intendance::backupd
