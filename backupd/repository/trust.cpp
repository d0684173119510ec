// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/trust.hpp"

#include "core/error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace intendance::backupd {

using core::as_bytes;
using core::as_text;
using core::Buffer;
using core::ByteView;
using core::CorruptData;
using core::from_base64;
using core::SecretBytes;
using core::to_base64;
using Json = nlohmann::json;

namespace {

constexpr std::string_view intro = "intendance-trust-1\n";
constexpr int algorithm = 1;

std::string signed_text(std::string_view document) { return std::string(intro).append(document); }

// What nlohmann's own errors say of a key or a type, as damage of the object.
template <class Use>
auto reading_json(Use&& use) {
  try {
    return use();
  } catch (const Json::exception& error) {
    throw CorruptData(std::string("holds no valid document: ") + error.what());
  }
}

SecretBytes secret_of(const Json& value) {
  return SecretBytes(from_base64(value.get<std::string>()));
}

Buffer seal_json(const Json& value, const std::vector<AgeRecipient>& recipients) {
  return age_seal(as_bytes(value.dump()), recipients);
}

std::vector<TrustedKey> keys_of(const Json& list) {
  std::vector<TrustedKey> keys;
  for (const auto& each : list) {
    keys.push_back({each.at("name"), AgeRecipient::parse(each.at("recipient").get<std::string>())});
  }
  return keys;
}

Json json_of(const std::vector<TrustedKey>& keys) {
  auto list = Json::array();
  for (const auto& key : keys)
    list.push_back({{"name", key.name}, {"recipient", key.recipient.text()}});
  return list;
}

TrustDocument parse_document(const std::string_view text) {
  const auto json = Json::parse(text);
  if (json.at("algorithm").get<int>() != algorithm) {
    throw core::Error("was written by a newer program (algorithm " +
                      std::to_string(json.at("algorithm").get<int>()) + "); update this one");
  }
  TrustDocument document;
  document.repository =
      core::to_array<16>(core::from_hex(json.at("repository").get<std::string>()));
  document.version = json.at("version").get<std::uint32_t>();
  document.created = core::parse_utc(json.at("created").get<std::string>());
  document.readers = keys_of(json.at("readers"));
  document.maintainers = keys_of(json.at("maintainers"));
  for (const auto& each : json.at("writers")) {
    document.writers.push_back(
        {each.at("name"), AgeRecipient::parse(each.at("recipient").get<std::string>()),
         core::to_array<32>(from_base64(each.at("signs").get<std::string>()))});
  }
  for (const auto& each : json.at("epochs")) {
    document.epochs.push_back(
        {each.at("number").get<std::uint32_t>(),
         core::to_array<32>(from_base64(each.at("public").get<std::string>()))});
  }
  if (document.epochs.empty()) throw CorruptData("names no epoch");
  document.reader_secrets = from_base64(json.at("reader_secrets").get<std::string>());
  document.maintainer_secrets = from_base64(json.at("maintainer_secrets").get<std::string>());
  document.writer_secrets = from_base64(json.at("writer_secrets").get<std::string>());
  return document;
}

SharedSecrets open_secrets(const Buffer& sealed, const AgeIdentity& identity,
                           std::string_view role) {
  return core::with_context(fmt::format("the trust object's secrets for {}", role), [&] {
    const auto plain = age_open(sealed, identity);
    return reading_json([&] {
      const auto json = Json::parse(as_text(plain.view()));
      SharedSecrets secrets;
      secrets.structure = secret_of(json.at("structure"));
      if (json.contains("naming")) secrets.naming = secret_of(json.at("naming"));
      if (json.contains("epochs")) {
        for (const auto& [number, secret] : json.at("epochs").items()) {
          secrets.epochs.emplace(static_cast<std::uint32_t>(std::stoul(number)), secret_of(secret));
        }
      }
      return secrets;
    });
  });
}

} // namespace

const TrustedWriter* TrustDocument::writer(const core::PublicKey& signs) const {
  const auto found = std::find_if(writers.begin(), writers.end(),
                                  [&](const auto& each) { return each.signs == signs; });
  return found == writers.end() ? nullptr : &*found;
}

TrustDocument make_trust(const TrustedKey& reader, const TrustedKey& maintainer,
                         const TrustedWriter& writer, core::TimePoint now) {
  TrustDocument document;
  document.repository = core::to_array<16>(core::random_bytes(16));
  document.created = now;
  document.readers = {reader};
  document.maintainers = {maintainer};
  document.writers = {writer};
  const auto epoch = core::random_secret();
  document.epochs = {{1, core::agreement_public(epoch)}};
  const auto naming = to_base64(core::random_secret().view());
  const auto structure = to_base64(core::random_secret().view());
  document.reader_secrets = seal_json(
      {{"epochs", {{"1", to_base64(epoch.view())}}}, {"naming", naming}, {"structure", structure}},
      {reader.recipient});
  document.maintainer_secrets = seal_json({{"structure", structure}}, {maintainer.recipient});
  document.writer_secrets =
      seal_json({{"naming", naming}, {"structure", structure}}, {writer.recipient});
  return document;
}

Buffer encode_trust(const TrustDocument& document, const OwnerKey& owner) {
  Json json = {{"algorithm", algorithm},
               {"repository", core::to_hex(document.repository)},
               {"version", document.version},
               {"created", core::format_utc(document.created)},
               {"readers", json_of(document.readers)},
               {"maintainers", json_of(document.maintainers)},
               {"writers", Json::array()},
               {"epochs", Json::array()},
               {"reader_secrets", to_base64(document.reader_secrets)},
               {"maintainer_secrets", to_base64(document.maintainer_secrets)},
               {"writer_secrets", to_base64(document.writer_secrets)}};
  for (const auto& writer : document.writers) {
    json["writers"].push_back({{"name", writer.name},
                               {"recipient", writer.recipient.text()},
                               {"signs", to_base64(writer.signs)}});
  }
  for (const auto& epoch : document.epochs) {
    json["epochs"].push_back({{"number", epoch.number}, {"public", to_base64(epoch.public_key)}});
  }
  const auto text = json.dump(1) + "\n";
  const auto signature = owner.sign(as_bytes(signed_text(text)));
  const auto object = std::string(intro) + to_base64(signature) + "\n" + text;
  return Buffer(object.begin(), object.end());
}

TrustDocument decode_trust(ByteView object, const core::PublicKey& owner) {
  auto text = as_text(object);
  if (!text.starts_with(intro)) throw CorruptData("is not a trust object");
  text.remove_prefix(intro.size());
  const auto end = text.find('\n');
  if (end == std::string_view::npos) throw CorruptData("is not a trust object: it is cut");
  const auto signature = core::to_array<64>(from_base64(text.substr(0, end)));
  text.remove_prefix(end + 1);
  if (!core::verify_signature(owner, as_bytes(signed_text(text)), signature)) {
    throw core::AccessDenied(
        "is not signed by the owner that this machine pins; somebody else wrote it");
  }
  return reading_json([&] { return parse_document(text); });
}

std::string trust_object_name(std::uint32_t version) { return fmt::format("trust/{:08}", version); }

SharedSecrets open_reader_secrets(const TrustDocument& document, const AgeIdentity& reader) {
  return open_secrets(document.reader_secrets, reader, "readers");
}
SharedSecrets open_maintainer_secrets(const TrustDocument& document,
                                      const AgeIdentity& maintainer) {
  return open_secrets(document.maintainer_secrets, maintainer, "maintainers");
}
SharedSecrets open_writer_secrets(const TrustDocument& document, const WriterKey& writer) {
  return open_secrets(document.writer_secrets, writer.identity(), "writers");
}

} // namespace intendance::backupd
