// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/repository.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

namespace intendance::backupd {
namespace {

using core::AccessDenied;

TEST(Trust, KeepsWhatTheOwnerSigned) {
  const auto owner = OwnerKey::generate();
  const auto reader = AgeIdentity::generate();
  const auto writer = WriterKey::generate();
  const auto trust =
      make_trust({"lab", reader.recipient()}, {"hub", AgeIdentity::generate().recipient()},
                 {"web-1", writer.identity().recipient(), writer.public_key()},
                 core::parse_utc("2026-11-23T02:15:31Z"));
  const auto object = encode_trust(trust, owner);
  const auto again = decode_trust(object, owner.public_key());
  EXPECT_EQ(again.repository, trust.repository);
  EXPECT_EQ(again.created, trust.created);
  ASSERT_NE(again.writer(writer.public_key()), nullptr);
  EXPECT_EQ(again.writer(writer.public_key())->name, "web-1");
  EXPECT_EQ(again.writer(owner.public_key()), nullptr);
  const auto secrets = open_reader_secrets(again, reader);
  EXPECT_EQ(core::agreement_public(secrets.epochs.at(1)), again.epochs[0].public_key);
  EXPECT_THROW(open_reader_secrets(again, AgeIdentity::generate()), AccessDenied);
}

TEST(Trust, FindsEveryChange) {
  const auto owner = OwnerKey::generate();
  const auto writer = WriterKey::generate();
  const auto object =
      encode_trust(make_trust({"lab", AgeIdentity::generate().recipient()},
                              {"hub", AgeIdentity::generate().recipient()},
                              {"web-1", writer.identity().recipient(), writer.public_key()}, {}),
                   owner);
  for (std::size_t byte = 0; byte < object.size(); ++byte) {
    auto wrong = object;
    wrong[byte] ^= 1;
    EXPECT_THROW(decode_trust(wrong, owner.public_key()), core::Error) << byte;
  }
  EXPECT_THROW(decode_trust(object, OwnerKey::generate().public_key()), AccessDenied);
}

TEST(Keys, SurviveTheirFilesAndNameDamagedOnes) {
  const core::TemporaryDirectory folder;
  const KeyFolder keys(folder.path() / "keys");
  keys.generate_missing();
  const auto writer = keys.writer()->public_key();
  keys.generate_missing(); // keeps what is there
  EXPECT_EQ(keys.writer()->public_key(), writer);
  EXPECT_EQ(keys.owner_public(), keys.owner()->public_key());
  EXPECT_EQ(std::filesystem::status(keys.path() / "owner.key").permissions(),
            std::filesystem::perms(0600));

  core::write_file_atomically(keys.path() / "writer.key", "# nothing\n");
  try {
    keys.writer();
    FAIL();
  } catch (const core::ConfigError& error) {
    EXPECT_EQ(std::string(error.what()), (keys.path() / "writer.key").string() + " holds no key");
  }
  std::filesystem::remove(keys.path() / "writer.key");
  EXPECT_FALSE(keys.writer());
}

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
  // A version 2 that the owner, or somebody else, signed.
  void put_second_version(const OwnerKey& signer) {
    auto trust = open({Role::reader}).trust();
    trust.version = 2;
    open_store()->put(trust_object_name(2), encode_trust(trust, signer));
  }

  core::TemporaryDirectory folder_;
  KeyFolder keys_;
};

TEST_F(RepositoryTrust, OpensWithTheFirstKeyThatIsThere) {
  EXPECT_EQ(open({Role::writer}).role(), Role::writer);
  std::filesystem::remove(keys_.path() / "reader.key");
  EXPECT_EQ(open({Role::reader, Role::maintainer}).role(), Role::maintainer);
  EXPECT_THROW(open({Role::reader}), core::ConfigError);
}

TEST_F(RepositoryTrust, IsNotMadeTwice) {
  EXPECT_THROW(Repository::initialise(*open_store(), keys_, "web-1", {}), core::Error);
}

TEST_F(RepositoryTrust, ReportsWhatAThiefWroteAndGoesOn) {
  put_second_version(OwnerKey::generate());
  open_store()->put("trust/nonsense", core::as_bytes("x"));
  const auto repository = open({Role::writer});
  EXPECT_EQ(repository.trust().version, 1u);
  ASSERT_EQ(repository.findings().size(), 2u);
  EXPECT_EQ(repository.findings()[0].object, "trust/00000002");
}

TEST_F(RepositoryTrust, RefusesAnOlderVersionThanItHasSeen) {
  put_second_version(*keys_.owner());
  EXPECT_EQ(open({Role::writer}).trust().version, 2u);
  open_store()->remove(trust_object_name(2));
  EXPECT_THROW(open({Role::writer}), AccessDenied);
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
