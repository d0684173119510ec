// SPDX-License-Identifier: AGPL-3.0-or-later
// Trust objects in a store that a thief can write to.
#include "backupd/repository/repository.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace intendance::backupd {
namespace {

using core::AccessDenied;

class RepositoryTrust : public ::testing::Test {
protected:
  RepositoryTrust() : keys_(folder_.path() / "keys") {
    Repository::initialise(*open_store(), keys_, "web-1", core::parse_utc("2026-11-23T02:15:31Z"));
  }
  std::unique_ptr<storage::ObjectStore> open_store() {
    return storage::open_directory_store(folder_.path() / "store");
  }
  Repository open(std::initializer_list<Role> roles) {
    return Repository::open(open_store(), keys_, roles, folder_.path() / "memory");
  }
  TrustInForce in_force() { return find_trust(*open_store(), keys_.owner_public(), {}); }
  // The next version, with that change, signed by the owner or somebody else.
  void put_next(const OwnerKey& signer, const std::function<void(TrustDocument&)>& change = {}) {
    auto next = next_version(in_force(), core::parse_utc("2026-11-24T02:15:31Z"));
    if (change) change(next);
    open_store()->put(trust_object_name(next.version), encode_trust(next, signer));
  }
  void replace(std::uint32_t version, const core::Buffer& object) {
    open_store()->remove(trust_object_name(version));
    open_store()->put(trust_object_name(version), object);
  }
  core::Buffer object_of(std::uint32_t version) {
    return *open_store()->get(trust_object_name(version), longest_trust);
  }
  // What opening says, of findings or of a refusal.
  std::string told() {
    std::string text;
    try {
      const auto repository = open({Role::writer});
      for (const auto& finding : repository.findings())
        text += finding.object + ": " + finding.message + "\n";
    } catch (const core::Error& error) {
      return std::string("refused: ") + error.what();
    }
    return text;
  }

  core::TemporaryDirectory folder_;
  KeyFolder keys_;
};

using ::testing::AssertionResult;
AssertionResult says(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "\"" << part << "\" is not in: " << text;
}

TEST_F(RepositoryTrust, OpensWithTheFirstKeyThatIsThere) {
  EXPECT_EQ(open({Role::writer}).role(), Role::writer);
  std::filesystem::remove(keys_.path() / "reader.key");
  EXPECT_EQ(open({Role::reader, Role::maintainer}).role(), Role::maintainer);
  EXPECT_THROW(open({Role::reader}), core::ConfigError);
}

TEST_F(RepositoryTrust, IsNotMadeTwice) {
  const auto made = open_store()->get("trust/00000001", longest_trust);
  EXPECT_EQ(Repository::initialise(*open_store(), keys_, "web-1", {}),
            Repository::Initialised::before);
  EXPECT_EQ(open_store()->get("trust/00000001", longest_trust), made);
  EXPECT_THROW(Repository::initialise(*open_store(), keys_, "web-2", {}), core::Error);
  EXPECT_THROW(
      Repository::initialise(*open_store(), KeyFolder(folder_.path() / "others"), "web-1", {}),
      core::Error);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "others"));
}

TEST_F(RepositoryTrust, WantsSomebodyWhoCanRead) {
  const auto store = storage::make_memory_store();
  FirstPeople people;
  people.reader_key = FirstPeople::ReaderKey::none;
  EXPECT_THROW(
      Repository::initialise(*store, KeyFolder(folder_.path() / "none"), "web-1", {}, people),
      core::ConfigError);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "none"));
}

TEST_F(RepositoryTrust, TheFirstPeopleMayHoldTheirKeysElsewhere) {
  const auto store = storage::make_memory_store();
  const KeyFolder keys(folder_.path() / "others");
  const auto lab = AgeIdentity::generate();
  const auto coop = AgeIdentity::generate();
  const auto machine = WriterKey::generate();
  FirstPeople people;
  people.readers = {{"lab", lab.recipient()}, {"co-op", coop.recipient()}};
  people.reader_key = FirstPeople::ReaderKey::none;
  people.writer = machine.public_half();
  Repository::initialise(*store, keys, "web-1", {}, people);
  EXPECT_FALSE(keys.reader());
  EXPECT_FALSE(keys.writer());
  const auto trust = find_trust(*store, keys.owner_public(), {}).document;
  EXPECT_EQ(open_reader_secrets(trust, lab).epochs.size(), 1u);
  EXPECT_EQ(open_reader_secrets(trust, coop).epochs.size(), 1u);
  EXPECT_EQ(open_writer_secrets(trust, machine).epochs.size(), 1u);
}

TEST_F(RepositoryTrust, ReportsWhatAThiefWroteAndGoesOn) {
  put_next(OwnerKey::generate());
  open_store()->put("trust/nonsense", core::as_bytes("x"));
  const auto repository = open({Role::writer});
  EXPECT_EQ(repository.trust().version, 1u);
  ASSERT_EQ(repository.findings().size(), 2u);
  EXPECT_EQ(repository.findings()[0].object, "trust/00000002");
}

TEST_F(RepositoryTrust, ANumberThatAThiefTookIsLeftOut) {
  put_next(OwnerKey::generate());
  auto next = next_version(in_force(), {});
  store_trust(*open_store(), next, *keys_.owner(), *keys_.reader());
  EXPECT_EQ(next.version, 3u);
  EXPECT_TRUE(says(told(), "trust/00000002: is not signed by the owner"));
  EXPECT_EQ(open({Role::writer}).trust().version, 3u);
}

TEST_F(RepositoryTrust, ReportsAnObjectUnderAnotherName) {
  put_next(*keys_.owner());
  open_store()->put(trust_object_name(7), object_of(2));
  EXPECT_TRUE(says(told(), "trust/00000007: has another version than its name says"));
  EXPECT_EQ(open({Role::writer}).trust().version, 2u);
}

TEST_F(RepositoryTrust, ReportsACutObjectAndGoesOnWithTheOneBefore) {
  put_next(*keys_.owner());
  auto object = object_of(2);
  object.resize(object.size() - 1);
  replace(2, object);
  EXPECT_TRUE(says(told(), "trust/00000002: is not signed by the owner"));
  EXPECT_EQ(open({Role::writer}).trust().version, 1u);
}

TEST_F(RepositoryTrust, ReportsARecipientThatAThiefPutInsteadOfAnother) {
  const auto object = object_of(1);
  std::string text(core::as_text(object));
  const auto reader = keys_.reader()->recipient().text();
  text.replace(text.find(reader), reader.size(), AgeIdentity::generate().recipient().text());
  open_store()->put(trust_object_name(2), core::as_bytes(text));
  EXPECT_TRUE(says(told(), "trust/00000002: is not signed by the owner"));
  replace(1, core::Buffer(text.begin(), text.end()));
  EXPECT_TRUE(says(told(), "refused: "));
}

TEST_F(RepositoryTrust, RefusesAnOlderVersionThanItHasSeen) {
  put_next(*keys_.owner());
  EXPECT_EQ(open({Role::writer}).trust().version, 2u);
  open_store()->remove(trust_object_name(2));
  EXPECT_TRUE(says(told(), "refused: "));
  EXPECT_TRUE(says(told(), "has seen version 2"));
}

TEST_F(RepositoryTrust, ReportsAGapInTheVersions) {
  put_next(*keys_.owner());
  put_next(*keys_.owner());
  open_store()->remove(trust_object_name(2));
  EXPECT_TRUE(says(told(), "trust/00000002: is gone or altered: version 3 was made from it"));
  EXPECT_EQ(open({Role::writer}).trust().version, 3u);
}

TEST_F(RepositoryTrust, RefusesAnotherObjectOfTheVersionItHasSeen) {
  put_next(*keys_.owner());
  EXPECT_EQ(told(), "");
  open_store()->remove(trust_object_name(2));
  put_next(*keys_.owner(), [](auto& next) { next.grace = std::chrono::seconds(1); });
  EXPECT_TRUE(says(told(), "refused: "));
  EXPECT_TRUE(says(told(), "signed two that differ"));
}

TEST_F(RepositoryTrust, RefusesAVersionThatWasNotMadeFromTheOneItHasSeen) {
  put_next(*keys_.owner());
  EXPECT_EQ(told(), "");
  open_store()->remove(trust_object_name(2));
  put_next(*keys_.owner(), [](auto& next) { next.grace = std::chrono::seconds(1); });
  put_next(*keys_.owner());
  EXPECT_TRUE(says(told(), "refused: "));
}

TEST_F(RepositoryTrust, GoesOnWhereVersionsInBetweenAreGone) {
  EXPECT_EQ(told(), "");
  for (int each = 0; each < 3; ++each) put_next(*keys_.owner());
  open_store()->remove(trust_object_name(2));
  open_store()->remove(trust_object_name(3));
  EXPECT_TRUE(says(told(), "trust/00000003: is gone"));
  EXPECT_EQ(open({Role::writer}).trust().version, 4u);
}

TEST_F(RepositoryTrust, ReportsTheTrustObjectsOfAnotherRepositoryOfTheOwner) {
  const auto other = storage::make_memory_store();
  Repository::initialise(*other, keys_, "db-1", {});
  auto theirs = find_trust(*other, keys_.owner_public(), {});
  auto next = next_version(theirs, {});
  const auto object = encode_trust(next, *keys_.owner());
  open_store()->put(trust_object_name(2), object);
  EXPECT_TRUE(says(told(), "trust/00000002: belongs to another repository"));
  EXPECT_EQ(open({Role::writer}).trust().version, 1u);
  open_store()->remove(trust_object_name(1)); // now nothing else is left
  EXPECT_TRUE(says(told(), "refused: "));
  EXPECT_TRUE(says(told(), "another repository of this owner"));
}

TEST_F(RepositoryTrust, NamesADamagedMemory) {
  EXPECT_EQ(told(), "");
  for (const auto& file : std::filesystem::directory_iterator(folder_.path() / "memory")) {
    if (file.path().filename().string().starts_with("copy-")) continue; // it is made again
    const auto kept = core::read_file(file.path());
    for (const auto* text : {"", "\n", "0 00\n", "nonsense\n"}) {
      core::write_file_atomically(file.path(), text);
      EXPECT_THROW(open({Role::writer}), core::ConfigError) << file.path() << ": " << text;
    }
    core::write_file_atomically(file.path(), kept);
  }
  EXPECT_EQ(told(), "");
}

class PuttingBack : public RepositoryTrust {
protected:
  std::string put_back() {
    try {
      return put_back_trust(*open_store(), keys_.owner_public(), folder_.path() / "memory");
    } catch (const core::Error& error) {
      return std::string("refused: ") + error.what();
    }
  }
};

TEST_F(PuttingBack, TheNewestThatWasSeen) {
  put_next(*keys_.owner());
  EXPECT_EQ(told(), "");
  open_store()->remove(trust_object_name(1));
  open_store()->remove(trust_object_name(2));
  EXPECT_TRUE(says(told(), "restore-trust"));
  EXPECT_EQ(put_back(), "trust/00000002");
  EXPECT_EQ(open({Role::reader}).trust().version, 2u);
  EXPECT_TRUE(says(put_back(), "refused: trust/00000002 is there"));
}

TEST_F(PuttingBack, InThePlaceOfADamagedOne) {
  const auto object = object_of(1);
  EXPECT_EQ(told(), "");
  auto damaged = object;
  damaged.back() ^= 1;
  replace(1, damaged);
  EXPECT_TRUE(says(told(), "restore-trust"));
  EXPECT_EQ(put_back(), "trust/00000001");
  EXPECT_EQ(object_of(1), object);
}

TEST_F(PuttingBack, NotInThePlaceOfTheOwners) {
  put_next(*keys_.owner());
  EXPECT_EQ(told(), "");
  open_store()->remove(trust_object_name(2));
  put_next(*keys_.owner(), [](auto& next) { next.grace = std::chrono::seconds(1); });
  const auto other = object_of(2);
  EXPECT_TRUE(says(put_back(), "refused: trust/00000002 is the owner's"));
  EXPECT_EQ(object_of(2), other);
}

TEST_F(PuttingBack, NotWhatSomebodyChangedOnThisMachine) {
  EXPECT_TRUE(says(put_back(), "refused: this machine remembers no repository"));
  EXPECT_EQ(told(), "");
  open_store()->remove(trust_object_name(1));
  for (const auto& file : std::filesystem::directory_iterator(folder_.path() / "memory")) {
    if (!file.path().filename().string().starts_with("copy-")) continue;
    core::write_file_atomically(file.path(), core::read_file(file.path()) + " ");
  }
  EXPECT_TRUE(says(put_back(), "refused: this machine keeps no copy"));
  EXPECT_TRUE(says(told(), "put it back from a copy of the store"));
}

TEST_F(RepositoryTrust, RefusesAnotherOwner) {
  std::filesystem::remove(keys_.path() / "owner.pub");
  core::write_file_atomically(keys_.path() / "owner.pub",
                              owner_public_text(OwnerKey::generate().public_key()) + "\n");
  EXPECT_THROW(open({Role::writer}), AccessDenied);
  std::filesystem::remove(keys_.path() / "owner.pub");
  std::filesystem::remove(keys_.path() / "owner.key");
  EXPECT_THROW(open({Role::writer}), core::ConfigError);
}

TEST_F(RepositoryTrust, RefusesAWriterWhomTheOwnerDidNotName) {
  core::write_file_atomically(keys_.path() / "writer.key", WriterKey::generate().text() + "\n");
  EXPECT_THROW(open({Role::writer}), AccessDenied);
}

} // namespace
} // namespace intendance::backupd
