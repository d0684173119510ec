// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/index.hpp"

namespace intendance::backupd {

namespace {

constexpr std::string_view magic = "INTDINDX";
constexpr std::size_t nonce_size = 24;

} // namespace

std::string index_object_name(const core::Digest& name) { return "indexes/" + core::to_hex(name); }

Buffer encode_index(const std::vector<PackInfo>& packs, const SharedSecrets& secrets) {
  Buffer body;
  ByteWriter writer(body);
  writer.varint(packs.size());
  for (const auto& pack : packs) {
    Buffer entries;
    encode_directory(pack.directory, entries);
    writer.bytes(pack.name);
    writer.varint(pack.size);
    writer.varint(pack.directory_length);
    writer.varint(entries.size());
    writer.bytes(entries);
  }
  auto object = object_intro(magic, secrets.epochs.rbegin()->first);
  const auto unpadded = object.size() + nonce_size + body.size() + core::tag_size;
  body.resize(body.size() + padded_length(unpadded) - unpadded);
  const auto nonce = core::random_nonce();
  const auto sealed =
      core::seal(core::derive(secrets.newest().structure, "index"), nonce, body, object);
  ByteWriter out(object);
  out.bytes(nonce);
  out.bytes(sealed);
  return object;
}

void decode_index(ByteView object, const SharedSecrets& secrets,
                  const std::function<void(PackInfo&&)>& visit) {
  ByteReader reader(object);
  const auto intro = read_intro(reader, magic, "an index");
  const auto nonce = reader.array<nonce_size>();
  const auto body = core::open_sealed(core::derive(secrets.of(intro.epoch).structure, "index"),
                                      nonce, reader.rest(), intro.bytes);
  ByteReader packs(body);
  for (auto left = packs.varint(); left > 0; --left) {
    PackInfo pack;
    pack.name = packs.array<32>();
    pack.size = packs.varint();
    pack.directory_length = packs.varint_as<std::uint32_t>();
    const auto after = std::uint64_t{pack.directory_length} + pack_tail_size;
    if (pack.size < after) throw core::CorruptData("names a pack of impossible size");
    pack.directory = decode_directory(packs.bytes(packs.varint()), pack.size - after);
    visit(std::move(pack));
  }
}

} // namespace intendance::backupd
