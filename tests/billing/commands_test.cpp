// SPDX-License-Identifier: AGPL-3.0-or-later
// The commands as a person gives them, down to a real ledger and back.
#include "core/file.hpp"
#include "tests/billing/commands_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace intendance::billing {
namespace {

using testing::HasSubstr;
using testing::Not;

class Commands : public CommandsTest {};

TEST_F(Commands, LogAnHourAndSayWhatIsLeft) {
  set_up_ledger();
  const auto answer = add({"1h30", "--service", "expositions", "--on", "2024-11-20", "--by",
                           "sysadmin", "mise à jour d'Omeka"});
  EXPECT_EQ(answer.status, 0) << answer.err;
  EXPECT_EQ(answer.out, "1\u00a0h\u00a030 · expositions · maintenance · 20 nov. 2024 · "
                        "180,00\u00a0$   (entrée 0001, disponible 23\u00a0807,51\u00a0$ nets)\n");
  const auto list = run({"hours", "list", "--month", "2024-11"});
  EXPECT_THAT(list.out, HasSubstr("0001  2024-11-20"));
  EXPECT_THAT(list.out, HasSubstr("mise à jour d'Omeka"));
  const auto english = run({"budget", "show", "--year", "2024"}, "en");
  EXPECT_THAT(english.out, HasSubstr("$23,807.51"));
}

TEST_F(Commands, KnowTheServicesOfTheConfiguration) {
  set_up_ledger();
  EXPECT_EQ(add({"10m", "--service", "tei", "--on", "2024-11-20", "index"}).status, 0);
  const auto unknown = add({"10m", "--service", "nuage", "--on", "2024-11-20", "index"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, HasSubstr("there are: expositions · tei; add it with: intendance "
                                     "service add nuage"));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Commands, StoreNothingOfWhatIsWrong) {
  set_up_ledger();
  const std::vector<std::string> good = {"--service", "expositions", "--on", "2024-11-20"};
  const auto with = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), good.begin(), good.end());
    return arguments;
  };
  EXPECT_EQ(add(with({"1h75", "what"})).status, 2);
  EXPECT_EQ(add(with({"90", "what"})).status, 2);
  EXPECT_EQ(add(with({"25h", "what"})).status, 1);
  EXPECT_EQ(add(with({"1h"})).status, 2); // nothing said about what was done
  EXPECT_EQ(add({"1h", "--service", "expositions", "--on", "2024-02-30", "what"}).status, 2);
  EXPECT_EQ(add({"1h", "--service", "expositions", "--on", "2199-01-01", "what"}).status, 1);
  EXPECT_EQ(add({"1h", "--service", "expositions", "--on", "2024-03-31", "no rate"}).status, 1);
  EXPECT_EQ(add(with({"1h", "--activity", "golf", "what"})).status, 1);
  EXPECT_EQ(add(with({"1h", "--fund", "F-9", "what"})).status, 1);
  EXPECT_EQ(add(with({"1h", "--id", "not-an-id", "what"})).status, 2);
  EXPECT_EQ(add(with({"1h", "--vendor", "nobody", "what"})).status, 1);
  EXPECT_EQ(add({"1h", "what"}).status, 2); // for which service?
  EXPECT_EQ(entries(), 0U);
  // The service of the configuration is not left behind by an entry that fails.
  EXPECT_EQ(add({"1h", "--service", "tei", "--on", "2024-03-31", "no rate"}).status, 1);
  EXPECT_THAT(run({"service", "list"}).out, Not(HasSubstr("tei")));
}

TEST_F(Commands, RecordARetryOnce) {
  set_up_ledger();
  const std::vector<std::string> work = {
      "1h",       "--service",  "expositions",
      "--on",     "2024-11-20", "--by",
      "sysadmin", "--id",       "00000000-0000-4000-8000-000000000001",
      "what"};
  EXPECT_THAT(add(work).out, Not(HasSubstr("déjà inscrite")));
  const auto again = add(work);
  EXPECT_EQ(again.status, 0);
  EXPECT_THAT(again.out, HasSubstr("déjà inscrite : rien n'a été ajouté"));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Commands, WarnButRecordWhenTheBudgetIsOverspent) {
  set_up_ledger();
  run({"budget", "set", "--fund", "F-1234", "--year", "2024", "--amount", "100"});
  const auto answer = add({"1h", "--service", "expositions", "--on", "2024-11-20", "what"});
  EXPECT_EQ(answer.status, 3);
  EXPECT_THAT(answer.err, HasSubstr("est dépassé de 28,32\u00a0$ nets")) << answer.err;
  EXPECT_EQ(entries(), 1U);
  EXPECT_EQ(run({"budget", "show", "--year", "2024"}).status, 3);
}

TEST_F(Commands, TakeAnEntryBack) {
  set_up_ledger();
  add({"1h", "--service", "expositions", "--on", "2024-11-20", "what"});
  const auto answer = run({"hours", "correct", "0001", "inscrite", "deux", "fois"});
  EXPECT_EQ(answer.status, 0) << answer.err;
  EXPECT_THAT(answer.out, HasSubstr("entrée 0002 contre-passe 0001"));
  EXPECT_EQ(run({"hours", "correct", "0001", "again"}).status, 1);
  EXPECT_EQ(run({"hours", "correct", "one", "again"}).status, 2);
  EXPECT_EQ(run({"hours", "correct", "0001"}).status, 2);
}

TEST_F(Commands, LeaveNoFundWithoutItsBudget) {
  ASSERT_EQ(run({"database", "migrate"}).status, 0);
  EXPECT_EQ(run({"budget", "set", "--fund", "F-1", "--year", "1", "--amount", "5"}).status, 1);
  const auto answer = run({"budget", "show"});
  EXPECT_EQ(answer.status, 1);
  EXPECT_THAT(answer.err, HasSubstr("the ledger has no fund yet"));
}

TEST_F(Commands, WriteAReportInEachForm) {
  set_up_ledger();
  add({"1h", "--service", "expositions", "--on", "2024-10-20", "--by", "sysadmin", "mise à jour"});
  for (const std::string format : {"text", "html", "json", "csv", "hledger"}) {
    const auto file = folder_.path() / format;
    const auto answer =
        run({"report", "monthly", "2024-10", "--format", format, "--output", file.string()});
    EXPECT_EQ(answer.status, 0) << answer.err;
    EXPECT_EQ(answer.out, "");
    EXPECT_THAT(core::read_file(file), HasSubstr("mise à jour")) << format;
  }
  const auto all = run({"report", "monthly", "2024-10", "--format", "all", "--output",
                        (folder_.path() / "folder").string()});
  EXPECT_EQ(all.status, 0) << all.err;
  const auto of = [&](const std::string& name) {
    return core::read_file(folder_.path() / "folder" / ("2024-10-F-1234-fr." + name));
  };
  EXPECT_THAT(of("html"), HasSubstr("mise à jour"));
  EXPECT_TRUE(of("pdf").starts_with("%PDF-"));
  EXPECT_THAT(all.out, HasSubstr("2024-10-F-1234-fr.xlsx\n"));
  EXPECT_EQ(run({"report", "monthly", "2024-10", "--format", "csv,json"}).status, 2);
  EXPECT_EQ(run({"report", "monthly", "2024-10", "--format", "csv,docx"}).status, 2);
  EXPECT_EQ(run({"report", "monthly", "2024-10", "--format", "csv,"}).status, 2);
  EXPECT_EQ(run({"report", "monthly", "2024-13"}).status, 2);
  EXPECT_EQ(run({"report", "monthly"}).status, 2);
  EXPECT_EQ(run({"report", "monthly", "2024-10", "--format", "docx"}).status, 2);
  EXPECT_EQ(run({"report", "monthly", "2199-01"}).status, 1);
  EXPECT_EQ(run({"report", "monthly", "2024-10", "--output", "/nonexistent/r"}).status, 1);
}

TEST_F(Commands, FindAHeadThatWasPrintedEarlier) {
  set_up_ledger();
  add({"1h", "--service", "expositions", "--on", "2024-10-20", "what"});
  const auto head = nlohmann::json::parse(run({"ledger", "verify", "--json"}).out)["head"];
  add({"1h", "--service", "expositions", "--on", "2024-10-21", "what"});
  EXPECT_EQ(run({"ledger", "verify", "--head", head.get<std::string>()}).status, 0);
  EXPECT_EQ(run({"ledger", "verify", "--head", std::string(64, '0')}).status, 1);
}

TEST_F(Commands, ForecastTheYear) {
  set_up_ledger();
  for (const char* day : {"2024-04-10", "2024-05-14", "2024-06-12", "2024-08-20", "2024-09-30"}) {
    ASSERT_EQ(add({"8h", "--service", "expositions", "--on", day, "mise à jour"}).status, 0);
  }
  const auto french = run({"forecast", "--as-of", "2024-10-01"});
  EXPECT_EQ(french.status, 0) << french.err;
  EXPECT_THAT(french.out, HasSubstr("prévision au 1 oct. 2024"));
  EXPECT_THAT(french.out, HasSubstr("5\u00a0132,95\u00a0$"))
      << french.out; // five months, each taxed
  EXPECT_THAT(run({"forecast", "--as-of", "2024-10-01"}, "en").out, HasSubstr("The budget"));
  const auto json = nlohmann::json::parse(
      run({"forecast", "--as-of", "2024-08-01", "--json"}).out)["forecasts"][0];
  EXPECT_EQ(json["spent_cents"], 3 * 102'659) << "what was posted later is not looked at";
  EXPECT_EQ(json["year"], 2024);
  EXPECT_EQ(json["to"], "2025-03-31");
  EXPECT_LT(json["cost"]["low_cents"], json["cost"]["high_cents"]);
  // A script notices a budget that will not last.
  run({"budget", "set", "--fund", "F-1234", "--year", "2024", "--amount", "5200"});
  EXPECT_EQ(run({"forecast", "--as-of", "2024-10-01"}).status, 3);
  // The year before: without a budget and without work.
  EXPECT_EQ(run({"forecast", "--as-of", "2023-10-01"}).status, 0);
  EXPECT_EQ(run({"forecast", "--fund", "F-9"}).status, 1);
  EXPECT_EQ(run({"forecast", "--as-of", "yesterday"}).status, 2);
  EXPECT_THAT(run({"forecast", "--as-of", "2199-01-01"}).err, HasSubstr("in the future"));
}

TEST_F(Commands, SayWhatToDoWithoutASchemaOrAServer) {
  EXPECT_THAT(run({"hours", "list"}).err, HasSubstr("run intendance database migrate"));
  const auto away =
      run({"hours", "list", "--database", "postgresql:///intendance?host=/nonexistent"});
  EXPECT_EQ(away.status, 1);
  EXPECT_THAT(away.err, HasSubstr("could not be reached"));
  EXPECT_EQ(run({"hours", "list", "--database", "postgresql://u:secret@/x"}).status, 2);
}

TEST_F(Commands, AnswerInJson) {
  set_up_ledger();
  const auto added = nlohmann::json::parse(
      run({"hours", "add", "1h", "--service", "expositions", "--on", "2024-11-20", "--json", "x"})
          .out);
  EXPECT_EQ(added["entry"]["cents"], 12000);
  EXPECT_EQ(added["available_cents"], 2400000 - 12832);
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"hours", "list"},
                                             {"budget", "show"},
                                             {"rate", "list"},
                                             {"service", "list"},
                                             {"activity", "list"},
                                             {"database", "status"},
                                             {"report", "monthly", "2024-10"}}) {
    auto with_json = arguments;
    with_json.emplace_back("--json");
    const auto answer = run(with_json);
    EXPECT_TRUE(nlohmann::json::accept(answer.out)) << arguments[0] << answer.out << answer.err;
  }
}

} // namespace
} // namespace intendance::billing
