// SPDX-License-Identifier: AGPL-3.0-or-later
// Invoices from their paper to their payment, as a person gives them.
#include "billing/report/voice.hpp"
#include "tests/billing/commands_fixture.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class InvoiceCommands : public CommandsTest {
protected:
  InvoiceCommands() {
    set_up_ledger();
    run({"service", "add", "tei"});
  }
  void log(const std::string& day, const std::string& work,
           const std::string& service = "expositions",
           const std::string& activity = "maintenance") {
    ASSERT_EQ(add({work, "--service", service, "--activity", activity, "--on", day, "x"}).status,
              0);
  }
  Answer bill(const std::string& number, std::vector<std::string> more) {
    std::vector<std::string> arguments = {"invoice",
                                          "add",
                                          number,
                                          "--dated",
                                          "2024-11-05",
                                          "--period",
                                          "2024-10",
                                          "--terms",
                                          "30 jours",
                                          "--buyer",
                                          "Université de Montréal",
                                          "--tps-number",
                                          "123456789 RT0001",
                                          "--tvq-number",
                                          "1234567890 TQ0001"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  Answer bill_ten_hours() {
    return bill("117", {"--line", "hours;expositions;maintenance;10h;1200.00"});
  }
  static std::vector<std::string> kinds(const nlohmann::json& reconciliation) {
    std::vector<std::string> kinds;
    for (const auto& mismatch : reconciliation["reconciliation"]["mismatches"])
      kinds.push_back(mismatch["kind"]);
    return kinds;
  }
};

TEST_F(InvoiceCommands, RecordTaxesRebatesAndWhatIsOwed) {
  const auto answer = bill_ten_hours();
  EXPECT_EQ(answer.status, 0) << answer.err;
  EXPECT_THAT(answer.out, AllOf(HasSubstr("117 · koumbit · 5 nov. 2024"),
                                HasSubstr("1\u00a0379,70\u00a0$"), HasSubstr("à payer")));
  const auto shown = json({"invoice", "show", "117"})["invoice"];
  EXPECT_EQ(shown["before_tax_cents"], 120'000);
  EXPECT_EQ(shown["tps_cents"], 6'000);
  EXPECT_EQ(shown["tvq_cents"], 11'970);
  EXPECT_EQ(shown["rebate_cents"], 4'020 + 5'626); // 67 % and 47 %, half a cent up
  EXPECT_EQ(shown["net_cents"], 137'970 - 9'646);
  EXPECT_EQ(shown["tps_number"], "123456789RT0001");
  EXPECT_TRUE(shown["missing"].empty());
}

TEST_F(InvoiceCommands, NameWhatAnInvoiceLacks) {
  const auto answer = run({"invoice", "add", "1", "--dated", "2024-11-05", "--period", "2024-10",
                           "--line", "adjustment;10.00;x"});
  EXPECT_EQ(answer.status, 3);
  EXPECT_THAT(answer.out, AllOf(HasSubstr("il y manque : numéro de TPS du fournisseur"),
                                HasSubstr("numéro de TVQ"), HasSubstr("il y manque : acheteur"),
                                HasSubstr("modalités de paiement ou échéance")));
}

TEST_F(InvoiceCommands, RefuseWhatCannotBe) {
  EXPECT_THAT(bill("1", {"--line", "adjustment;10.00;x", "--total", "12.00"}).err,
              HasSubstr("come to 11.50, not to 12.00"));
  EXPECT_EQ(bill("1", {}).status, 2);
  EXPECT_EQ(bill("1", {"--line", "adjustment;10.00;x", "--lines", "x.csv"}).status, 2);
  EXPECT_EQ(bill("1", {"--line", "golf"}).status, 2);
  EXPECT_EQ(
      run({"invoice", "add", "1", "--dated", "2024-11-05", "--line", "adjustment;10.00;x"}).status,
      2);
  EXPECT_EQ(
      run({"invoice", "add", "1", "--period", "2024-10", "--line", "adjustment;10.00;x"}).status,
      2);
  EXPECT_EQ(run({"invoice", "add", "1", "--dated", "2199-11-05", "--period", "2024-10", "--line",
                 "adjustment;10.00;x"})
                .status,
            1);
  core::write_file_atomically(folder_.path() / "lines.csv",
                              "kind,service,hours,amount\n,nuage,1,120.00\n,tei,-,120.00\n");
  const auto lines = bill("1", {"--lines", (folder_.path() / "lines.csv").string()});
  EXPECT_EQ(lines.status, 1);
  EXPECT_THAT(lines.err, AllOf(HasSubstr("lines.csv:2:2: service: there is no service \"nuage\""),
                               HasSubstr("lines.csv:3:6: hours"),
                               HasSubstr("nothing was recorded: 2 faults")));
  EXPECT_THAT(run({"invoice", "list"}).out, HasSubstr("aucune facture"));
  EXPECT_THAT(run({"invoice", "show", "1"}).err,
              HasSubstr("there is no invoice \"1\" of koumbit; the newest: none yet"));
}

TEST_F(InvoiceCommands, RecordARetryOnceAndVoidAMistake) {
  const std::vector<std::string> once = {"--line", "adjustment;10.00;x", "--id",
                                         "00000000-0000-4000-8000-000000000001"};
  bill("1", once);
  EXPECT_THAT(bill("1", once).out, HasSubstr("déjà inscrite : rien n'a été ajouté"));
  EXPECT_THAT(bill("2", once).err, HasSubstr("is already that of the invoice 1"));
  EXPECT_THAT(bill("1", {"--line", "adjustment;10.00;x"}).err,
              HasSubstr("has already been recorded; void that one first"));
  EXPECT_EQ(run({"invoice", "void", "1"}).status, 2);
  EXPECT_THAT(run({"invoice", "void", "1", "mal", "tapée"}).out, HasSubstr("annulée : mal tapée"));
  EXPECT_THAT(run({"invoice", "void", "1", "x"}).err, HasSubstr("already been voided"));
  EXPECT_THAT(run({"invoice", "reconcile", "1"}).err, HasSubstr("was voided: mal tapée"));
  EXPECT_EQ(json({"invoice", "list"})["invoices"].size(), 0U);
  EXPECT_EQ(json({"invoice", "list", "--all"})["invoices"].size(), 1U);
  EXPECT_EQ(bill("1", {"--line", "adjustment;11.00;x"}).status, 0); // its number is free again
  EXPECT_EQ(json({"invoice", "show", "1"})["invoice"]["before_tax_cents"], 1'100);
}

TEST_F(InvoiceCommands, ArePaidInPartsAndTakenBack) {
  bill_ten_hours();
  EXPECT_THAT(run({"invoice", "pay", "117", "--amount", "379.70", "--on", "2024-11-10"}).out,
              HasSubstr("payée en partie"));
  EXPECT_THAT(run({"invoice", "pay", "117", "--amount", "1000.01", "--on", "2024-11-10"}).err,
              HasSubstr("would be paid"));
  EXPECT_EQ(json({"invoice", "list", "--unpaid"})["invoices"].size(), 1U);
  const std::vector<std::string> rest = {"invoice",
                                         "pay",
                                         "117",
                                         "--on",
                                         "2024-11-20",
                                         "--reference",
                                         "virement 4471",
                                         "--amount",
                                         "1000.00",
                                         "--id",
                                         "00000000-0000-4000-8000-000000000009"};
  EXPECT_THAT(run(rest).out, AllOf(HasSubstr("payée"), HasSubstr("virement 4471")));
  EXPECT_THAT(run(rest).out, HasSubstr("déjà inscrit : rien n'a été ajouté"));
  EXPECT_EQ(json({"invoice", "list", "--unpaid"})["invoices"].size(), 0U);
  EXPECT_THAT(run({"invoice", "pay", "117"}).err, HasSubstr("is paid already"));
  EXPECT_THAT(run({"invoice", "void", "117", "x"}).err, HasSubstr("reverse its payment first"));
  EXPECT_THAT(run({"invoice", "unpay", "117", "0000000", "autre facture"}).out,
              HasSubstr("↩ 00000000"));
  EXPECT_THAT(run({"invoice", "unpay", "117", "zzz", "x"}).err,
              HasSubstr("no payment of the invoice 117 begins with \"zzz\""));
  EXPECT_EQ(json({"invoice", "show", "117"})["invoice"]["paid_cents"], 37'970);
}

TEST_F(InvoiceCommands, AreReconciledWithWhatWasLogged) {
  log("2024-10-02", "6h");
  log("2024-10-20", "4h");
  bill_ten_hours();
  const auto tried = json({"invoice", "reconcile", "117", "--dry-run"});
  EXPECT_EQ(tried["reconciliation"]["matches_kept"], 0);
  const auto answer = run({"invoice", "reconcile", "117"});
  EXPECT_EQ(answer.status, 0) << answer.err << answer.out;
  EXPECT_THAT(answer.out,
              AllOf(HasSubstr("✓ 0001, 0002"), HasSubstr("lignes appariées : 1 de 1 · écart 0,00"),
                    HasSubstr("taxes exactes, calculées sur le total de la facture")));
  EXPECT_EQ(json({"invoice", "reconcile", "117"})["reconciliation"]["matches_kept"],
            0); // they are kept already
  // Work that a later invoice bills again is seen.
  bill("118", {"--line", "hours;expositions;maintenance;4h;480.00"});
  EXPECT_EQ(kinds(json({"invoice", "reconcile", "118"})), std::vector<std::string>{"never_logged"});
  EXPECT_THAT(run({"invoice", "unmatch", "117", "--line", "1", "autre", "facture"}).out,
              HasSubstr("défaits : 2"));
  EXPECT_TRUE(kinds(json({"invoice", "reconcile", "118", "--dry-run"})) ==
              std::vector<std::string>{"unbilled_entry"});
  EXPECT_TRUE(json({"ledger", "verify"})["faults"].empty());
}

TEST_F(InvoiceCommands, NameEveryMismatch) {
  log("2024-10-02", "6h");
  log("2024-10-03", "1h", "tei");
  log("2024-10-04", "2h", "tei", "development");
  bill("117", {"--line", "hours;expositions;maintenance;6h30;780.00", "--line",
               "hours;tei;maintenance;1h;125.00", "--line", "hours;tei;incident;3h;360.00",
               "--line", "adjustment;60.00;trimestre", "--tps", "66.25", "--tvq", "132.20"});
  const auto answer = run({"invoice", "reconcile", "117"});
  EXPECT_EQ(answer.status, 3);
  EXPECT_THAT(answer.out, HasSubstr(french_typography(
                              "ligne 1 : durée : facturé 6\u00a0h\u00a030, inscrit 6\u00a0h")));
  EXPECT_THAT(answer.out,
              HasSubstr(french_typography(
                  "ligne 2 : taux : facturé 125,00\u00a0$/h, inscrit 120,00\u00a0$/h")));
  EXPECT_THAT(answer.out,
              HasSubstr(french_typography("ligne 3 : facturé 3\u00a0h, jamais inscrit")));
  EXPECT_THAT(answer.out, HasSubstr(french_typography(
                              "ligne 4 : arrondi à l'heure hors d'une fin de trimestre")));
  EXPECT_THAT(answer.out, HasSubstr(french_typography(
                              "entrée 0003 : inscrite, mais non facturée (4 oct. 2024 · tei "
                              "· development · 2\u00a0h)")));
  EXPECT_THAT(
      answer.out,
      HasSubstr(french_typography(
          "TVQ : facturé 132,20 $, aucune méthode permise ne le donne ; au plus près 132,18")));
  EXPECT_THAT(run({"invoice", "reconcile", "117"}, "en").out, HasSubstr("QST: billed $132.20"));
  EXPECT_EQ(run({"invoice", "match", "117", "--line", "1"}).status, 2);
  EXPECT_EQ(run({"invoice", "match", "117", "0001"}).status, 2);
  EXPECT_THAT(run({"invoice", "match", "117", "--line", "9", "0001"}).err,
              HasSubstr("has no line 9; its lines are 1 to 4"));
  EXPECT_THAT(run({"invoice", "match", "117", "--line", "1", "0099"}).err,
              HasSubstr("there is no entry 0099"));
  run({"invoice", "match", "117", "--line", "3", "0003"}); // by hand: another activity
  EXPECT_THAT(run({"invoice", "reconcile", "117"}).out,
              AllOf(Not(HasSubstr("jamais inscrit")),
                    HasSubstr(french_typography("ligne 3 : durée : facturé 3"))));
}

TEST_F(InvoiceCommands, BillCostsAndQuarters) {
  run({"cost", "add", "25.00", "--service", "tei", "--vendor", "koumbit", "--on", "2024-11-10",
       "domaine"});
  ASSERT_EQ(add({"1h10", "--service", "tei", "--on", "2024-11-20", "x"}).status, 0);
  const auto added = run({"invoice",
                          "add",
                          "119",
                          "--dated",
                          "2024-12-03",
                          "--period",
                          "2024-11",
                          "--due",
                          "2025-01-03",
                          "--buyer",
                          "UdeM",
                          "--tps-number",
                          "123456789RT0001",
                          "--tvq-number",
                          "1234567890TQ0001",
                          "--line",
                          "cost;tei;25.00;domaine",
                          "--line",
                          "hours;tei;;1h10;140.00",
                          "--line",
                          "adjustment;100.00;trimestre arrondi à l'heure"});
  EXPECT_EQ(added.status, 0) << added.err;
  const auto answer = run({"invoice", "reconcile", "119"});
  EXPECT_EQ(answer.status, 0) << answer.out << answer.err;
  EXPECT_THAT(answer.out, HasSubstr("✓ trimestre arrondi à l'heure : 50\u00a0min"));
  EXPECT_EQ(json({"invoice", "reconcile", "119"})["reconciliation"]["lines_matched"], 3);
}

// A month as the co-op bills it: a line for each service and kind of work, a few by day, a cost;
// with what goes wrong in one month of twenty.
TEST_F(InvoiceCommands, NearlyAllMatchByThemselvesInARealisticMonth) {
  const std::vector<std::string> services = {"expositions", "tei",  "nuage",
                                             "site",        "wiki", "carto"};
  const std::vector<std::string> activities = {"maintenance", "development", "incident", "advice"};
  std::string sheet = "date,user,service,activity,comment,hours\n";
  std::string lines = "service,activity,day,hours,amount\n";
  int billed = 0;
  for (std::size_t s = 0; s < services.size(); ++s) {
    run({"service", "add", services[s]});
    for (std::size_t a = 0; a < activities.size(); ++a) {
      int sum = 0;
      for (int part = 0; part < 1 + static_cast<int>((s * 5 + a) % 4); ++part) {
        const int minutes =
            15 + static_cast<int>((s * 37 + a * 11 + static_cast<std::size_t>(part) * 23) % 8) * 15;
        const auto day =
            fmt::format("2024-10-{:02}", 1 + (static_cast<int>(s + a) * 7 + part * 3) % 31);
        sheet += fmt::format("{},sysadmin,{},{},tâche {},{}:{:02}\n", day, services[s],
                             activities[a], part, minutes / 60, minutes % 60);
        if (a == 3) { // advice is billed by the day
          lines += fmt::format("{},{},{},{}:{:02},{}.00\n", services[s], activities[a], day,
                               minutes / 60, minutes % 60, minutes * 2);
          ++billed;
        }
        sum += minutes;
      }
      if (a == 3) continue;
      lines += fmt::format("{},{},,{}:{:02},{}.00\n", services[s], activities[a], sum / 60,
                           sum % 60, sum * 2);
      ++billed;
    }
  }
  lines += "wiki,incident,2024-10-30,2:00,240.00\n"; // never logged
  core::write_file_atomically(folder_.path() / "sheet.csv", sheet);
  core::write_file_atomically(folder_.path() / "lines.csv", lines);
  const auto imported =
      run({"hours", "import", (folder_.path() / "sheet.csv").string(), "--source", "redmine"});
  ASSERT_EQ(imported.status, 0) << imported.err;
  ASSERT_EQ(bill("117", {"--lines", (folder_.path() / "lines.csv").string()}).status, 0);
  const auto reconciliation = json({"invoice", "reconcile", "117"})["reconciliation"];
  EXPECT_EQ(reconciliation["lines_matched"], billed);
  EXPECT_GE(reconciliation["lines_matched"].get<double>() / (billed + 1), 0.95);
  ASSERT_EQ(reconciliation["mismatches"].size(), 1U) << reconciliation["mismatches"].dump();
  EXPECT_EQ(reconciliation["mismatches"][0]["kind"], "never_logged");
}

} // namespace
} // namespace intendance::billing
