// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/age.hpp"

#include "backupd/repository/bech32.hpp"
#include "core/error.hpp"

#include <algorithm>
#include <optional>

namespace intendance::backupd {

using core::as_bytes;
using core::as_text;
using core::Buffer;
using core::ByteView;
using core::ChaChaNonce;
using core::CorruptData;
using core::SecretBytes;

namespace {

constexpr std::string_view intro = "age-encryption.org/v1\n";
constexpr std::string_view stanza_info = "age-encryption.org/v1/X25519";

SecretBytes wrapping_key(const SecretBytes& shared, const core::PublicKey& share,
                         const core::PublicKey& recipient) {
  Buffer salt(share.begin(), share.end());
  salt.insert(salt.end(), recipient.begin(), recipient.end());
  return core::hkdf_sha256(shared.view(), salt, stanza_info);
}

std::string stanza_for(const AgeRecipient& recipient, const SecretBytes& file_key) {
  const auto ephemeral = core::random_secret();
  const auto share = core::agreement_public(ephemeral);
  const auto key = wrapping_key(core::agree(ephemeral, recipient.key), share, recipient.key);
  const auto body = core::seal_chacha(key, ChaChaNonce{}, file_key.view());
  return "-> X25519 " + core::to_base64(share, false) + "\n" + core::to_base64(body, false) + "\n";
}

ChaChaNonce payload_nonce(std::uint64_t counter, bool last) {
  ChaChaNonce nonce{};
  for (unsigned each = 0; each < 8; ++each) {
    nonce[10 - each] = static_cast<std::uint8_t>(counter >> (8 * each) & 0xff);
  }
  nonce[11] = last ? 1 : 0;
  return nonce;
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) throw CorruptData("is not an age file: it ends in its header");
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

struct Header {
  std::vector<std::pair<std::string, std::string>> stanzas; // arguments, base64 body
  std::string_view authenticated;                           // from the first byte to "---"
  Buffer mac;
  std::string_view payload;
};

Header parse_header(std::string_view file) {
  const auto whole = file;
  if (!file.starts_with(intro)) throw CorruptData("is not an age file");
  file.remove_prefix(intro.size());
  Header header;
  for (auto line = take_line(file);; line = take_line(file)) {
    if (line.starts_with("--- ")) {
      const auto end = static_cast<std::size_t>(line.data() - whole.data());
      header.authenticated = whole.substr(0, end + 3);
      header.mac = core::from_base64(line.substr(4), false);
      header.payload = file;
      return header;
    }
    if (line.starts_with("-> ")) {
      header.stanzas.emplace_back(line.substr(3), "");
    } else if (!header.stanzas.empty() && line.size() <= 64) {
      header.stanzas.back().second += line;
    } else {
      throw CorruptData("is not an age file: its header is damaged");
    }
  }
}

std::optional<SecretBytes> unwrap(const Header& header, const AgeIdentity& identity) {
  constexpr std::string_view type = "X25519 ";
  const auto own = identity.recipient().key;
  for (const auto& [arguments, body] : header.stanzas) {
    if (!arguments.starts_with(type)) continue;
    const auto share = core::to_array<32>(
        core::from_base64(std::string_view(arguments).substr(type.size()), false));
    const auto key = wrapping_key(core::agree(identity.secret(), share), share, own);
    try {
      auto file_key = core::open_chacha(key, ChaChaNonce{}, core::from_base64(body, false));
      if (file_key.size() == 16) return file_key;
    } catch (const CorruptData&) {
      continue; // another recipient's
    }
  }
  return std::nullopt;
}

Buffer mac_of(const SecretBytes& file_key, std::string_view authenticated) {
  const auto key = core::hkdf_sha256(file_key.view(), {}, "header");
  const auto mac = core::hmac_sha256(key.view(), as_bytes(authenticated));
  return Buffer(mac.begin(), mac.end());
}

} // namespace

AgeRecipient AgeRecipient::parse(std::string_view text) {
  return {core::to_array<32>(bech32_decode("age", text, 32, "a public key of age"))};
}
std::string AgeRecipient::text() const { return bech32_encode("age", key); }

AgeIdentity AgeIdentity::generate() { return AgeIdentity(core::random_secret()); }
AgeIdentity AgeIdentity::parse(std::string_view text) {
  return AgeIdentity(SecretBytes(bech32_decode("age-secret-key-", text, 32, "a key of age")));
}
std::string AgeIdentity::text() const {
  return upper_case(bech32_encode("age-secret-key-", secret_.view()));
}

AgeStart age_start(const std::vector<AgeRecipient>& recipients) {
  const auto file_key = core::random_secret(16);
  std::string header(intro);
  for (const auto& recipient : recipients) header += stanza_for(recipient, file_key);
  header += "---";
  header += " " + core::to_base64(mac_of(file_key, header), false) + "\n";
  Buffer bytes(header.begin(), header.end());
  const auto nonce = core::random_bytes(16);
  bytes.insert(bytes.end(), nonce.begin(), nonce.end());
  return {std::move(bytes), core::hkdf_sha256(file_key.view(), nonce, "payload")};
}

Buffer age_seal_part(const SecretBytes& payload_key, std::uint64_t number, AgePart part,
                     ByteView plain) {
  return core::seal_chacha(payload_key, payload_nonce(number, part == AgePart::last), plain);
}

Buffer age_seal(ByteView plain, const std::vector<AgeRecipient>& recipients) {
  auto [out, key] = age_start(recipients);
  for (std::uint64_t number = 0;; ++number) {
    const auto part = plain.first(std::min(plain.size(), age_part_size));
    plain = plain.subspan(part.size());
    const auto sealed =
        age_seal_part(key, number, plain.empty() ? AgePart::last : AgePart::inner, part);
    out.insert(out.end(), sealed.begin(), sealed.end());
    if (plain.empty()) return std::move(out);
  }
}

SecretBytes age_open(ByteView sealed, const AgeIdentity& identity) {
  const auto header = parse_header(as_text(sealed));
  const auto file_key = unwrap(header, identity);
  if (!file_key) {
    throw core::AccessDenied("is not sealed to this key (" + identity.recipient().text() + ")");
  }
  if (mac_of(*file_key, header.authenticated) != header.mac) {
    throw CorruptData("is an age file whose header was changed");
  }
  auto payload = as_bytes(header.payload);
  if (payload.size() < 16 + core::tag_size) throw CorruptData("is an age file that is cut");
  const auto key = core::hkdf_sha256(file_key->view(), payload.first(16), "payload");
  payload = payload.subspan(16);
  SecretBytes plain(payload.size()); // longer than needed; cut below
  std::size_t length = 0;
  for (std::uint64_t counter = 0; !payload.empty(); ++counter) {
    const auto part = payload.first(std::min(payload.size(), age_part_size + core::tag_size));
    payload = payload.subspan(part.size());
    const auto opened = core::open_chacha(key, payload_nonce(counter, payload.empty()), part);
    std::copy(opened.view().begin(), opened.view().end(),
              plain.writable().begin() + static_cast<std::ptrdiff_t>(length));
    length += opened.size();
  }
  return SecretBytes(plain.view().first(length));
}

} // namespace intendance::backupd
