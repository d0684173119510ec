// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/block.hpp"

#include "core/error.hpp"

#include <algorithm>
#include <cstring>

namespace intendance::backupd {

using core::CorruptData;
using core::SecretBytes;

namespace {

constexpr std::size_t most_kept_keys = 1000;

SecretBytes derive_session(const SecretBytes& shared, const core::PublicKey& session,
                           const core::PublicKey& epoch, const RepositoryId& repository) {
  return core::derive(shared, "session", {session, epoch, repository});
}

SecretBytes contents_key(const SecretBytes& session_secret) {
  return core::derive(session_secret, "blocks");
}

SecretBytes references_key(const SecretBytes& structure, const core::PublicKey& session) {
  return core::derive(structure, "references", {session});
}

core::Nonce nonce_of(std::uint64_t number) {
  core::Nonce nonce{};
  for (unsigned each = 0; each < 8; ++each) {
    nonce[each] = static_cast<std::uint8_t>(number >> (8 * each) & 0xff);
  }
  return nonce;
}

} // namespace

WriteSession begin_session(const TrustDocument& trust) {
  const auto& epoch = trust.epochs.back();
  const auto ephemeral = core::random_secret();
  WriteSession session;
  session.origin = {epoch.number, core::agreement_public(ephemeral)};
  session.secret = derive_session(core::agree(ephemeral, epoch.public_key), session.origin.session,
                                  epoch.public_key, trust.repository);
  return session;
}

BlockSealer::BlockSealer(const WriteSession& session, const SharedSecrets& secrets,
                         int compression_level)
    : contents_key_(contents_key(session.secret)),
      references_key_(
          references_key(secrets.of(session.origin.epoch).structure, session.origin.session)),
      compressor_(compression_level) {}

ByteView BlockSealer::seal(ChunkKind kind, std::uint64_t number, ByteView raw) {
  if (raw.size() > longest_block) throw core::Error("a block is longer than may be");
  const auto& key = kind == ChunkKind::references ? references_key_ : contents_key_;
  const auto nonce = nonce_of(number);
  const auto context = static_cast<std::uint8_t>(kind);
  const auto packed = compressor_.pack(raw, packed_);
  const auto sealed = core::seal(key, nonce, packed, ByteView(&context, 1), sealed_);
  const auto opened = core::open_sealed(key, nonce, sealed, ByteView(&context, 1), opened_);
  const auto again = unpack(opened, raw.size(), again_);
  if (again.size() != raw.size() ||
      (!raw.empty() && std::memcmp(again.data(), raw.data(), raw.size()) != 0)) {
    throw CorruptData("what was packed did not come back as it was; the machine's memory or "
                      "processor may be failing");
  }
  return sealed;
}

BlockOpener::BlockOpener(const TrustDocument& trust, const SharedSecrets& secrets)
    : trust_(trust), secrets_(secrets) {}

SecretBytes BlockOpener::session_secret(const Origin& origin) const {
  const auto& secret = secrets_.of(origin.epoch).opens;
  if (secret.empty())
    throw core::AccessDenied("needs a reader key of epoch " + std::to_string(origin.epoch));
  const auto named = std::find_if(trust_.epochs.begin(), trust_.epochs.end(),
                                  [&](const auto& each) { return each.number == origin.epoch; });
  if (named == trust_.epochs.end()) throw CorruptData("is of an epoch that nobody named");
  return derive_session(core::agree(secret, origin.session), origin.session, named->public_key,
                        trust_.repository);
}

SecretBytes BlockOpener::make_key(const Origin& origin, ChunkKind kind) const {
  if (kind == ChunkKind::references)
    return references_key(secrets_.of(origin.epoch).structure, origin.session);
  return contents_key(session_secret(origin));
}

BlockOpener::Key BlockOpener::key(const Origin& origin, ChunkKind kind) const {
  const std::pair place(origin, kind == ChunkKind::references);
  const auto known = keys_.with([&](auto& keys) {
    const auto found = keys.find(place);
    return found == keys.end() ? Key() : found->second;
  });
  if (known) return known;
  const auto made = std::make_shared<const SecretBytes>(make_key(origin, kind));
  keys_.with([&](auto& keys) {
    if (keys.size() >= most_kept_keys) keys.clear();
    keys.emplace(place, made);
  });
  return made;
}

ByteView BlockOpener::open(const Origin& origin, ChunkKind kind, std::uint64_t number,
                           ByteView sealed, std::uint64_t length, Buffer& memory) const {
  const auto context = static_cast<std::uint8_t>(kind);
  thread_local Buffer opened;
  const auto packed = core::open_sealed(*key(origin, kind), nonce_of(number), sealed,
                                        ByteView(&context, 1), opened);
  return unpack(packed, length, memory);
}

} // namespace intendance::backupd
