// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/trust.hpp"

#include "core/error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace intendance::backupd {

using core::CorruptData;
using core::SecretBytes;
using Json = nlohmann::json;

namespace {

enum class Knows { everything, naming_and_structure, structure };

Json json_of(const SharedSecrets& secrets, Knows knows) {
  auto epochs = Json::object();
  for (const auto& [number, each] : secrets.epochs) {
    auto& epoch = epochs[std::to_string(number)];
    epoch["structure"] = core::to_base64(each.structure.view());
    if (knows != Knows::structure) epoch["naming"] = core::to_base64(each.naming.view());
    if (knows == Knows::everything) epoch["secret"] = core::to_base64(each.opens.view());
  }
  return {{"epochs", epochs}};
}

template <class Key>
core::Buffer sealed_to(const std::vector<Key>& keys, const SharedSecrets& secrets, Knows knows) {
  std::vector<AgeRecipient> recipients;
  for (const auto& key : keys) recipients.push_back(key.recipient);
  return age_seal(core::as_bytes(json_of(secrets, knows).dump()), recipients);
}

SecretBytes secret_of(const Json& epoch, const char* name) {
  SecretBytes secret(core::from_base64(epoch.at(name).get<std::string>()));
  if (secret.size() != 32) core::throw_wrong_size(32, secret.size());
  return secret;
}

std::uint32_t epoch_number(const std::string& text) {
  std::uint32_t number = 0;
  const auto* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  if (result.ec != std::errc() || result.ptr != end) throw CorruptData("names no epoch");
  return number;
}

SharedSecrets secrets_of(const Json& json, Knows knows) {
  SharedSecrets secrets;
  for (const auto& [number, epoch] : json.at("epochs").items()) {
    EpochSecrets found;
    found.structure = secret_of(epoch, "structure");
    if (knows != Knows::structure) found.naming = secret_of(epoch, "naming");
    if (knows == Knows::everything) found.opens = secret_of(epoch, "secret");
    secrets.epochs.emplace(epoch_number(number), std::move(found));
  }
  return secrets;
}

// The secrets of exactly the document's epochs, and for readers those that fit the public halves.
void check_epochs(const TrustDocument& document, const SharedSecrets& secrets, Knows knows) {
  if (secrets.epochs.size() != document.epochs.size()) throw CorruptData("are of other epochs");
  for (const auto& epoch : document.epochs) {
    const auto& found = secrets.of(epoch.number);
    if (knows == Knows::everything && core::agreement_public(found.opens) != epoch.public_key) {
      throw CorruptData(fmt::format("do not fit the public key of epoch {}", epoch.number));
    }
  }
}

SharedSecrets open_secrets(const TrustDocument& document, const core::Buffer& sealed,
                           const AgeIdentity& identity, Knows knows, std::string_view role) {
  return core::with_context(fmt::format("the trust object's secrets for {}", role), [&] {
    const auto plain = age_open(sealed, identity);
    try {
      auto secrets = secrets_of(Json::parse(core::as_text(plain.view())), knows);
      check_epochs(document, secrets, knows);
      return secrets;
    } catch (const Json::exception& error) {
      throw CorruptData(std::string("hold no valid document: ") + error.what());
    }
  });
}

template <class Key>
const Key* find_signer(const std::vector<Key>& keys, const core::PublicKey& signs) {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const auto& each) { return each.signs == signs; });
  return found == keys.end() ? nullptr : &*found;
}

} // namespace

const TrustedWriter* TrustDocument::writer(const core::PublicKey& signs) const {
  return find_signer(writers, signs);
}
const RevokedWriter* TrustDocument::revoked_writer(const core::PublicKey& signs) const {
  return find_signer(revoked_writers, signs);
}

const std::string& TrustDocument::machine_of(const core::PublicKey& signs,
                                             const core::Digest& snapshot) const {
  if (const auto* trusted = writer(signs)) return trusted->name;
  const auto* revoked = revoked_writer(signs);
  if (revoked == nullptr) {
    throw core::AccessDenied("is signed by a writer that the owner does not trust");
  }
  if (!std::binary_search(revoked->snapshots.begin(), revoked->snapshots.end(), snapshot)) {
    throw core::AccessDenied("is signed with a key of " + revoked->name +
                             " that the owner revoked, and was not there when he did");
  }
  return revoked->name;
}

const EpochSecrets& SharedSecrets::of(std::uint32_t epoch) const {
  const auto found = epochs.find(epoch);
  if (found == epochs.end()) {
    throw CorruptData(
        fmt::format("belongs to epoch {}, which the trust object does not name", epoch));
  }
  return found->second;
}

void begin_epoch(TrustDocument& document, SharedSecrets& secrets, Naming naming) {
  const auto number = document.epochs.empty() ? 1 : document.epochs.back().number + 1;
  EpochSecrets added;
  added.opens = core::random_secret();
  added.structure = core::random_secret();
  added.naming = naming == Naming::fresh ? core::random_secret() : secrets.newest().naming.clone();
  document.epochs.push_back({number, core::agreement_public(added.opens)});
  if (naming == Naming::fresh) document.deduplicate_from = number;
  secrets.epochs.emplace(number, std::move(added));
}

void seal_secrets(TrustDocument& document, const SharedSecrets& secrets) {
  document.reader_secrets = sealed_to(document.readers, secrets, Knows::everything);
  document.maintainer_secrets = sealed_to(document.maintainers, secrets, Knows::structure);
  document.writer_secrets = sealed_to(document.writers, secrets, Knows::naming_and_structure);
}

TrustDocument make_trust(TrustDocument people, core::TimePoint now) {
  people.repository = core::to_array<16>(core::random_bytes(16));
  people.created = now;
  SharedSecrets secrets;
  begin_epoch(people, secrets, Naming::fresh);
  seal_secrets(people, secrets);
  return people;
}

TrustDocument make_trust(const TrustedKey& reader, const TrustedKey& maintainer,
                         const TrustedWriter& writer, core::TimePoint now) {
  TrustDocument people;
  people.readers = {reader};
  people.maintainers = {maintainer};
  people.writers = {writer};
  return make_trust(std::move(people), now);
}

std::string trust_object_name(std::uint32_t version) { return fmt::format("trust/{:08}", version); }

void check_key_name(const std::string& name) {
  const auto is_control = [](char each) {
    return static_cast<unsigned char>(each) < 0x20 || each == 0x7f;
  };
  if (name.empty() || name.size() > 64 || std::any_of(name.begin(), name.end(), is_control)) {
    throw CorruptData("has a name that is empty, longer than 64 bytes or not on one line");
  }
  if (name.starts_with("age1") || name.starts_with("intendance-writer1")) {
    throw CorruptData("has a name that looks like a key: " + name);
  }
}

SharedSecrets open_reader_secrets(const TrustDocument& document, const AgeIdentity& reader) {
  return open_secrets(document, document.reader_secrets, reader, Knows::everything, "readers");
}
SharedSecrets open_maintainer_secrets(const TrustDocument& document,
                                      const AgeIdentity& maintainer) {
  return open_secrets(document, document.maintainer_secrets, maintainer, Knows::structure,
                      "maintainers");
}
SharedSecrets open_writer_secrets(const TrustDocument& document, const WriterKey& writer) {
  return open_secrets(document, document.writer_secrets, writer.identity(),
                      Knows::naming_and_structure, "writers");
}

} // namespace intendance::backupd
