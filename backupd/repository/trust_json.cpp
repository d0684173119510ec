// SPDX-License-Identifier: AGPL-3.0-or-later
// The trust object's bytes: intro, signature, JSON (docs/repository-format.md).
#include "backupd/repository/trust.hpp"
#include "core/error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace intendance::backupd {

using core::as_bytes;
using core::as_text;
using core::Buffer;
using core::ByteView;
using core::CorruptData;
using core::from_base64;
using core::from_hex;
using core::to_base64;
using core::to_hex;
using Json = nlohmann::json;

namespace {

constexpr std::string_view intro = "intendance-trust-1\n";
constexpr int algorithm = 1;
constexpr std::uint64_t longest_grace = 366 * 86400;

std::string signed_text(std::string_view document) { return std::string(intro).append(document); }

// --- Writing ---

template <class Key, class Describe>
Json list_of(const std::vector<Key>& keys, Describe&& describe) {
  auto list = Json::array();
  for (const auto& key : keys) list.push_back(describe(key));
  return list;
}

Json json_of(const TrustedKey& key) {
  return {{"name", key.name}, {"recipient", key.recipient.text()}};
}
Json json_of(const TrustedWriter& writer) {
  return {{"name", writer.name},
          {"recipient", writer.recipient.text()},
          {"signs", to_base64(writer.signs)}};
}
Json json_of(const RevokedKey& key) {
  return {{"name", key.name}, {"recipient", key.recipient.text()}, {"last_epoch", key.last_epoch}};
}
Json json_of(const RevokedWriter& writer) {
  return {{"name", writer.name},
          {"signs", to_base64(writer.signs)},
          {"snapshots", list_of(writer.snapshots, [](const auto& each) { return to_hex(each); })}};
}
Json json_of(const Epoch& epoch) {
  return {{"number", epoch.number}, {"public", to_base64(epoch.public_key)}};
}

Json json_of(const TrustDocument& document) {
  const auto describe = [](const auto& each) { return json_of(each); };
  Json json = {{"algorithm", algorithm},
               {"repository", to_hex(document.repository)},
               {"version", document.version},
               {"previous", nullptr},
               {"created", core::format_utc(document.created)},
               {"grace_seconds", document.grace.count()},
               {"readers", list_of(document.readers, describe)},
               {"maintainers", list_of(document.maintainers, describe)},
               {"writers", list_of(document.writers, describe)},
               {"revoked_readers", list_of(document.revoked_readers, describe)},
               {"revoked_maintainers", list_of(document.revoked_maintainers, describe)},
               {"revoked_writers", list_of(document.revoked_writers, describe)},
               {"epochs", list_of(document.epochs, describe)},
               {"deduplicate_from", document.deduplicate_from},
               {"reader_secrets", to_base64(document.reader_secrets)},
               {"maintainer_secrets", to_base64(document.maintainer_secrets)},
               {"writer_secrets", to_base64(document.writer_secrets)}};
  if (const auto& previous = document.previous) {
    json["previous"] = {{"version", previous->version}, {"digest", to_hex(previous->digest)}};
  }
  for (const auto& [name, remark] : document.remarks) json[name] = Json::parse(remark);
  return json;
}

// --- Reading ---

// An object whose members are all asked for; finish() refuses the rest.
class Members {
public:
  explicit Members(const Json& object) : object_(object) {
    if (!object.is_object()) throw CorruptData("holds something else where an object is wanted");
  }
  const Json& at(const char* name) {
    known_.insert(name);
    return object_.at(name);
  }
  std::string text(const char* name) { return at(name).get<std::string>(); }
  std::uint64_t number(const char* name, std::uint64_t most) {
    const auto& value = at(name);
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most) {
      throw CorruptData(fmt::format("holds no number that \"{}\" can be", name));
    }
    return value.get<std::uint64_t>();
  }
  std::uint32_t number(const char* name) {
    return static_cast<std::uint32_t>(number(name, std::numeric_limits<std::uint32_t>::max()));
  }
  core::PublicKey key(const char* name) { return core::to_array<32>(from_base64(text(name))); }
  template <class Value>
  std::vector<Value> list(const char* name, Value (*convert)(const Json&)) {
    const auto& values = at(name);
    if (!values.is_array()) throw CorruptData(fmt::format("\"{}\" is no list", name));
    std::vector<Value> found;
    for (const auto& value : values) found.push_back(convert(value));
    return found;
  }
  // Members "x-…" change nothing of who is trusted: they are kept. What else is unknown may.
  std::map<std::string, std::string> finish() const {
    std::map<std::string, std::string> remarks;
    for (const auto& [name, value] : object_.items()) {
      if (known_.contains(name)) continue;
      if (!name.starts_with("x-")) {
        throw core::Error("says something that this program does not know (\"" + name +
                          "\"): a newer program wrote it; update this one");
      }
      remarks[name] = value.dump();
    }
    return remarks;
  }

private:
  const Json& object_;
  std::set<std::string> known_;
};

std::string name_of(Members& members) {
  auto name = members.text("name");
  check_key_name(name);
  return name;
}

TrustedKey key_of(const Json& json) {
  Members members(json);
  TrustedKey key{name_of(members), AgeRecipient::parse(members.text("recipient"))};
  members.finish();
  return key;
}

TrustedWriter writer_of(const Json& json) {
  Members members(json);
  TrustedWriter writer{name_of(members), AgeRecipient::parse(members.text("recipient")),
                       members.key("signs")};
  members.finish();
  return writer;
}

RevokedKey revoked_key_of(const Json& json) {
  Members members(json);
  RevokedKey key{name_of(members), AgeRecipient::parse(members.text("recipient")),
                 members.number("last_epoch")};
  members.finish();
  return key;
}

RevokedWriter revoked_writer_of(const Json& json) {
  Members members(json);
  RevokedWriter writer{name_of(members), members.key("signs"),
                       members.list<core::Digest>("snapshots", [](const Json& hex) {
                         return core::to_array<32>(from_hex(hex.get<std::string>()));
                       })};
  members.finish();
  if (!std::is_sorted(writer.snapshots.begin(), writer.snapshots.end())) {
    throw CorruptData("names snapshots of a revoked writer out of order");
  }
  return writer;
}

Epoch epoch_of(const Json& json) {
  Members members(json);
  Epoch epoch{members.number("number"), members.key("public")};
  members.finish();
  return epoch;
}

std::optional<PreviousTrust> previous_of(const Json& json) {
  if (json.is_null()) return std::nullopt;
  Members members(json);
  PreviousTrust previous{members.number("version"),
                         core::to_array<32>(from_hex(members.text("digest")))};
  members.finish();
  return previous;
}

template <class Key, class Field>
void check_distinct(const std::vector<Key>& keys, Field&& field, const char* what) {
  std::set<std::string> seen;
  for (const auto& key : keys) {
    if (!seen.insert(field(key)).second) {
      throw CorruptData(fmt::format("names {} twice", what));
    }
  }
}

void check(const TrustDocument& document) {
  const auto name = [](const auto& each) { return each.name; };
  const auto recipient = [](const auto& each) { return each.recipient.text(); };
  const auto signs = [](const auto& each) { return to_hex(each.signs); };
  check_distinct(document.readers, name, "a reader");
  check_distinct(document.readers, recipient, "a reader's key");
  check_distinct(document.maintainers, name, "a maintainer");
  check_distinct(document.maintainers, recipient, "a maintainer's key");
  check_distinct(document.writers, name, "a writer");
  check_distinct(document.writers, recipient, "a writer's key");
  check_distinct(document.writers, signs, "a writer's signing key");
  check_distinct(document.revoked_writers, signs, "a revoked writer's key");
  for (const auto& writer : document.writers) {
    if (document.revoked_writer(writer.signs) != nullptr) {
      throw CorruptData("trusts and revokes the writer " + writer.name);
    }
  }
  if (document.version == 0 || (document.version == 1) != !document.previous ||
      (document.previous && document.previous->version >= document.version)) {
    throw CorruptData("does not say from which version it was made");
  }
  std::uint32_t before = 0;
  bool begins = false;
  for (const auto& epoch : document.epochs) {
    if (epoch.number <= before) throw CorruptData("has its epochs out of order");
    before = epoch.number;
    begins = begins || epoch.number == document.deduplicate_from;
  }
  if (!begins) throw CorruptData("names no epoch, or none from which to deduplicate");
}

TrustDocument document_of(const Json& json) {
  Members members(json);
  if (const auto found = members.number("algorithm"); found != algorithm) {
    throw core::Error(
        fmt::format("was written by a newer program (algorithm {}); update this one", found));
  }
  TrustDocument document;
  document.repository = core::to_array<16>(from_hex(members.text("repository")));
  document.version = members.number("version");
  document.previous = previous_of(members.at("previous"));
  document.created = core::parse_utc(members.text("created"));
  document.grace = std::chrono::seconds(members.number("grace_seconds", longest_grace));
  document.readers = members.list("readers", key_of);
  document.maintainers = members.list("maintainers", key_of);
  document.writers = members.list("writers", writer_of);
  document.revoked_readers = members.list("revoked_readers", revoked_key_of);
  document.revoked_maintainers = members.list("revoked_maintainers", revoked_key_of);
  document.revoked_writers = members.list("revoked_writers", revoked_writer_of);
  document.epochs = members.list("epochs", epoch_of);
  document.deduplicate_from = members.number("deduplicate_from");
  document.reader_secrets = from_base64(members.text("reader_secrets"));
  document.maintainer_secrets = from_base64(members.text("maintainer_secrets"));
  document.writer_secrets = from_base64(members.text("writer_secrets"));
  document.remarks = members.finish();
  check(document);
  return document;
}

// nlohmann takes the last of two members of one name; here two readings must not be possible.
Json parse_without_twins(std::string_view text) {
  std::vector<std::set<std::string>> open;
  return Json::parse(text, [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end) open.pop_back();
    if (event == Json::parse_event_t::key && !open.back().insert(value.get<std::string>()).second) {
      throw CorruptData("has a member twice: " + value.get<std::string>());
    }
    return true;
  });
}

} // namespace

Buffer encode_trust(const TrustDocument& document, const OwnerKey& owner) {
  const auto text = json_of(document).dump(1) + "\n";
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
  try {
    return document_of(parse_without_twins(text));
  } catch (const Json::exception& error) {
    throw CorruptData(std::string("holds no valid document: ") + error.what());
  }
}

} // namespace intendance::backupd
