// SPDX-License-Identifier: AGPL-3.0-or-later
// A snapshot as a stranger hands it over, and its header as if a trusted writer had signed it; and
// the lists that are chunks.
#include "backupd/repository/snapshot.hpp"

#include "backupd/repository/bytes.hpp"
#include "backupd/repository/manifest.hpp"
#include "core/error.hpp"
#include "core/sha256.hpp"

#include <cstdlib>

using namespace intendance;
using backupd::ByteWriter;

namespace {

struct Place {
  backupd::AgeIdentity reader = backupd::AgeIdentity::generate();
  backupd::WriterKey writer = backupd::WriterKey::generate();
  backupd::TrustDocument trust = backupd::make_trust(
      {"lab", reader.recipient()}, {"hub", backupd::AgeIdentity::generate().recipient()},
      {"web-1", writer.identity().recipient(), writer.public_key()}, core::TimePoint());
  backupd::SharedSecrets secrets = backupd::open_reader_secrets(trust, reader);
};

core::Buffer sealed(core::ByteView header, const Place& place) {
  auto object = backupd::object_intro("INTDSNAP", 1);
  const auto intro = object;
  const core::Nonce nonce{};
  const auto key = core::derive(place.secrets.newest().structure, "snapshot header");
  const auto bytes = core::seal(key, nonce, header, intro);
  ByteWriter out(object);
  out.fixed(static_cast<std::uint32_t>(nonce.size() + bytes.size()));
  out.bytes(nonce);
  out.bytes(bytes);
  out.fixed(std::uint32_t{0});
  out.bytes(place.writer.public_key());
  core::Buffer message;
  ByteWriter text(message);
  text.text("intendance-snapshot-1\n");
  text.bytes(place.trust.repository);
  text.bytes(object);
  out.bytes(place.writer.sign(message));
  return object;
}

void decode(core::ByteView object, const Place& place) {
  try {
    backupd::decode_snapshot(core::sha256(object), object, place.trust, place.secrets);
    backupd::decode_snapshot_body(object, place.trust, place.secrets);
  } catch (const core::Error&) {
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Place place;
  const core::ByteView bytes(data, size);
  decode(bytes, place);
  decode(sealed(bytes, place), place);
  try {
    core::Buffer again;
    for (const auto& page : backupd::decode_page_list(bytes))
      backupd::encode_page_reference(page, again);
    backupd::decode_page_list(again);
  } catch (const core::Error&) {
  }
  try {
    backupd::decode_references(bytes);
  } catch (const core::Error&) {
  }
  return 0;
}
