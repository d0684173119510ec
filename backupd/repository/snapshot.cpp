// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/snapshot.hpp"

#include "backupd/repository/bytes.hpp"
#include "core/sha256.hpp"

#include <nlohmann/json.hpp>

namespace intendance::backupd {

using core::as_bytes;
using core::as_text;
using core::CorruptData;
using core::from_base64;
using core::from_hex;
using core::to_base64;
using core::to_hex;
using Json = nlohmann::json;

namespace {

constexpr std::string_view magic = "INTDSNAP";
constexpr std::string_view signature_context = "intendance-snapshot-1\n";
constexpr std::size_t nonce_size = 24;
constexpr std::size_t signature_size = 64;

Buffer signed_bytes(const RepositoryId& repository, ByteView object) {
  Buffer message;
  ByteWriter writer(message);
  writer.text(signature_context);
  writer.bytes(repository);
  writer.bytes(object);
  return message;
}

Json to_json(const std::vector<ChunkId>& ids) {
  auto json = Json::array();
  for (const auto& id : ids) json.push_back(to_hex(id));
  return json;
}

std::vector<ChunkId> ids_of(const Json& json) {
  std::vector<ChunkId> ids;
  for (const auto& each : json)
    ids.push_back(core::to_array<sizeof(ChunkId)>(from_hex(each.get<std::string>())));
  return ids;
}

Json to_json(const SnapshotHeader& header) {
  Json json = {{"machine", header.machine},
               {"job", header.job},
               {"started", core::format_utc(header.started)},
               {"finished", core::format_utc(header.finished)},
               {"sequence", header.sequence},
               {"previous", nullptr},
               {"trust_version", header.trust_version},
               {"files", header.files},
               {"directories", header.directories},
               {"other", header.other},
               {"bytes", header.bytes},
               {"new_bytes", header.new_bytes},
               {"stored_bytes", header.stored_bytes},
               {"warnings", header.warnings}};
  if (header.previous) json["previous"] = to_hex(*header.previous);
  json["references"] = to_json(header.references);
  return json;
}

core::Digest digest_of(const Json& hex) {
  return core::to_array<32>(from_hex(hex.get<std::string>()));
}

SnapshotHeader header_of(const Json& json) {
  SnapshotHeader header;
  header.machine = json.at("machine");
  header.job = json.at("job");
  header.started = core::parse_utc(json.at("started"));
  header.finished = core::parse_utc(json.at("finished"));
  header.sequence = json.at("sequence");
  if (!json.at("previous").is_null()) header.previous = digest_of(json.at("previous"));
  header.trust_version = json.at("trust_version");
  header.files = json.at("files");
  header.directories = json.at("directories");
  header.other = json.at("other");
  header.bytes = json.at("bytes");
  header.new_bytes = json.at("new_bytes");
  header.stored_bytes = json.at("stored_bytes");
  header.warnings = json.at("warnings");
  header.references = ids_of(json.at("references"));
  return header;
}

Json to_json(const SnapshotBody& body) {
  Json json = {{"roots", Json::array()},
               {"page_lists", to_json(body.page_lists)},
               {"warnings", Json::array()}};
  for (const auto& root : body.roots) json["roots"].push_back(to_base64(as_bytes(root)));
  for (const auto& warning : body.warnings) {
    json["warnings"].push_back(
        {{"path", to_base64(as_bytes(warning.path))}, {"message", warning.message}});
  }
  return json;
}

std::string bytes_of(const Json& base64) {
  return std::string(as_text(from_base64(base64.get<std::string>())));
}

SnapshotBody body_of(const Json& json) {
  SnapshotBody body;
  for (const auto& root : json.at("roots")) body.roots.push_back(bytes_of(root));
  body.page_lists = ids_of(json.at("page_lists"));
  for (const auto& warning : json.at("warnings")) {
    body.warnings.push_back({bytes_of(warning.at("path")), warning.at("message")});
  }
  return body;
}

template <class Value>
Value parse_json(ByteView text, Value (*convert)(const Json&)) {
  try {
    return convert(Json::parse(as_text(text)));
  } catch (const Json::exception& error) {
    throw CorruptData(std::string("holds no valid description: ") + error.what());
  }
}

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

struct Parts {
  ObjectIntro intro;
  ByteView header, body;
  core::PublicKey writer{};
  core::Signature signature{};
  ByteView before_signature;
};

Parts split(ByteView object) {
  Parts parts;
  ByteReader reader(object);
  parts.intro = read_intro(reader, magic, "a snapshot");
  parts.header = reader.bytes(reader.fixed<std::uint32_t>());
  parts.body = reader.bytes(reader.fixed<std::uint32_t>());
  parts.writer = reader.array<32>();
  parts.signature = reader.array<signature_size>();
  if (!reader.at_end()) throw CorruptData("is longer than a snapshot may be");
  parts.before_signature = object.first(object.size() - signature_size);
  return parts;
}

} // namespace

std::string snapshot_object_name(const SnapshotName& name) { return "snapshots/" + to_hex(name); }

Buffer encode_snapshot(const SnapshotHeader& header, const SnapshotBody& body,
                       const WriteSession& session, const SharedSecrets& secrets,
                       const WriterKey& writer, const RepositoryId& repository) {
  const auto intro = object_intro(magic, session.origin.epoch);
  const auto& structure = secrets.of(session.origin.epoch).structure;
  Buffer sealed_header;
  ByteWriter header_writer(sealed_header);
  const auto header_nonce = core::random_nonce();
  header_writer.bytes(header_nonce);
  header_writer.bytes(core::seal(core::derive(structure, "snapshot header"), header_nonce,
                                 as_bytes(dumped(to_json(header))), intro));
  Buffer sealed_body;
  ByteWriter body_writer(sealed_body);
  const auto body_nonce = core::random_nonce();
  body_writer.bytes(session.origin.session);
  body_writer.bytes(body_nonce);
  body_writer.bytes(core::seal(core::derive(session.secret, "snapshot body"), body_nonce,
                               as_bytes(dumped(to_json(body))), intro));
  auto object = intro;
  ByteWriter out(object);
  out.fixed(static_cast<std::uint32_t>(sealed_header.size()));
  out.bytes(sealed_header);
  out.fixed(static_cast<std::uint32_t>(sealed_body.size()));
  out.bytes(sealed_body);
  out.bytes(writer.public_key());
  const auto signature = writer.sign(signed_bytes(repository, object));
  out.bytes(signature);
  return object;
}

Snapshot decode_snapshot(const SnapshotName& name, ByteView object, const TrustDocument& trust,
                         const SharedSecrets& secrets) {
  if (core::sha256(object) != name) throw CorruptData("is not what its name says");
  const auto parts = split(object);
  const auto& machine = trust.machine_of(parts.writer, name);
  if (!core::verify_signature(parts.writer, signed_bytes(trust.repository, parts.before_signature),
                              parts.signature)) {
    // Not damage: it is what its name says, so nobody whom the owner trusts made it.
    throw core::AccessDenied("does not carry its writer's signature");
  }
  ByteReader reader(parts.header);
  const auto nonce = reader.array<nonce_size>();
  const auto& structure = secrets.of(parts.intro.epoch).structure;
  const auto plain = core::open_sealed(core::derive(structure, "snapshot header"), nonce,
                                       reader.rest(), parts.intro.bytes);
  Snapshot snapshot{name, parts.writer, parse_json(plain, header_of)};
  if (snapshot.header.machine != machine) {
    throw core::AccessDenied("says that it is of another machine than " + machine +
                             ", whose writer signed it");
  }
  return snapshot;
}

SnapshotBody decode_snapshot_body(ByteView object, const TrustDocument& trust,
                                  const SharedSecrets& reader) {
  const auto parts = split(object);
  ByteReader bytes(parts.body);
  Origin origin;
  origin.epoch = parts.intro.epoch;
  origin.session = bytes.array<32>();
  const auto nonce = bytes.array<nonce_size>();
  const auto secret = BlockOpener(trust, reader).session_secret(origin);
  const auto plain = core::open_sealed(core::derive(secret, "snapshot body"), nonce, bytes.rest(),
                                       parts.intro.bytes);
  return parse_json(plain, body_of);
}

} // namespace intendance::backupd
