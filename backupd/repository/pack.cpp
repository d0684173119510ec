// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/pack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace intendance::backupd {

using core::CorruptData;

namespace {

constexpr std::string_view magic = "INTDPACK";
constexpr std::size_t nonce_size = 24;
constexpr std::uint64_t full_pack = std::uint64_t{24} << 20;
constexpr std::size_t most_chunks = std::size_t{1} << 24;
// Of small files, tens of thousands fit into a pack: its directory must stay small beside it.
constexpr std::size_t full_directory = 60'000;

PackBlock decode_block(ByteReader& reader, std::uint64_t offset, PackDirectory& directory) {
  PackBlock block;
  block.kind = static_cast<ChunkKind>(reader.fixed<std::uint8_t>());
  if (block.kind < ChunkKind::contents || block.kind > ChunkKind::references) {
    throw CorruptData("holds a block of unknown kind");
  }
  block.origin = reader.varint_as<std::uint32_t>();
  if (block.origin >= directory.origins.size()) throw CorruptData("names an origin it lacks");
  block.number = reader.varint();
  block.offset = static_cast<std::uint32_t>(offset);
  block.stored = reader.varint_as<std::uint32_t>();
  if (block.stored > longest_sealed_block) throw CorruptData("holds a block that is too long");
  block.first_chunk = static_cast<std::uint32_t>(directory.chunks.size());
  block.chunk_count = reader.varint_as<std::uint32_t>();
  if (block.chunk_count == 0) throw CorruptData("holds a block without chunks");
  if (block.chunk_count > most_chunks - block.first_chunk)
    throw CorruptData("holds too many chunks");
  for (auto left = block.chunk_count; left > 0; --left) {
    PackChunk chunk;
    chunk.id = reader.array<sizeof(ChunkId)>();
    chunk.length = reader.varint_as<std::uint32_t>();
    if (chunk.length > longest_chunk || chunk.length > longest_block - block.length) {
      throw CorruptData("holds a chunk that is longer than may be");
    }
    block.length += chunk.length;
    directory.chunks.push_back(chunk);
  }
  return block;
}

} // namespace

const PackBlock& PackDirectory::block_of(std::size_t chunk) const {
  const auto after = std::upper_bound(
      blocks.begin(), blocks.end(), chunk,
      [](std::size_t number, const PackBlock& block) { return number < block.first_chunk; });
  return *std::prev(after);
}

std::string pack_object_name(const PackName& name) {
  const auto hex = core::to_hex(name);
  return fmt::format("packs/{}/{}", hex.substr(0, 2), hex);
}

std::uint64_t padded_length(std::uint64_t length) {
  if (length < 2) return length;
  const auto exponent = static_cast<unsigned>(std::bit_width(length)) - 1;
  const auto kept = static_cast<unsigned>(std::bit_width(exponent));
  const auto dropped = std::min(exponent - std::min(exponent, kept), 16u); // 64 KiB at most
  const auto mask = (std::uint64_t{1} << dropped) - 1;
  return (length + mask) & ~mask;
}

void encode_directory(const PackDirectory& directory, Buffer& out) {
  ByteWriter writer(out);
  writer.varint(directory.origins.size());
  for (const auto& origin : directory.origins) {
    writer.fixed(origin.epoch);
    writer.bytes(origin.session);
  }
  writer.varint(directory.blocks.size());
  for (const auto& block : directory.blocks) {
    writer.fixed(static_cast<std::uint8_t>(block.kind));
    writer.varint(block.origin);
    writer.varint(block.number);
    writer.varint(block.stored);
    writer.varint(block.chunk_count);
    for (const auto& chunk : directory.chunks_of(block)) {
      writer.bytes(chunk.id);
      writer.varint(chunk.length);
    }
  }
}

PackDirectory decode_directory(ByteView entries, std::uint64_t blocks_end) {
  PackDirectory directory;
  ByteReader reader(entries);
  for (auto left = reader.varint(); left > 0; --left) {
    Origin origin;
    origin.epoch = reader.fixed<std::uint32_t>();
    origin.session = reader.array<32>();
    directory.origins.push_back(origin);
  }
  std::uint64_t offset = intro_size;
  for (auto left = reader.varint(); left > 0; --left) {
    directory.blocks.push_back(decode_block(reader, offset, directory));
    offset += directory.blocks.back().stored;
    if (offset > blocks_end) throw CorruptData("has a directory that does not fit its blocks");
  }
  if (offset != blocks_end) throw CorruptData("has a directory that does not fit its blocks");
  return directory;
}

PackTail read_pack_tail(ByteView tail, std::uint64_t pack_size) {
  ByteReader reader(tail);
  PackTail found;
  found.directory_length = reader.fixed<std::uint32_t>();
  found.epoch = reader.fixed<std::uint32_t>();
  if (pack_size < intro_size + pack_tail_size || pack_size > longest_pack ||
      found.directory_length < nonce_size + core::tag_size ||
      found.directory_length > pack_size - intro_size - pack_tail_size) {
    throw CorruptData("has a directory of impossible length");
  }
  return found;
}

PackDirectory open_directory(ByteView end, std::uint64_t pack_size, const SharedSecrets& secrets) {
  if (end.size() < nonce_size + pack_tail_size) throw CorruptData("is too short for a directory");
  const auto tail = read_pack_tail(end.last(pack_tail_size), pack_size);
  const auto sealed = end.first(end.size() - pack_tail_size);
  if (tail.directory_length != sealed.size())
    throw CorruptData("has a directory of another length than its index says");
  const auto entries =
      core::open_sealed(core::derive(secrets.of(tail.epoch).structure, "directory"),
                        core::to_array<nonce_size>(sealed.first(nonce_size)),
                        sealed.subspan(nonce_size), object_intro(magic, tail.epoch));
  return decode_directory(entries, pack_size - end.size());
}

PackWriter::PackWriter(const SharedSecrets& secrets, const std::filesystem::path& spool_folder)
    : secrets_(secrets), intro_(object_intro(magic, secrets.epochs.rbegin()->first)),
      spool_folder_(spool_folder), spool_(core::open_unnamed_file(spool_folder)) {
  append(intro_);
}

void PackWriter::append(ByteView bytes) {
  core::with_context("writing a pack in " + spool_folder_.string(),
                     [&] { core::write_all(spool_.get(), bytes); });
  hash_.update(bytes);
  offset_ += bytes.size();
}

void PackWriter::add(const Origin& origin, ChunkKind kind, std::uint64_t number, ByteView sealed,
                     std::span<const PackChunk> chunks) {
  auto& directory = info_.directory;
  const auto known = std::find(directory.origins.begin(), directory.origins.end(), origin);
  PackBlock block;
  block.kind = kind;
  block.origin = static_cast<std::uint32_t>(known - directory.origins.begin());
  if (known == directory.origins.end()) directory.origins.push_back(origin);
  block.number = number;
  block.offset = static_cast<std::uint32_t>(offset_);
  block.stored = static_cast<std::uint32_t>(sealed.size());
  block.first_chunk = static_cast<std::uint32_t>(directory.chunks.size());
  block.chunk_count = static_cast<std::uint32_t>(chunks.size());
  for (const auto& chunk : chunks) block.length += chunk.length;
  append(sealed);
  directory.chunks.insert(directory.chunks.end(), chunks.begin(), chunks.end());
  directory.blocks.push_back(block);
}

bool PackWriter::is_full() const {
  return offset_ >= full_pack || info_.directory.chunks.size() >= full_directory;
}

const PackInfo& PackWriter::finish() {
  Buffer entries;
  encode_directory(info_.directory, entries);
  const auto unpadded = offset_ + nonce_size + entries.size() + core::tag_size + pack_tail_size;
  entries.resize(entries.size() + padded_length(unpadded) - unpadded);
  const auto nonce = core::random_nonce();
  Buffer directory(nonce.begin(), nonce.end());
  const auto sealed =
      core::seal(core::derive(secrets_.newest().structure, "directory"), nonce, entries, intro_);
  ByteWriter writer(directory);
  writer.bytes(sealed);
  info_.directory_length = static_cast<std::uint32_t>(directory.size());
  writer.fixed(info_.directory_length);
  writer.fixed(secrets_.epochs.rbegin()->first);
  append(directory);
  info_.size = offset_;
  info_.name = hash_.finish();
  return info_;
}

void PackWriter::store(storage::ObjectStore& store) const {
  store.put(pack_object_name(info_.name), *storage::content_of(spool_, offset_));
}

} // namespace intendance::backupd
