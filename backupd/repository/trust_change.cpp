// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/trust_change.hpp"

#include "core/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace intendance::backupd {

using core::ConfigError;

namespace {

template <class Key>
void check_new(const std::vector<Key>& keys, const std::string& name, const AgeRecipient& recipient,
               std::string_view role) {
  try {
    check_key_name(name);
  } catch (const core::CorruptData& error) {
    throw ConfigError(fmt::format("\"{}\" {}", name, error.what()));
  }
  for (const auto& each : keys) {
    if (each.name == name && each.recipient == recipient)
      throw ConfigError(fmt::format("this key is trusted already: it is {} {}'s, and nothing is to "
                                    "be done",
                                    role, name));
    if (each.name == name) {
      throw ConfigError(
          fmt::format("there is a {} called {} already; choose another --name", role, name));
    }
    if (each.recipient == recipient) {
      throw ConfigError(fmt::format("this key is trusted already: it is {} {}'s", role, each.name));
    }
  }
  try {
    age_seal({}, {recipient}); // a point that agrees with nobody would spoil the whole object
  } catch (const core::CorruptData&) {
    throw ConfigError(recipient.text() + " is no key that anything can be sealed to");
  }
}

void erase_key(std::vector<RevokedKey>& revoked, const AgeRecipient& recipient) {
  std::erase_if(revoked, [&](const auto& each) { return each.recipient == recipient; });
}

template <class Key>
void collect(std::vector<Someone>& found, const std::vector<Key>& keys, Role role,
             auto&& is_meant) {
  for (std::size_t place = 0; place < keys.size(); ++place) {
    if (is_meant(keys[place])) found.push_back({role, place});
  }
}

// Takes one out of its list.
template <class Key>
Key taken(std::vector<Key>& keys, std::size_t place) {
  auto key = keys.at(place);
  keys.erase(keys.begin() + static_cast<std::ptrdiff_t>(place));
  return key;
}

} // namespace

void add_reader(TrustDocument& document, const TrustedKey& key) {
  check_new(document.readers, key.name, key.recipient, "reader");
  erase_key(document.revoked_readers, key.recipient);
  document.readers.push_back(key);
}

void add_maintainer(TrustDocument& document, const TrustedKey& key) {
  check_new(document.maintainers, key.name, key.recipient, "maintainer");
  erase_key(document.revoked_maintainers, key.recipient);
  document.maintainers.push_back(key);
}

void add_writer(TrustDocument& document, const std::string& machine, const WriterPublic& key) {
  check_new(document.writers, machine, key.recipient, "writer");
  if (document.writer(key.signs) != nullptr || document.revoked_writer(key.signs) != nullptr) {
    throw ConfigError("this writer's key was used before; make a new one on the machine: "
                      "intendance key generate writer --output writer.key");
  }
  document.writers.push_back({machine, key.recipient, key.signs});
}

Someone find_someone(const TrustDocument& document, const std::string& who) {
  const auto by_key = [&](const auto& key) {
    return key.name == who || key.recipient.text() == who;
  };
  const auto by_writer = [&](const TrustedWriter& key) {
    return key.name == who || WriterPublic{key.signs, key.recipient}.text() == who;
  };
  std::vector<Someone> found;
  collect(found, document.readers, Role::reader, by_key);
  collect(found, document.maintainers, Role::maintainer, by_key);
  collect(found, document.writers, Role::writer, by_writer);
  if (found.size() == 1) return found.front();
  throw ConfigError(
      found.empty()
          ? fmt::format("nobody here is \"{}\"; intendance repository info names all", who)
          : fmt::format("\"{}\" are several; give the public key that intendance repository info "
                        "--json shows",
                        who));
}

void revoke(TrustDocument& document, SharedSecrets& secrets, const Someone& someone, Naming naming,
            std::vector<core::Digest> snapshots) {
  const auto last_epoch = document.epochs.back().number;
  if (someone.role == Role::reader) {
    if (document.readers.size() == 1) {
      throw ConfigError("this is the last reader: without him nobody could read anything, ever; "
                        "add another one first (intendance key add-reader)");
    }
    const auto key = taken(document.readers, someone.place);
    document.revoked_readers.push_back({key.name, key.recipient, last_epoch});
  } else if (someone.role == Role::maintainer) {
    const auto key = taken(document.maintainers, someone.place);
    document.revoked_maintainers.push_back({key.name, key.recipient, last_epoch});
  } else {
    const auto key = taken(document.writers, someone.place);
    document.revoked_writers.push_back({key.name, key.signs, std::move(snapshots)});
    naming = Naming::fresh;
  }
  begin_epoch(document, secrets, naming);
}

} // namespace intendance::backupd
