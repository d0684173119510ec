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
  tag_extents = 13,
  tag_data = 14,
  tag_identity = 15,
  tag_continues = 16,
  tag_links = 17,
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
  if (!entry.extents.empty()) {
    field(out, tag_extents, [&](ByteWriter& writer) {
      for (const auto& extent : entry.extents) {
        writer.bytes(extent.chunk);
        writer.varint(extent.length);
      }
    });
  }
  if (!entry.data.empty()) {
    field(out, tag_data, [&](ByteWriter& writer) {
      for (const auto& range : entry.data) {
        writer.varint(range.offset);
        writer.varint(range.length);
      }
    });
  }
  if (entry.continues) field(out, tag_continues, [](ByteWriter&) {});
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
  case tag_extents:
    while (!reader.at_end()) {
      Extent extent;
      extent.chunk = reader.array<sizeof(ChunkId)>();
      extent.length = reader.varint_as<std::uint32_t>();
      entry.extents.push_back(extent);
    }
    break;
  case tag_data:
    while (!reader.at_end()) {
      const auto offset = reader.varint();
      entry.data.push_back({offset, reader.varint()});
    }
    break;
  case tag_continues: entry.continues = true; break;
  case tag_links: entry.links = reader.varint(); break;
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

// What a type cannot have is somebody's invention, and would be lost in a restore.
void check_type(const Entry& entry) {
  if (entry.type < FileType::file || entry.type > FileType::more_extents) {
    throw CorruptData("holds a file of unknown type");
  }
  const bool device =
      entry.type == FileType::character_device || entry.type == FileType::block_device;
  if ((!device && (entry.device_major != 0 || entry.device_minor != 0)) ||
      (entry.type != FileType::symbolic_link && !entry.link_target.empty()) ||
      (entry.type == FileType::directory && !entry.hard_link.empty()) ||
      (entry.type != FileType::file && entry.type != FileType::more_extents && entry.size != 0) ||
      (entry.type == FileType::more_extents && !entry.hard_link.empty())) {
    throw CorruptData("describes a file with what its type cannot have");
  }
}

} // namespace

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
  if (entry.extents.size() > most_extents || entry.data.size() > most_extents)
    throw CorruptData("has more extents than a record may have");
  if (entry.type == FileType::more_extents) return entry;
  ContentsCheck().add(entry);
  return entry;
}

// The parts must lie in order within the file, and the extents fill them exactly.
void ContentsCheck::add(const Entry& record) {
  if (record.type == FileType::more_extents) {
    if (record.size != 0) size_ = record.size;
  } else {
    *this = {};
    size_ = record.size;
    sparse_ = !record.data.empty();
  }
  continues_ = record.continues;
  for (const auto& extent : record.extents) {
    if (extent.length > longest_chunk) throw CorruptData("describes a chunk that cannot be");
    filled_ += extent.length;
  }
  for (const auto& range : record.data) {
    if (!sparse_ || range.offset < end_ || range.length > ~std::uint64_t{0} - range.offset)
      throw CorruptData("describes parts that do not lie in their file");
    end_ = range.offset + range.length;
    wanted_ += range.length;
  }
  if (record.continues && record.extents.empty() && record.data.empty())
    throw CorruptData("describes contents that do not go on");
  if (record.continues) return;
  const bool has_contents = record.type == FileType::more_extents ||
                            (record.type == FileType::file && record.hard_link.empty());
  if (end_ > size_) throw CorruptData("describes parts that do not lie in their file");
  if (has_contents && filled_ != (sparse_ ? wanted_ : size_))
    throw CorruptData("describes contents that do not make up their file");
  if (!has_contents && (filled_ != 0 || sparse_))
    throw CorruptData("describes contents of what has none");
}

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
  if (entry.links != 1)
    field(record, tag_links, [&](ByteWriter& writer) { writer.varint(entry.links); });
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
    if (entries.size() == 1) continue;
    const auto& before = entries[entries.size() - 2];
    const auto& last = entries.back();
    const auto order = compare_paths(before.path, last.path);
    const bool goes_on = last.type == FileType::more_extents;
    if (goes_on != before.continues || (goes_on ? order != 0 : order >= 0))
      throw CorruptData("holds paths that are not in order");
  }
  return entries;
}

void encode_page_reference(const PageReference& page, Buffer& out) {
  ByteWriter writer(out);
  writer.varint(page.first.size());
  writer.text(page.first);
  writer.bytes(page.chunk);
}

std::vector<PageReference> decode_page_list(ByteView list) {
  std::vector<PageReference> pages;
  ByteReader reader(list);
  while (!reader.at_end()) {
    PageReference page;
    page.first = text_of(reader.bytes(reader.varint()));
    page.chunk = reader.array<sizeof(ChunkId)>();
    pages.push_back(std::move(page));
  }
  return pages;
}

std::vector<ChunkId> decode_references(ByteView list) {
  std::vector<ChunkId> ids;
  ByteReader reader(list);
  while (!reader.at_end()) ids.push_back(reader.array<sizeof(ChunkId)>());
  return ids;
}

} // namespace intendance::backupd
