// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/pack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace intendance::backupd {

using core::CorruptData;
using core::Nonce;
using core::SecretBytes;

namespace {

constexpr std::string_view magic = "INTDPACK";
constexpr std::uint8_t format_version = 1;
constexpr std::uint8_t algorithm = 1;
constexpr std::size_t entry_size = 41;
constexpr std::size_t nonce_size = 24;
constexpr std::size_t longest_chunk = std::size_t{16} << 20;

SecretBytes derive_session(const SecretBytes& shared, const core::PublicKey& session,
                           const core::PublicKey& epoch, const RepositoryId& repository) {
  return core::derive(shared, "session", {session, epoch, repository});
}

Nonce blob_nonce(std::uint64_t number) {
  Nonce nonce{};
  for (unsigned each = 0; each < 8; ++each) {
    nonce[each] = static_cast<std::uint8_t>(number >> (8 * each) & 0xff);
  }
  return nonce;
}

Buffer blob_context(const ChunkId& id, ChunkKind kind) {
  Buffer context(id.begin(), id.end());
  context.push_back(static_cast<std::uint8_t>(kind));
  return context;
}

ByteView salt_of(const PackHeader& header) { return ByteView(header).subspan(48, 16); }

PackHeader make_header(const WriteSession& session) {
  Buffer header;
  ByteWriter writer(header);
  writer.text(magic);
  writer.fixed(format_version);
  writer.fixed(algorithm);
  writer.fixed(std::uint16_t{0});
  writer.fixed(session.epoch);
  writer.bytes(session.public_key);
  writer.bytes(core::random_bytes(16));
  return core::to_array<pack_header_size>(header);
}

struct HeaderFields {
  std::uint32_t epoch = 0;
  core::PublicKey session{};
};

HeaderFields parse_header(const PackHeader& header) {
  ByteReader reader(header);
  reader.expect(magic, "a pack");
  if (reader.fixed<std::uint8_t>() != format_version || reader.fixed<std::uint8_t>() != algorithm) {
    throw core::Error("is a pack of a newer program; update this one");
  }
  reader.fixed<std::uint16_t>();
  HeaderFields fields;
  fields.epoch = reader.fixed<std::uint32_t>();
  fields.session = reader.array<32>();
  return fields;
}

} // namespace

std::string pack_object_name(const PackName& name) {
  const auto hex = core::to_hex(name);
  return fmt::format("packs/{}/{}", hex.substr(0, 2), hex);
}

WriteSession begin_session(const TrustDocument& trust, const SharedSecrets& secrets) {
  const auto& epoch = trust.epochs.back();
  const auto ephemeral = core::random_secret();
  WriteSession session;
  session.epoch = epoch.number;
  session.public_key = core::agreement_public(ephemeral);
  session.secret = derive_session(core::agree(ephemeral, epoch.public_key), session.public_key,
                                  epoch.public_key, trust.repository);
  session.structure = secrets.of(epoch.number).structure.clone();
  session.naming = secrets.of(epoch.number).naming.clone();
  return session;
}

SecretBytes session_secret(const TrustDocument& trust, const SharedSecrets& reader,
                           std::uint32_t epoch, const core::PublicKey& session) {
  const auto& secret = reader.of(epoch).opens;
  if (secret.empty()) {
    throw core::AccessDenied("needs a reader key of epoch " + std::to_string(epoch));
  }
  const auto named = std::find_if(trust.epochs.begin(), trust.epochs.end(),
                                  [&](const auto& each) { return each.number == epoch; });
  if (named == trust.epochs.end()) throw CorruptData("is of an epoch that nobody named");
  return derive_session(core::agree(secret, session), session, named->public_key, trust.repository);
}

ChunkId chunk_id(const SecretBytes& naming, ChunkKind kind, ByteView raw) {
  const auto kind_byte = static_cast<std::uint8_t>(kind);
  return core::blake2b(raw, core::derive(naming, "chunk", {ByteView(&kind_byte, 1)}));
}

void write_entry(ByteWriter& writer, const PackEntry& entry) {
  writer.bytes(entry.id);
  writer.fixed(static_cast<std::uint8_t>(entry.kind));
  writer.fixed(entry.stored);
  writer.fixed(entry.length);
}

PackEntry read_entry(ByteReader& reader, std::uint32_t offset) {
  PackEntry entry;
  entry.offset = offset;
  entry.id = reader.array<32>();
  entry.kind = static_cast<ChunkKind>(reader.fixed<std::uint8_t>());
  entry.stored = reader.fixed<std::uint32_t>();
  entry.length = reader.fixed<std::uint32_t>();
  if (entry.kind < ChunkKind::contents || entry.kind > ChunkKind::references) {
    throw CorruptData("holds a chunk of unknown kind");
  }
  if (entry.length > longest_chunk || entry.stored > longest_chunk * 2) {
    throw CorruptData("holds a chunk that is longer than may be");
  }
  return entry;
}

std::uint64_t padded_length(std::uint64_t length) {
  if (length < 2) return length;
  const auto exponent = static_cast<unsigned>(std::bit_width(length)) - 1;
  const auto kept = static_cast<unsigned>(std::bit_width(exponent));
  const auto mask = (std::uint64_t{1} << (exponent - std::min(exponent, kept))) - 1;
  return (length + mask) & ~mask;
}

PackWriter::PackWriter(const WriteSession& session, const std::filesystem::path& spool_folder)
    : session_(session), spool_(core::open_unnamed_file(spool_folder)) {
  info_.header = make_header(session);
  contents_key_ = core::derive(session.secret, "pack", {salt_of(info_.header)});
  references_key_ = core::derive(session.structure, "references", {salt_of(info_.header)});
  append(info_.header);
}

void PackWriter::append(ByteView bytes) {
  core::with_context("writing the spool file of a pack",
                     [&] { core::write_all(spool_.get(), bytes); });
  hash_.update(bytes);
  offset_ += bytes.size();
}

void PackWriter::add(const ChunkId& id, ChunkKind kind, ByteView raw, Compressor& compressor) {
  if (raw.size() > longest_chunk) throw core::Error("a chunk is longer than may be");
  const auto& key = kind == ChunkKind::references ? references_key_ : contents_key_;
  const auto nonce = blob_nonce(info_.entries.size());
  const auto context = blob_context(id, kind);
  const auto sealed = core::seal(key, nonce, compressor.pack(raw), context);
  // A fault of memory, processor or library must be found while the source still exists.
  const auto again = unpack(core::open_sealed(key, nonce, sealed, context), raw.size());
  if (!std::equal(raw.begin(), raw.end(), again.begin(), again.end())) {
    throw CorruptData(
        "a chunk did not come back as it was from its own packing; the machine's memory "
        "or processor may be failing");
  }
  info_.entries.push_back({id, kind, static_cast<std::uint32_t>(offset_),
                           static_cast<std::uint32_t>(sealed.size()),
                           static_cast<std::uint32_t>(raw.size())});
  append(sealed);
}

Buffer PackWriter::sealed_directory() const {
  Buffer entries;
  ByteWriter writer(entries);
  for (const auto& entry : info_.entries) write_entry(writer, entry);
  const auto unpadded =
      offset_ + nonce_size + entries.size() + core::tag_size + sizeof(std::uint32_t);
  entries.resize(entries.size() + padded_length(unpadded) - unpadded);
  const auto nonce = core::random_nonce();
  Buffer directory(nonce.begin(), nonce.end());
  const auto sealed =
      core::seal(core::derive(session_.structure, "directory"), nonce, entries, info_.header);
  directory.insert(directory.end(), sealed.begin(), sealed.end());
  return directory;
}

PackInfo PackWriter::store(storage::ObjectStore& store) {
  auto directory = sealed_directory();
  const auto length = static_cast<std::uint32_t>(directory.size());
  ByteWriter(directory).fixed(length);
  append(directory);
  info_.size = offset_;
  info_.name = hash_.finish();
  store.put(pack_object_name(info_.name), *storage::content_of(spool_, offset_));
  return std::move(info_);
}

PackOpener::PackOpener(const TrustDocument& trust, const SharedSecrets& secrets)
    : trust_(trust), secrets_(secrets) {}

SecretBytes PackOpener::blob_key(const PackHeader& header, ChunkKind kind) const {
  const auto fields = parse_header(header);
  if (kind == ChunkKind::references) {
    return core::derive(secrets_.of(fields.epoch).structure, "references", {salt_of(header)});
  }
  const auto session = session_secret(trust_, secrets_, fields.epoch, fields.session);
  return core::derive(session, "pack", {salt_of(header)});
}

Buffer PackOpener::open(const PackHeader& header, const PackEntry& entry, std::size_t number,
                        ByteView sealed) const {
  const auto plain = core::open_sealed(blob_key(header, entry.kind), blob_nonce(number), sealed,
                                       blob_context(entry.id, entry.kind));
  auto raw = unpack(plain, entry.length);
  const auto& naming = secrets_.of(parse_header(header).epoch).naming;
  if (!naming.empty() && chunk_id(naming, entry.kind, raw) != entry.id) {
    throw CorruptData("holds other bytes than its id says");
  }
  return raw;
}

std::uint32_t directory_length(ByteView tail, std::uint64_t pack_size) {
  ByteReader reader(tail);
  const auto length = reader.fixed<std::uint32_t>();
  if (pack_size < pack_header_size + pack_tail_size || length < nonce_size + core::tag_size ||
      length > pack_size - pack_header_size - pack_tail_size) {
    throw CorruptData("has a directory of impossible length");
  }
  return length;
}

PackInfo PackOpener::open_directory(const PackName& name, std::uint64_t size,
                                    const PackHeader& header, ByteView directory) const {
  PackInfo info;
  info.name = name;
  info.size = size;
  info.header = header;
  const auto epoch = parse_header(header).epoch;
  const auto entries = core::open_sealed(core::derive(secrets_.of(epoch).structure, "directory"),
                                         core::to_array<nonce_size>(directory.first(nonce_size)),
                                         directory.subspan(nonce_size), header);
  const auto blobs_end = size - pack_tail_size - directory.size();
  std::uint64_t offset = pack_header_size;
  ByteReader reader(entries);
  while (reader.left() >= entry_size && offset < blobs_end) {
    info.entries.push_back(read_entry(reader, static_cast<std::uint32_t>(offset)));
    offset += info.entries.back().stored;
  }
  if (offset != blobs_end) throw CorruptData("has a directory that does not fit its blobs");
  return info;
}

} // namespace intendance::backupd
