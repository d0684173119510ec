// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/imports/timesheet.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TimesheetTest : public ::testing::Test {
protected:
  TimesheetTest() {
    terms_.services = {{"expositions", "Expositions (Omeka)", "Expositions (Omeka)"},
                       {"tei", "", ""}};
    terms_.activities = {{"maintenance", "maintenance", "maintenance"},
                         {"development", "développement", "development"}};
    terms_.funds = {{"F-1234", "", "", "grant", 4}};
    terms_.rates = {{"koumbit", std::nullopt, core::parse_date("2024-04-01"),
                     core::parse_date("2024-12-31"), Cents(12000), ""}};
    terms_.vendor = "koumbit";
    terms_.activity = "maintenance";
    terms_.today = core::parse_date("2024-11-23");
    Engagement engagement;
    engagement.name = "E-2024-01";
    engagement.fund = "F-1234";
    engagement.vendor = "koumbit";
    terms_.engagements = {engagement};
  }
  Timesheet read(const std::string& text) {
    faults_ = InputFaults();
    const auto table = parse_csv(text, faults_);
    return read_timesheet(table, map_, terms_, faults_);
  }
  std::string faults(const std::string& text) {
    read(text);
    return faults_.text("f.csv");
  }

  TimesheetTerms terms_;
  ImportMap map_;
  InputFaults faults_;
};

// The columns that Redmine exports unless told otherwise, in both languages.
TEST_F(TimesheetTest, KnowsRedminesExport) {
  for (const std::string heading :
       {"Project,Date,User,Activity,Issue,Comment,Hours",
        "Projet,Date,Utilisateur,Activité,Demande,Commentaire,Heures"}) {
    const auto sheet =
        read(heading + "\nExpositions (Omeka),2024-11-20,Jane Doe,développement,Anomalie #4812: "
                       "Page blanche,\"mise à\njour\",0.33\n"
                       "tei,2024-11-02,Jane Doe,maintenance,,,1.00\n");
    ASSERT_EQ(sheet.rows.size(), 2U) << faults_.text("f");
    const auto& entry = sheet.rows[0].entry;
    EXPECT_EQ(entry.service, "expositions");
    EXPECT_EQ(entry.activity, "development");
    EXPECT_EQ(entry.person, "Jane Doe");
    EXPECT_EQ(entry.work, Minutes(20));
    EXPECT_EQ(entry.description, "Anomalie #4812: Page blanche · mise à jour");
    EXPECT_EQ(entry.fund, "F-1234");
    EXPECT_EQ(sheet.rows[1].entry.description, "maintenance"); // nothing else was said
    EXPECT_EQ(core::format_date(sheet.days->from), "2024-11-02");
    EXPECT_EQ(core::format_date(sheet.days->to), "2024-11-20");
  }
}

TEST_F(TimesheetTest, NamesAllThatIsWrongAtOnce) {
  const auto text = faults("id;date;personne;service;activité;description;heures\n"
                           "1;2024-11-31;jd;tei;maintenance;x;1\n"
                           "2;2024-11-30;jd;nuage;golf;x;-1\n"
                           "3;2024-11-20;;tei;maintenance;x;25\n"
                           "4;2024-03-31;jd;tei;maintenance;x;1\n"
                           "5;2024-11-20;jd;tei;maintenance;;1,01\n"
                           "5;2024-11-20;jd;tei;maintenance;x;1\n"
                           "5;2024-11-20;jd;tei;maintenance;x;=1+1\n");
  EXPECT_THAT(text, HasSubstr("f.csv:2:3: date: \"2024-11-31\" is not a day"));
  EXPECT_THAT(text,
              HasSubstr("f.csv:3:3: date: 2024-11-30 is in the future (today is 2024-11-23)"));
  EXPECT_THAT(text, HasSubstr("f.csv:3:17: service: there is no service \"nuage\"; there are: "
                              "expositions · tei; say in the map"));
  EXPECT_THAT(text, HasSubstr("f.csv:3:23: activité: there is no activity \"golf\""));
  EXPECT_THAT(text, HasSubstr("f.csv:3:30: heures: \"-1\" is negative"));
  EXPECT_THAT(text, HasSubstr("f.csv:4:14: personne: who did it is missing"));
  EXPECT_THAT(text, HasSubstr("heures: \"25\" is more than one day holds"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "f.csv:5:3: date: no rate of koumbit for maintenance on 2024-03-31; record it with"));
  EXPECT_THAT(text, HasSubstr("heures: \"1,01\" hours are no whole number"));
  EXPECT_THAT(text, HasSubstr("\"=1+1\" is not a duration of work"));
  EXPECT_EQ(faults_.total(), 10U) << text;
  EXPECT_THAT(faults("id,date,person,service,description,hours\n1,2024-11-20,jd,tei,x,1\n1,2024-11-"
                     "20,jd,tei,y,1\n"),
              HasSubstr("f.csv:3:1: id: the id 1 stands in line 2 already"));
}

TEST_F(TimesheetTest, NamesColumnsThatAreMissingOrTwice) {
  const auto text = faults("jour,quoi\n2024-11-20,x\n");
  EXPECT_THAT(text, HasSubstr("no column holds the hours; known headings: hours · heures"));
  EXPECT_THAT(text, HasSubstr("no column holds the person"));
  EXPECT_THAT(text, HasSubstr("no column holds the service"));
  EXPECT_THAT(text, HasSubstr("no column holds the description"));
  EXPECT_THAT(text, HasSubstr("there are: jour · quoi"));
  EXPECT_THAT(faults("date,Date,user,service,comment,hours\n"),
              HasSubstr("f.csv:1:6: Date: this heading stands twice"));
  map_.columns = {{"hours", "Temps"}};
  EXPECT_THAT(faults("date,user,service,comment,hours\n"),
              HasSubstr("there is no column \"Temps\", which should hold the hours"));
  EXPECT_THAT(faults(""), HasSubstr("no column holds the day"));
}

TEST_F(TimesheetTest, FollowsTheMap) {
  const core::TemporaryDirectory folder;
  core::write_file_atomically(
      folder.path() / "map.toml",
      "days = \"month first\"\nservice = \"tei\"\n"
      "[columns]\ndescription = \"Sujet\"\nhours = \"Temps\"\n"
      "[activities]\n\"Dev\" = \"development\"\n[people]\n\"Jane Doe\" = \"jdoe\"\n"
      "[engagements]\n\"Évolution #12: Migration\" = \"E-2024-01\"\n");
  map_ = read_import_map(folder.path() / "map.toml");
  const std::string heading = "Date,User,Activity,Issue,Sujet,Temps\n";
  const auto sheet = read(heading + "11/05/2024,Jane Doe,Dev,Évolution #12: Migration,x,1h15\n");
  ASSERT_EQ(sheet.rows.size(), 1U) << faults_.text("f");
  EXPECT_EQ(core::format_date(sheet.rows[0].entry.worked_on), "2024-11-05");
  EXPECT_EQ(sheet.rows[0].entry.person, "jdoe");
  EXPECT_EQ(sheet.rows[0].entry.activity, "development");
  EXPECT_EQ(sheet.rows[0].entry.service, "tei");
  EXPECT_EQ(sheet.rows[0].entry.engagement, "E-2024-01");
  EXPECT_THAT(faults(heading + "11/05/2024,Jim,Dev,,x,1h15\n"),
              HasSubstr("\"Jim\" is not among the [people] of"));
  map_.services = {{"TEI", "nuage"}};
  EXPECT_THAT(faults("Service," + heading + "TEI,11/05/2024,Jane Doe,Dev,,x,1h15\n"),
              HasSubstr("there is no service \"nuage\", which the map"));
}

TEST_F(TimesheetTest, RefusesAMapWithUnknownKeys) {
  const core::TemporaryDirectory folder;
  for (const std::string text : {"person = 3\n", "[columns]\nhour = \"x\"\n", "unknown = \"x\"\n",
                                 "days = \"x\"\n", "[people]\nx = 1\n"}) {
    core::write_file_atomically(folder.path() / "map.toml", text);
    EXPECT_THROW(read_import_map(folder.path() / "map.toml"), core::ConfigError) << text;
  }
}

TEST_F(TimesheetTest, RefusesMoreThanADayADay) {
  const auto text = faults("date,user,service,comment,hours\n2024-11-20,jd,tei,a,14\n2024-11-20,jd,"
                           "tei,b,10\n2024-11-20,xy,tei,b,10\n"
                           "2024-11-20,jd,tei,c,0.1\n");
  EXPECT_THAT(
      text,
      HasSubstr(
          "f.csv:5:21: hours: with this row, jd would have worked 1446 minutes on 2024-11-20"));
  EXPECT_EQ(faults_.total(), 1U);
}

TEST_F(TimesheetTest, KeepsWhatLooksLikeAFormulaAsText) {
  const auto sheet = read("date,user,service,comment,hours,Semaine\n2024-11-20,jd,tei,\"=cmd|' /C "
                          "calc'!A0\",1,47\n2024-11-20,jd,tei,x,0,47\n");
  ASSERT_EQ(sheet.rows.size(), 1U);
  EXPECT_EQ(sheet.rows[0].entry.description, "=cmd|' /C calc'!A0");
  EXPECT_EQ(sheet.without_work, 1U);
  EXPECT_THAT(sheet.ignored, ElementsAre("Semaine"));
}

TEST_F(TimesheetTest, AsksWhichFundAndWhichDay) {
  terms_.funds.push_back({"F-2", "", "", "grant", 4});
  EXPECT_THAT(faults("date,user,service,comment,hours\n2024-11-20,jd,tei,x,1\n"),
              HasSubstr("there are several funds"));
  EXPECT_TRUE(faults("date,user,service,comment,hours,fonds\n2024-11-20,jd,tei,x,1,F-2\n").empty());
  EXPECT_THAT(faults("date,user,service,comment,hours,fonds\n05/11/2024,jd,tei,x,1,F-2\n"),
              HasSubstr("which figure is the day?"));
  EXPECT_THAT(faults("date,user,service,comment,hours,fonds\n20/10/2024,jd,tei,x,1,F-2\n10/20/"
                     "2024,jd,tei,x,1,F-2\n"),
              HasSubstr("some days begin with the day and some with the month"));
}

} // namespace
} // namespace intendance::billing
