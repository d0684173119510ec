// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/keys.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;

TEST(Keys, SurviveTheirFilesAndNameDamagedOnes) {
  const core::TemporaryDirectory folder;
  const KeyFolder keys(folder.path() / "keys");
  keys.generate_missing();
  const auto writer = keys.writer()->public_key();
  keys.generate_missing(); // keeps what is there
  EXPECT_EQ(keys.writer()->public_key(), writer);
  EXPECT_EQ(keys.owner_public(), keys.owner()->public_key());
  EXPECT_EQ(fs::status(keys.path() / "owner.key").permissions(), fs::perms(0600));

  core::write_file_atomically(keys.path() / "writer.key", "# nothing\n");
  try {
    keys.writer();
    FAIL();
  } catch (const core::ConfigError& error) {
    EXPECT_EQ(std::string(error.what()), (keys.path() / "writer.key").string() + " holds no key");
  }
  fs::remove(keys.path() / "writer.key");
  EXPECT_FALSE(keys.writer());
}

TEST(Keys, ANewOwnerIsNotMadeBesideThePublicHalfOfAnother) {
  const core::TemporaryDirectory folder;
  const KeyFolder keys(folder.path());
  keys.generate_missing();
  fs::remove(keys.path() / "owner.key");
  EXPECT_THROW(keys.generate_missing(), core::ConfigError);
  EXPECT_FALSE(fs::exists(keys.path() / "owner.key"));
}

TEST(Keys, AreNeverOverwritten) {
  const core::TemporaryDirectory folder;
  const auto file = folder.path() / "writer.key";
  write_new_file(file, core::as_bytes("first"));
  EXPECT_THROW(write_new_file(file, core::as_bytes("second")), core::Error);
  EXPECT_EQ(core::read_file(file), "first");
  EXPECT_EQ(fs::status(file).permissions(), fs::perms(0600));
  fs::create_symlink(folder.path() / "elsewhere", folder.path() / "link");
  EXPECT_THROW(write_new_file(folder.path() / "link", core::as_bytes("x")), core::Error);
  EXPECT_FALSE(fs::exists(folder.path() / "elsewhere"));
}

TEST(Keys, EveryKindIsReadFromTheFileThatIsMade) {
  const core::TemporaryDirectory folder;
  const KeyFolder keys(folder.path());
  std::map<KeyKind, std::string> publics;
  for (const auto kind : {KeyKind::owner, KeyKind::reader, KeyKind::maintenance, KeyKind::writer}) {
    const auto key = generate_key(kind, core::parse_utc("2026-11-23T02:15:31Z"));
    publics[kind] = key.public_text;
    write_new_file(folder.path() / file_name(kind), key.file.view());
  }
  EXPECT_EQ(owner_public_text(keys.owner()->public_key()), publics[KeyKind::owner]);
  EXPECT_EQ(keys.reader()->recipient().text(), publics[KeyKind::reader]);
  EXPECT_EQ(keys.maintenance()->recipient().text(), publics[KeyKind::maintenance]);
  EXPECT_EQ(keys.writer()->public_half().text(), publics[KeyKind::writer]);
}

TEST(Keys, AWritersPublicHalfIsOneWordThatFindsMistypedLetters) {
  const auto key = WriterKey::generate().public_half();
  const auto text = key.text();
  EXPECT_TRUE(text.starts_with("intendance-writer1"));
  EXPECT_EQ(text.find(' '), std::string::npos);
  EXPECT_EQ(WriterPublic::parse(text).signs, key.signs);
  EXPECT_EQ(WriterPublic::parse(text).recipient, key.recipient);
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto wrong = text;
    wrong[at] = wrong[at] == 'q' ? 'p' : 'q';
    EXPECT_THROW(WriterPublic::parse(wrong), core::CorruptData) << at;
  }
  EXPECT_THROW(WriterPublic::parse(AgeIdentity::generate().recipient().text()), core::CorruptData);
}

} // namespace
} // namespace intendance::backupd
