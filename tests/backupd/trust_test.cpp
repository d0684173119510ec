// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/trust.hpp"
#include "backupd/repository/trust_change.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace intendance::backupd {
namespace {

using core::AccessDenied;
using core::ConfigError;
using core::CorruptData;

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const core::Error& error) {
    return error.what();
  }
  return "";
}

class Trust : public ::testing::Test {
protected:
  SharedSecrets secrets() const { return open_reader_secrets(trust_, reader_); }
  core::Buffer object() const { return encode_trust(trust_, owner_); }
  TrustDocument again() const { return decode_trust(object(), owner_.public_key()); }
  // The document as it would be after somebody edited its text and the owner signed that.
  TrustDocument edited(const std::function<void(nlohmann::json&)>& edit) const {
    const auto whole = object();
    std::string text(core::as_text(whole));
    auto json = nlohmann::json::parse(text.substr(text.find('{')));
    edit(json);
    return signed_text(json.dump());
  }
  TrustDocument signed_text(const std::string& text) const {
    const std::string intro = "intendance-trust-1\n";
    const auto signature = owner_.sign(core::as_bytes(intro + text));
    return decode_trust(core::as_bytes(intro + core::to_base64(signature) + "\n" + text),
                        owner_.public_key());
  }
  // Takes somebody out, as the next version.
  SharedSecrets revoke_and_seal(const std::string& who, Naming naming,
                                std::vector<core::Digest> snapshots = {}) {
    auto known = secrets();
    trust_.previous = PreviousTrust{trust_.version++, {}};
    revoke(trust_, known, find_someone(trust_, who), naming, std::move(snapshots));
    seal_secrets(trust_, known);
    trust_ = again();
    return known;
  }

  OwnerKey owner_ = OwnerKey::generate();
  AgeIdentity reader_ = AgeIdentity::generate(), maintainer_ = AgeIdentity::generate();
  WriterKey writer_ = WriterKey::generate();
  TrustDocument trust_ = make_trust({"lab", reader_.recipient()}, {"hub", maintainer_.recipient()},
                                    {"web-1", writer_.identity().recipient(), writer_.public_key()},
                                    core::parse_utc("2026-11-23T02:15:31Z"));
};

TEST_F(Trust, KeepsWhatTheOwnerSigned) {
  trust_.remarks["x-contact"] = R"({"phone":"514"})";
  trust_.grace = std::chrono::hours(1);
  const auto found = again();
  EXPECT_EQ(found.repository, trust_.repository);
  EXPECT_EQ(found.created, trust_.created);
  EXPECT_EQ(found.grace, std::chrono::hours(1));
  EXPECT_EQ(found.remarks, trust_.remarks);
  ASSERT_NE(found.writer(writer_.public_key()), nullptr);
  EXPECT_EQ(found.writer(writer_.public_key())->name, "web-1");
  EXPECT_EQ(found.writer(owner_.public_key()), nullptr);
}

TEST_F(Trust, FindsEveryChange) {
  const auto whole = object();
  for (std::size_t byte = 0; byte < whole.size(); ++byte) {
    auto wrong = whole;
    wrong[byte] ^= 1;
    EXPECT_THROW(decode_trust(wrong, owner_.public_key()), core::Error) << byte;
    EXPECT_THROW(decode_trust(core::ByteView(whole).first(byte), owner_.public_key()), core::Error)
        << byte;
  }
  EXPECT_THROW(decode_trust(whole, OwnerKey::generate().public_key()), AccessDenied);
}

TEST_F(Trust, TellsEachRoleWhatItNeedsAndNoMore) {
  const auto reader = secrets();
  EXPECT_EQ(core::agreement_public(reader.of(1).opens), trust_.epochs[0].public_key);
  const auto maintainer = open_maintainer_secrets(trust_, maintainer_);
  EXPECT_TRUE(maintainer.of(1).naming.empty());
  EXPECT_TRUE(maintainer.of(1).opens.empty());
  const auto writer = open_writer_secrets(trust_, writer_);
  EXPECT_FALSE(writer.of(1).naming.empty());
  EXPECT_TRUE(writer.of(1).opens.empty());
  EXPECT_THROW(open_reader_secrets(trust_, AgeIdentity::generate()), AccessDenied);
  EXPECT_THROW(open_reader_secrets(trust_, writer_.identity()), AccessDenied);
  EXPECT_THROW(open_reader_secrets(trust_, maintainer_), AccessDenied);
  EXPECT_THROW(open_maintainer_secrets(trust_, writer_.identity()), AccessDenied);
}

TEST_F(Trust, RefusesSecretsThatAreNotThoseOfItsEpochs) {
  const auto other =
      make_trust({"lab", reader_.recipient()}, {"hub", maintainer_.recipient()},
                 {"web-1", writer_.identity().recipient(), writer_.public_key()}, {});
  trust_.reader_secrets = other.reader_secrets; // sealed to the same reader
  EXPECT_THROW(secrets(), CorruptData);
  trust_.reader_secrets = trust_.writer_secrets; // swapped
  EXPECT_THROW(secrets(), AccessDenied);
}

TEST_F(Trust, RefusesWhatItDoesNotKnowAndKeepsRemarks) {
  EXPECT_EQ(edited([](auto& json) { json["x-remark"] = "kept"; }).remarks.at("x-remark"),
            "\"kept\"");
  for (const char* name : {"", "writers", "epochs"}) {
    const auto message = message_of([&] {
      edited([&](auto& json) {
        auto& place = *name == '\0' ? json : json[name][0];
        place["later"] = true;
      });
    });
    EXPECT_NE(message.find("\"later\""), std::string::npos) << message;
    EXPECT_NE(message.find("newer program"), std::string::npos) << message;
  }
  EXPECT_NE(
      message_of([&] { edited([](auto& json) { json["algorithm"] = 2; }); }).find("newer program"),
      std::string::npos);
}

TEST_F(Trust, IsReadStrictly) {
  const auto refused = [&](const char* what, const std::function<void(nlohmann::json&)>& edit) {
    EXPECT_THROW(edited(edit), core::Error) << what;
  };
  EXPECT_NO_THROW(edited([](auto&) {}));
  refused("a list that is none", [](auto& json) { json["readers"] = "lab"; });
  refused("a member that is missing", [](auto& json) { json.erase("revoked_writers"); });
  refused("two of one name", [](auto& json) { json["readers"].push_back(json["readers"][0]); });
  refused("a writer twice", [](auto& json) { json["writers"].push_back(json["writers"][0]); });
  refused("a negative number", [](auto& json) { json["version"] = -1; });
  refused("a fraction", [](auto& json) { json["version"] = 1.5; });
  refused("a number too large", [](auto& json) { json["version"] = 4294967296; });
  refused("version 0", [](auto& json) { json["version"] = 0; });
  refused("version 2 from nothing", [](auto& json) { json["version"] = 2; });
  refused("a grace without end", [](auto& json) { json["grace_seconds"] = 1ull << 40; });
  refused("no epoch", [](auto& json) { json["epochs"] = nlohmann::json::array(); });
  refused("an epoch twice", [](auto& json) { json["epochs"].push_back(json["epochs"][0]); });
  refused("a start that is no epoch", [](auto& json) { json["deduplicate_from"] = 2; });
  refused("a name of two lines", [](auto& json) { json["readers"][0]["name"] = "a\nb"; });
  refused("a name like a key", [](auto& json) { json["readers"][0]["name"] = "age1x"; });
  refused("a key that is cut", [](auto& json) { json["writers"][0]["signs"] = "AAAA"; });
  refused("a writer both trusted and revoked", [](auto& json) {
    json["revoked_writers"].push_back({{"name", "web-1"},
                                       {"signs", json["writers"][0]["signs"]},
                                       {"snapshots", nlohmann::json::array()}});
  });
  const auto whole = object();
  std::string text(core::as_text(whole));
  text = text.substr(text.find('{'));
  EXPECT_NO_THROW(signed_text(text));
  EXPECT_THROW(signed_text("{\"version\": 1," + text.substr(1)), CorruptData);
}

TEST_F(Trust, ANewReaderOpensEveryEpoch) {
  auto known = revoke_and_seal("hub", Naming::kept);
  const auto added = AgeIdentity::generate();
  add_reader(trust_, {"co-op", added.recipient()});
  seal_secrets(trust_, known);
  trust_ = again();
  const auto found = open_reader_secrets(trust_, added);
  ASSERT_EQ(found.epochs.size(), 2u);
  for (const std::uint32_t epoch : {1, 2})
    EXPECT_EQ(core::to_hex(found.of(epoch).opens.view()),
              core::to_hex(known.of(epoch).opens.view()));
}

TEST_F(Trust, NobodyIsTrustedTwice) {
  EXPECT_THROW(add_reader(trust_, {"lab", AgeIdentity::generate().recipient()}), ConfigError);
  EXPECT_THROW(add_reader(trust_, {"other", reader_.recipient()}), ConfigError);
  EXPECT_THROW(add_reader(trust_, {"", AgeIdentity::generate().recipient()}), ConfigError);
  EXPECT_THROW(add_reader(trust_, {"nobody", AgeRecipient{}}), ConfigError); // agrees with nobody
  EXPECT_THROW(add_writer(trust_, "web-2", writer_.public_half()), ConfigError);
  EXPECT_NO_THROW(add_maintainer(trust_, {"lab", reader_.recipient()})); // another role
}

TEST_F(Trust, FindsPeopleByNameAndByKey) {
  EXPECT_EQ(find_someone(trust_, "lab").role, Role::reader);
  EXPECT_EQ(find_someone(trust_, maintainer_.recipient().text()).role, Role::maintainer);
  EXPECT_EQ(find_someone(trust_, writer_.public_half().text()).role, Role::writer);
  EXPECT_THROW(find_someone(trust_, "nobody"), ConfigError);
  add_maintainer(trust_, {"lab", AgeIdentity::generate().recipient()});
  EXPECT_THROW(find_someone(trust_, "lab"), ConfigError);
}

TEST_F(Trust, ARevokedReaderOpensNothingNew) {
  EXPECT_THROW(revoke_and_seal("lab", Naming::kept), ConfigError); // the last one
  const auto other = AgeIdentity::generate();
  add_reader(trust_, {"co-op", other.recipient()});
  auto known = secrets();
  const auto before = trust_;
  revoke(trust_, known, find_someone(trust_, "lab"), Naming::kept, {});
  seal_secrets(trust_, known);
  EXPECT_THROW(secrets(), AccessDenied);
  const auto now = open_reader_secrets(trust_, other);
  const auto his = open_reader_secrets(before, reader_);
  EXPECT_EQ(his.epochs.count(2), 0u);
  EXPECT_NE(core::to_hex(now.of(2).structure.view()), core::to_hex(his.of(1).structure.view()));
  EXPECT_EQ(core::to_hex(now.of(2).naming.view()), core::to_hex(his.of(1).naming.view()));
  EXPECT_EQ(trust_.deduplicate_from, 1u);
  ASSERT_EQ(trust_.revoked_readers.size(), 1u);
  EXPECT_EQ(trust_.revoked_readers[0].last_epoch, 1u);
}

TEST_F(Trust, OfARevokedWriterOnlyNamedSnapshotsCount) {
  const core::Digest good{1}, later{2};
  const auto old_naming = core::to_hex(secrets().of(1).naming.view());
  EXPECT_EQ(trust_.machine_of(writer_.public_key(), later), "web-1");
  const auto known = revoke_and_seal("web-1", Naming::kept, {good});
  EXPECT_EQ(trust_.writer(writer_.public_key()), nullptr);
  EXPECT_EQ(trust_.machine_of(writer_.public_key(), good), "web-1");
  EXPECT_THROW(trust_.machine_of(writer_.public_key(), later), AccessDenied);
  EXPECT_EQ(trust_.deduplicate_from, 2u); // whatever he placed is not built upon
  EXPECT_NE(core::to_hex(known.newest().naming.view()), old_naming);
  EXPECT_THROW(open_writer_secrets(trust_, writer_), AccessDenied);
  EXPECT_THROW(add_writer(trust_, "web-1", writer_.public_half()), ConfigError); // never again
  add_writer(trust_, "web-1", WriterKey::generate().public_half());
  EXPECT_NO_THROW(again());
}

} // namespace
} // namespace intendance::backupd
