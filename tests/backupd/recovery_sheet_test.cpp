// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/recovery_sheet.hpp"
#include "core/config.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace intendance::backupd {
namespace {

using core::Language;

RecoverySheet full_sheet() {
  RecoverySheet sheet;
  sheet.address = "s3://objets.example.ca/ouvroir-sauvegardes/" + std::string(60, 'w') + "/it's";
  sheet.machines = {"web-1", "db-1"};
  sheet.reader = "co-op";
  sheet.reader_key = "AGE-SECRET-KEY-1" + std::string(58, 'Q');
  sheet.recipient = "age1" + std::string(58, 'q');
  sheet.owner_public = "intendance-owner-1 " + std::string(44, '=');
  sheet.owner_fingerprint = "3f2a 9c01 77de 0b14";
  sheet.credentials =
      printable_credentials("# a comment\n\nauth_url = \"https://identity.example.ca:5000/v3\"\n"
                            "application_credential_id = \"0123456789abcdef0123456789abcdef\"\n"
                            "application_credential_secret = \"" +
                            std::string(86, 's') + "\"\n");
  sheet.trust_version = 3;
  return sheet;
}

TEST(RecoverySheet, IsOnePageOf80Columns) {
  for (const auto language : {Language::english, Language::french}) {
    std::istringstream text(recovery_text(full_sheet(), language));
    std::size_t lines = 0;
    for (std::string line; std::getline(text, line); ++lines) {
      const auto width =
          std::count_if(line.begin(), line.end(), [](char each) { return (each & 0xc0) != 0x80; });
      EXPECT_LE(width, 80) << line;
    }
    EXPECT_LE(lines, 66u); // Letter at six lines an inch; the fullest sheet there is
  }
}

TEST(RecoverySheet, HoldsTheKeyAlsoInGroups) {
  const auto text = recovery_text(full_sheet(), Language::english);
  EXPECT_NE(text.find("AGE-SECRET-KEY-1 QQQQ QQQQ"), std::string::npos);
  EXPECT_NE(text.find("version 3, owner 3f2a 9c01 77de 0b14"), std::string::npos);
}

TEST(RecoverySheet, LetsNoForeignTextOutOfItsPlace) {
  auto sheet = full_sheet();
  sheet.address = "file:///srv/<b>&</b>";
  sheet.machines = {"<script>"};
  const auto html = recovery_html(sheet, Language::french);
  EXPECT_EQ(html.find("<script>"), std::string::npos);
  EXPECT_EQ(html.find("<b>"), std::string::npos);
  EXPECT_NE(html.find("file:///srv/&lt;b&gt;&amp;&lt;/b&gt;"), std::string::npos);
  EXPECT_NE(html.find("<html lang=\"fr\">"), std::string::npos);
}

TEST(PrintableCredentials, SayTheSameInNarrowLines) {
  const core::TemporaryDirectory folder;
  for (const std::size_t length : {1, 60, 63, 64, 65, 86, 128, 300}) {
    std::string secret;
    for (std::size_t at = 0; at < length; ++at) secret += static_cast<char>('a' + at % 26);
    const auto text =
        printable_credentials("# c\nsecret_key = \"" + secret + "\"\nregion = \"x\"\n");
    core::write_file_atomically(folder.path() / "store.toml", text);
    auto table = core::load_config_table(folder.path() / "store.toml");
    EXPECT_EQ(table.text("secret_key"), secret);
    EXPECT_EQ(table.text("region"), "x");
    table.finish();
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u);
  }
}

TEST(PrintableCredentials, RefuseWhatCannotBeCut) {
  for (const std::string& value :
       {std::string(90, '\\'), std::string(40, 'a') + "\\n" + std::string(40, 'a'),
        std::string(40, 'a') + " " + std::string(40, 'a')}) {
    EXPECT_THROW(printable_credentials("secret_key = \"" + value + "\"\n"), core::ConfigError);
  }
  EXPECT_THROW(printable_credentials("numbers = [" + std::string(100, '1') + "]\n"),
               core::ConfigError);
}

} // namespace
} // namespace intendance::backupd
