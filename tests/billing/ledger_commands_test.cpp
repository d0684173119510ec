// SPDX-License-Identifier: AGPL-3.0-or-later
// Quotes, engagements, costs, documents and closes as people give them.
#include "core/file.hpp"
#include "tests/billing/commands_fixture.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

namespace intendance::billing {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class LedgerCommands : public CommandsTest {
protected:
  LedgerCommands() { set_up_ledger(); }
  Answer quote() {
    core::write_file_atomically(folder_.path() / "devis.pdf", "%PDF- a quote");
    return run({"quote", "add", "2024-14", "--service", "tei", "--work", "10h", "--on",
                "2024-09-01", "--valid-until", "2024-10-31", "--document",
                (folder_.path() / "devis.pdf").string(), "migration", "de TEI"});
  }
  Answer accept() {
    return run({"quote", "accept", "2024-14", "--by", "M. Tremblay", "--on", "2024-10-01"});
  }
};

TEST_F(LedgerCommands, QuoteThenAcceptThenUse) {
  EXPECT_EQ(quote().status, 0) << quote().err;
  EXPECT_THAT(run({"quote", "show"}).out, HasSubstr("2024-14 · koumbit · tei · development"));
  const auto accepted = accept();
  EXPECT_EQ(accepted.status, 0) << accepted.err;
  EXPECT_THAT(accepted.out, HasSubstr("E-2024-01 · devis · koumbit · tei"));
  EXPECT_THAT(accepted.out, HasSubstr("reste 1\u00a0200,00\u00a0$"));
  EXPECT_EQ(add({"2h", "--service", "tei", "--on", "2024-10-20", "--engagement", "E-2024-01", "x"})
                .status,
            0);
  const auto left = json({"engagement", "list"})["engagements"][0];
  EXPECT_EQ(left["left_cents"], 96'000);
  EXPECT_EQ(left["used_minutes"], 120);
  EXPECT_EQ(left["state"], "posted in part");
  // What is engaged is not available any more, and counts net of rebates as the budget does.
  const auto budget = json({"budget", "show", "--year", "2024"})["budgets"][0];
  EXPECT_EQ(budget["engaged_cents"], 102'659);
  EXPECT_EQ(budget["available_cents"], 2'400'000 - budget["spent_cents"].get<int>() - 102'659);
  const auto given_back = run({"engagement", "void", "E-2024-01", "fini", "avant"});
  EXPECT_EQ(given_back.status, 0) << given_back.err;
  EXPECT_THAT(given_back.out, HasSubstr("reste annulé"));
  EXPECT_THAT(run({"quote", "show", "2024-14"}).out, HasSubstr("annulé 960,00"));
}

TEST_F(LedgerCommands, SayWhatIsWrongWithAnEngagement) {
  quote();
  EXPECT_THAT(quote().err, HasSubstr("has already been recorded"));
  EXPECT_THAT(run({"quote", "accept", "2024-15"}).err, HasSubstr("there are: 2024-14"));
  EXPECT_THAT(run({"quote", "accept", "2024-14", "--on", "2024-11-01"}).err,
              HasSubstr("was valid until 2024-10-31; ask for a new one"));
  accept();
  EXPECT_THAT(accept().err, HasSubstr("has already been accepted"));
  EXPECT_THAT(run({"engagement", "void", "E-9", "x"}).err, HasSubstr("there are: E-2024-01"));
  EXPECT_EQ(run({"engagement", "void", "E-2024-01"}).status, 2); // why?
  EXPECT_EQ(run({"engagement", "void", "E-2024-01", "--amount", "1200.01", "x"}).status, 1);
  EXPECT_THAT(
      run({"engagement", "add", "--service", "tei", "--kind", "gift", "--amount", "5", "x"}).err,
      HasSubstr("allowed: purchase_order · contract"));
  EXPECT_EQ(run({"engagement", "add", "--service", "tei", "x"}).status, 1); // how much?
  EXPECT_THAT(
      run({"engagement", "add", "--service", "tei", "--amount", "5", "--vendor", "x", "y"}).err,
      HasSubstr("there is no vendor \"x\"; there are: koumbit; add it with"));
  EXPECT_THAT(add({"1h", "--service", "tei", "--engagement", "E-9", "--on", "2024-10-20", "x"}).err,
              HasSubstr("there is no engagement E-9"));
}

TEST_F(LedgerCommands, WarnWhenMoreIsUsedThanEngaged) {
  quote();
  accept();
  add({"11h", "--service", "tei", "--on", "2024-10-20", "--engagement", "E-2024-01", "x"});
  const auto list = run({"engagement", "list"});
  EXPECT_EQ(list.status, 3);
  EXPECT_THAT(list.out, AllOf(HasSubstr("épuisé"), HasSubstr("dépassé de 120,00")));
}

TEST_F(LedgerCommands, SayWhatAServiceCostsAYear) {
  run({"service", "add", "expositions"});
  add({"1h", "--service", "expositions", "--on", "2024-10-20", "x"});
  const auto domain =
      json({"cost", "add", "25.00", "--service", "expositions", "--every", "year", "--on",
            "2024-05-10", "--expires", "2025-05-10", "domaine"})["costs"][0]["id"]
          .get<std::string>();
  run({"cost", "add", "300", "--service", "expositions", "--on", "2024-06-01", "--untaxed",
       "--line", "equipment", "écran"});
  EXPECT_EQ(run({"cost", "add", "5000", "--service", "expositions", "--on", "2024-04-01",
                 "--in-kind", "--every", "year", "--valuation", "Calcul Québec", "allocation"})
                .status,
            0);
  const auto cost = json({"service", "cost", "expositions", "--year", "2024"});
  EXPECT_EQ(cost["hours"]["before_tax_cents"], 12'000);
  EXPECT_EQ(cost["recurring"]["before_tax_cents"], 2'500);
  EXPECT_EQ(cost["one_off"]["net_cents"], 30'000);
  EXPECT_EQ(cost["total"]["before_tax_cents"], 44'500);
  EXPECT_EQ(cost["in_kind_cents"], 500'000);
  EXPECT_THAT(run({"service", "cost", "expositions", "--year", "2024"}).out,
              AllOf(HasSubstr("en nature (mémoire)"), HasSubstr("ne consomme aucun budget")));
  // Spent: hours and costs, net; never what was given.
  EXPECT_EQ(json({"budget", "show", "--year", "2024"})["budgets"][0]["spent_cents"],
            12'832 + 2'673 + 30'000);
  EXPECT_EQ(run({"cost", "end", domain.substr(0, 8), "--on", "2025-05-09", "abandonné"}).status, 0);
  EXPECT_EQ(json({"service", "cost", "expositions", "--year", "2025"})["recurring"]["gross_cents"],
            0);
  EXPECT_EQ(run({"cost", "correct", domain, "--due", "2024-05-10", "erreur"}).status, 0);
  EXPECT_EQ(json({"service", "cost", "expositions", "--year", "2024"})["recurring"]["net_cents"],
            0);
  EXPECT_THAT(run({"cost", "list"}).out, HasSubstr("contre-passe " + domain.substr(0, 8)));
}

TEST_F(LedgerCommands, SayWhatIsWrongWithACost) {
  const auto add_cost = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"cost", "add", "25", "--service", "tei"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  };
  EXPECT_EQ(add_cost({}).status, 2); // what is it?
  EXPECT_THAT(add_cost({"--every", "week", "x"}).err, HasSubstr("allowed: month · quarter · year"));
  EXPECT_EQ(add_cost({"--until", "2024-12-31", "x"}).status, 2);
  EXPECT_EQ(add_cost({"--valuation", "x", "y"}).status, 2);
  EXPECT_EQ(add_cost({"--in-kind", "--fund", "F-1234", "y"}).status, 2);
  EXPECT_THAT(add_cost({"--in-kind", "y"}).err, HasSubstr("the source of its valuation"));
  EXPECT_THAT(add_cost({"--line", "golf", "y"}).err, HasSubstr("there are: equipment · hosting"));
  EXPECT_THAT(run({"cost", "add", "much", "--service", "tei", "x"}).err, HasSubstr("much"));
  EXPECT_THAT(run({"cost", "end", "ffff", "x"}).err, HasSubstr("there is no cost \"ffff\""));
  EXPECT_THAT(run({"cost", "list"}).out, HasSubstr("aucun coût"));
  const std::vector<std::string> twice = {
      "--id", "00000000-0000-4000-8000-000000000001", "--on", "2024-05-01", "--every", "month",
      "x"};
  EXPECT_EQ(add_cost(twice).status, 0);
  EXPECT_THAT(add_cost(twice).out, HasSubstr("déjà inscrit"));
  EXPECT_THAT(run({"cost", "correct", "0000", "x"}).err, HasSubstr("--due"));
}

TEST_F(LedgerCommands, TransferBetweenLines) {
  const auto moved = run({"budget", "transfer", "--year", "2024", "--from", "services", "--to",
                          "equipment", "--amount", "500", "un", "disque"});
  EXPECT_EQ(moved.status, 0) << moved.err;
  EXPECT_THAT(moved.out,
              AllOf(HasSubstr("version 2"), HasSubstr("23\u00a0500,00"), HasSubstr("500,00")));
  EXPECT_EQ(json({"budget", "show", "--year", "2024"})["budgets"][0]["budget_cents"], 2'400'000);
  const auto too_much = run({"budget", "transfer", "--year", "2024", "--from", "equipment", "--to",
                             "travel", "--amount", "500.01", "x"});
  EXPECT_EQ(too_much.status, 1);
  EXPECT_THAT(too_much.err, HasSubstr("equipment holds 500.00 dollars, less than 500.01"));
  EXPECT_EQ(run({"budget", "transfer", "--year", "2024", "--from", "services", "--to", "equipment",
                 "--amount", "5"})
                .status,
            2); // why?
  EXPECT_THAT(run({"budget", "transfer", "--year", "2030", "--from", "services", "--to",
                   "equipment", "--amount", "5", "x"})
                  .err,
              HasSubstr("has no budget for 2030"));
  EXPECT_THAT(run({"budget", "set", "--fund", "F-1234", "--year", "2024", "--amount", "1"}).err,
              HasSubstr("say with --line which of them changes"));
  run({"budget", "set", "--fund", "F-1234", "--year", "2024", "--amount", "600", "--line",
       "equipment"});
  EXPECT_EQ(json({"budget", "show", "--year", "2024"})["budgets"][0]["budget_cents"], 2'410'000);
}

TEST_F(LedgerCommands, KeepDocuments) {
  const auto file = folder_.path() / "devis.pdf";
  core::write_file_atomically(file, std::string("%PDF\0\x01 a quote", 15));
  const auto kept = json({"document", "add", file.string()})["documents"][0];
  EXPECT_EQ(kept["media_type"], "application/pdf");
  EXPECT_EQ(kept["bytes"], 15);
  EXPECT_EQ(json({"document", "add", file.string()})["documents"][0], kept); // once
  const auto back = folder_.path() / "back.pdf";
  const auto prefix = kept["sha256"].get<std::string>().substr(0, 6);
  EXPECT_EQ(run({"document", "show", prefix, "--output", back.string()}).status, 0);
  EXPECT_EQ(core::read_file(back), core::read_file(file));
  EXPECT_THAT(run({"document", "show"}).out, HasSubstr("devis.pdf"));
  EXPECT_THAT(run({"document", "show", "zz"}).err, HasSubstr("there is no document \"zz\""));
  EXPECT_EQ(run({"document", "add", "/nonexistent"}).status, 1);
  std::filesystem::resize_file(file, (32u << 20) + 1);
  EXPECT_THAT(run({"document", "add", file.string()}).err, HasSubstr("at most 33554432 (32 MiB)"));
}

TEST_F(LedgerCommands, CloseAMonthAndServeWhatWasKept) {
  add({"1h", "--service", "tei", "--on", "2024-10-20", "--by", "sysadmin", "mise à jour"});
  const auto closed = run({"month", "close", "2024-10"});
  ASSERT_EQ(closed.status, 0) << closed.err;
  EXPECT_THAT(closed.out, HasSubstr("2024-10 · clos par postgres"));
  const auto month = json({"month", "list"})["months"][0];
  EXPECT_EQ(month["reports"].size(), 14U); // seven forms in two languages
  const auto report = [&](const char* format = "json") {
    return run({"report", "monthly", "2024-10", "--format", format}).out;
  };
  const auto before = report();
  const auto pdf = report("pdf");
  const auto book = report("xlsx");
  EXPECT_EQ(nlohmann::json::parse(before)["status"], "closed");
  // Late work changes nothing of what was reported.
  add({"2h", "--service", "tei", "--on", "2024-10-21", "tard"});
  run({"budget", "set", "--fund", "F-1234", "--year", "2024", "--amount", "1"});
  EXPECT_EQ(report(), before);
  EXPECT_EQ(report("pdf"), pdf);
  EXPECT_EQ(report("xlsx"), book);
  EXPECT_THAT(run({"month", "close", "2024-10"}).err, HasSubstr("already closed"));
  EXPECT_EQ(run({"month", "close", "2199-01"}).status, 1);
  EXPECT_EQ(run({"month", "close"}).status, 2);
  EXPECT_EQ(run({"month", "sign", "2024-10"}).status, 2);
  const auto prepared = run({"month", "sign", "2024-10", "--prepared", "--comment", "vu"});
  EXPECT_EQ(prepared.status, 0) << prepared.err;
  EXPECT_THAT(prepared.out, HasSubstr("préparé par postgres"));
  EXPECT_THAT(run({"month", "sign", "2024-10", "--approved"}).err,
              HasSubstr("a second person must"));
}

TEST_F(LedgerCommands, CloseAMonthWithoutABrowser) {
  add({"1h", "--service", "tei", "--on", "2024-10-20", "--by", "sysadmin", "mise à jour"});
  const std::string path = std::getenv("PATH");
  ASSERT_EQ(::setenv("PATH", folder_.path().c_str(), 1), 0);
  const auto closed = run({"month", "close", "2024-10"});
  const auto refused = run({"report", "monthly", "2024-10", "--format", "pdf"});
  const auto rest = run({"report", "monthly", "2024-10", "--format", "pdf,csv", "--output",
                         (folder_.path() / "rest").string()});
  ASSERT_EQ(::setenv("PATH", path.c_str(), 1), 0);
  EXPECT_EQ(closed.status, 3) << closed.err;
  EXPECT_THAT(closed.err, HasSubstr("sans PDF : a PDF needs Debian's package chromium"));
  EXPECT_EQ(json({"month", "list"})["months"][0]["reports"].size(), 12U);
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("chromium"));
  EXPECT_EQ(rest.status, 3);
  EXPECT_THAT(rest.err, HasSubstr("chromium"));
  EXPECT_THAT(rest.out, HasSubstr("2024-10-F-1234-fr.csv"));
  // What was kept is printed, and not what the ledger says now.
  const auto first = run({"report", "monthly", "2024-10", "--format", "pdf"});
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_TRUE(first.out.starts_with("%PDF-"));
  run({"budget", "set", "--fund", "F-1234", "--year", "2024", "--amount", "1"});
  EXPECT_EQ(run({"report", "monthly", "2024-10", "--format", "pdf"}).out, first.out);
}

TEST_F(LedgerCommands, ExportAndVerify) {
  add({"1h", "--service", "tei", "--on", "2024-10-20", "x"});
  const auto file = folder_.path() / "ledger.jsonl";
  EXPECT_THAT(run({"ledger", "export", "--output", file.string()}).out, HasSubstr("1 entries, "));
  EXPECT_EQ(run({"ledger", "export"}).out, core::read_file(file));
  EXPECT_EQ(run({"ledger", "export", "--output", "/nonexistent/x"}).status, 1);
  EXPECT_THAT(run({"ledger", "verify"}).out, HasSubstr("0 faults"));
}

TEST_F(LedgerCommands, AnswerInJson) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"quote", "show"},
                                             {"engagement", "list"},
                                             {"cost", "list"},
                                             {"month", "list"},
                                             {"document", "show"},
                                             {"service", "cost", "expositions"}}) {
    EXPECT_TRUE(json(arguments).is_object()) << arguments[0];
  }
}

} // namespace
} // namespace intendance::billing
