// SPDX-License-Identifier: AGPL-3.0-or-later
// hours import, as a person gives it.
#include "tests/billing/commands_fixture.hpp"

#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ImportCommands : public CommandsTest {
protected:
  ImportCommands() { set_up_ledger(); }
  Answer import(const std::string& text, std::vector<std::string> more = {},
                const std::string& language = "fr") {
    core::write_file_atomically(file_, text);
    std::vector<std::string> arguments = {"hours", "import", file_.string(), "--source", "redmine"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments, language);
  }

  std::filesystem::path file_ = folder_.path() / "heures.csv";
  const std::string heading_ = "Projet;Date;Utilisateur;Activité;Demande;Commentaire;Heures\n";
};

TEST_F(ImportCommands, RecordOnceWhatAnExportSays) {
  const auto text =
      heading_ + "expositions;20/10/2024;Jane Doe;maintenance;Anomalie #4812: Panne;relancé;1,50\n"
                 "tei;02/10/2024;Jane Doe;développement;;index;0,33\n";
  const auto first = import(text);
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("redmine · 2 oct. 2024 – 20 oct. 2024 · lignes : 2 (UTF-8) · "
                                   "ajoutées 2, modifiées 0, disparues 0, inchangées 0"));
  EXPECT_THAT(first.out, HasSubstr("Anomalie #4812: Panne · relancé"));
  const auto again = import(text);
  EXPECT_EQ(again.status, 0);
  EXPECT_THAT(again.out, HasSubstr("ajoutées 0, modifiées 0, disparues 0, inchangées 2"));
  EXPECT_EQ(entries(), 2U);
}

TEST_F(ImportCommands, WarnOfWhatIsGoneWithinTheirDaysAlone) {
  const auto line = [&](const std::string& day, const std::string& what) {
    return "tei;" + day + ";jd;maintenance;;" + what + ";1\n";
  };
  import(heading_ + line("2024-09-30", "a") + line("2024-10-02", "b") + line("2024-10-31", "c"));
  // From its first to its last day, the file says nothing of the 31st.
  EXPECT_EQ(import(heading_ + line("2024-10-02", "b")).status, 0);
  const auto october = import(heading_ + line("2024-10-02", "b"), {"--month", "2024-10"});
  EXPECT_EQ(october.status, 3);
  EXPECT_THAT(october.out, HasSubstr("disparue  31 oct. 2024 · entrée contre-passée : 0003"));
  EXPECT_THAT(
      october.err,
      HasSubstr(
          "attention : 1 entrées ne sont plus dans redmine et ont été contre-passées : 0003"));
  EXPECT_EQ(entries(), 4U);
  const auto outside = import(heading_ + line("2024-11-02", "b"), {"--month", "2024-10"}, "en");
  EXPECT_EQ(outside.status, 1);
  EXPECT_THAT(outside.err, HasSubstr("2024-11-02 lies outside of 2024-10-01 to 2024-10-31"));
  EXPECT_THAT(import(heading_, {"--month", "2024-10"}).err, HasSubstr("the table holds no work"));
  EXPECT_EQ(entries(), 4U);
}

TEST_F(ImportCommands, TryWithoutKeeping) {
  const auto text = heading_ + "expositions;2024-10-20;jd;maintenance;;x;1\n";
  const auto tried = import(text, {"--dry-run"});
  EXPECT_THAT(tried.out, AllOf(HasSubstr("ajoutées 1"), HasSubstr("essai : rien n'a été inscrit")));
  ASSERT_EQ(entries(), 0U);
  core::write_file_atomically(file_, text);
  const auto json =
      this->json({"hours", "import", file_.string(), "--source", "redmine", "--dry-run"});
  EXPECT_EQ(json["imported"], false);
  EXPECT_EQ(json["added"][0]["minutes"], 60);
  EXPECT_EQ(json["from"], "2024-10-20");
}

TEST_F(ImportCommands, RefuseAFileAsAWhole) {
  const auto text =
      heading_ +
      "expositions;2024-10-20;jd;maintenance;;x;1\nnuage;2024-10-20;jd;maintenance;;x;1\n"
      "expositions;2024-03-31;jd;maintenance;;x;1\n";
  const auto answer = import(text, {"--json"});
  EXPECT_EQ(answer.status, 1);
  EXPECT_THAT(
      answer.err,
      HasSubstr("heures.csv:3:1: Projet: there is no service \"nuage\"; there are: expositions"));
  EXPECT_THAT(answer.err,
              HasSubstr("heures.csv:4:13: Date: no rate of koumbit for maintenance on 2024-03-31"));
  EXPECT_THAT(answer.err, HasSubstr("nothing was imported: 2 faults in "));
  const auto json = nlohmann::json::parse(answer.out);
  EXPECT_EQ(json["fault_count"], 2);
  EXPECT_EQ(json["faults"][1]["line"], 4);
  EXPECT_EQ(entries(), 0U);
}

TEST_F(ImportCommands, ReadOldEncodingsAndMaps) {
  core::write_file_atomically(folder_.path() / "map.toml",
                              "[services]\n\"Musée\" = \"tei\"\n[people]\n\"Zoé\" = \"zoe\"\n");
  const auto text =
      std::string("Date,Utilisateur,Projet,Commentaire,Heures\n2024-10-20,Zo\xe9,Mus\xe9"
                  "e,\"=1+1, \xe9t\xe9\",\"1,5\"\n");
  const auto answer = import(text, {"--map", (folder_.path() / "map.toml").string()});
  EXPECT_EQ(answer.status, 0) << answer.err;
  EXPECT_THAT(answer.out, HasSubstr("(Windows-1252)"));
  const auto list = json({"hours", "list", "--month", "2024-10"})["entries"][0];
  EXPECT_EQ(list["description"], "=1+1, été");
  EXPECT_EQ(list["person"], "zoe");
  EXPECT_EQ(list["minutes"], 90);
  // And a spreadsheet that opens our own export runs nothing.
  EXPECT_THAT(run({"report", "monthly", "2024-10", "--format", "csv"}).out,
              HasSubstr("'=1+1, été"));
}

TEST_F(ImportCommands, SayWhatIsMissing) {
  EXPECT_EQ(run({"hours", "import"}).status, 2);
  EXPECT_THAT(run({"hours", "import", "x.csv"}).err, HasSubstr("--source is missing"));
  EXPECT_THAT(run({"hours", "import", "nothing.csv", "--source", "s"}).err,
              HasSubstr("nothing.csv"));
  EXPECT_EQ(import(heading_, {"--from", "2024-10-01"}).status, 2);
  EXPECT_EQ(import(heading_, {"--from", "2024-10-01", "--until", "2024-09-01"}).status, 2);
  EXPECT_EQ(import(heading_, {"--month", "2024-10", "--from", "2024-10-01"}).status, 2);
  EXPECT_EQ(import(heading_, {"--map", "nothing.toml"}).status, 2);
  EXPECT_THAT(import(std::string("a\0b", 3)).err, HasSubstr("holds a NUL byte"));
  EXPECT_NE(import("").status, 0);
  EXPECT_EQ(entries(), 0U);
}

TEST_F(ImportCommands, WarnWhenTheBudgetIsOverspent) {
  ASSERT_EQ(run({"budget", "set", "--fund", "F-1234", "--year", "2024", "--amount", "100"}).status,
            0);
  const auto answer = import(heading_ + "tei;2024-10-20;jd;maintenance;;x;1\n");
  EXPECT_EQ(answer.status, 3);
  EXPECT_THAT(answer.err, HasSubstr("est dépassé de"));
  EXPECT_EQ(entries(), 1U);
}

} // namespace
} // namespace intendance::billing
