// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/index.hpp"

namespace intendance::backupd {

using core::CorruptData;

namespace {

constexpr std::string_view magic = "INTDINDX";
constexpr std::size_t nonce_size = 24;

} // namespace

std::string index_object_name(const core::Digest& name) { return "indexes/" + core::to_hex(name); }

Buffer encode_index(const std::vector<PackInfo>& packs, const core::SecretBytes& structure) {
  Buffer body;
  ByteWriter writer(body);
  writer.fixed(static_cast<std::uint32_t>(packs.size()));
  for (const auto& pack : packs) {
    writer.bytes(pack.name);
    writer.fixed(pack.size);
    writer.bytes(pack.header);
    writer.fixed(static_cast<std::uint32_t>(pack.entries.size()));
    for (const auto& entry : pack.entries) {
      writer.fixed(entry.offset);
      write_entry(writer, entry);
    }
  }
  auto object = object_intro(magic);
  const auto nonce = core::random_nonce();
  const auto sealed = core::seal(core::derive(structure, "index"), nonce, body, object);
  ByteWriter out(object);
  out.bytes(nonce);
  out.bytes(sealed);
  return object;
}

std::vector<PackInfo> decode_index(ByteView object, const core::SecretBytes& structure) {
  ByteReader reader(object);
  const auto header = read_intro(reader, magic, "an index");
  const auto nonce = reader.array<nonce_size>();
  const auto body =
      core::open_sealed(core::derive(structure, "index"), nonce, reader.rest(), header);
  ByteReader packs(body);
  std::vector<PackInfo> found;
  for (auto left = packs.fixed<std::uint32_t>(); left > 0; --left) {
    PackInfo pack;
    pack.name = packs.array<32>();
    pack.size = packs.fixed<std::uint64_t>();
    pack.header = packs.array<pack_header_size>();
    for (auto entries = packs.fixed<std::uint32_t>(); entries > 0; --entries) {
      const auto offset = packs.fixed<std::uint32_t>();
      pack.entries.push_back(read_entry(packs, offset));
      if (std::uint64_t{offset} + pack.entries.back().stored > pack.size) {
        throw CorruptData("places a chunk beyond the end of its pack");
      }
    }
    found.push_back(std::move(pack));
  }
  if (!packs.at_end()) throw CorruptData("is longer than what it lists");
  return found;
}

void ChunkIndex::add(PackInfo pack) {
  packs_.push_back(std::make_unique<PackInfo>(std::move(pack)));
  const auto* kept = packs_.back().get();
  for (std::size_t number = 0; number < kept->entries.size(); ++number) {
    places_.try_emplace(kept->entries[number].id, ChunkLocation{kept, number});
  }
}

std::optional<ChunkLocation> ChunkIndex::find(const ChunkId& id) const {
  const auto found = places_.find(id);
  return found == places_.end() ? std::nullopt : std::optional(found->second);
}

} // namespace intendance::backupd
