// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/invoices/lines.hpp"
#include "core/error.hpp"

#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

using testing::HasSubstr;

class InvoiceLines : public ::testing::Test {
protected:
  InvoiceLine line(const std::string& text) { return parse_invoice_line(text, terms_); }
  std::string refusal(const std::string& text) {
    try {
      line(text);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "accepted";
  }
  std::vector<InvoiceLine> read(const std::string& text) {
    faults_ = InputFaults();
    return read_invoice_lines(parse_csv(text, faults_), terms_, faults_);
  }

  LineTerms terms_{{{"tei", "TEI Publisher", "TEI Publisher"}},
                   {{"maintenance", "maintenance", "maintenance"}},
                   {{"F", "", "", "grant", 4}, {"G", "", "", "grant", 4}},
                   "F"};
  InputFaults faults_;
};

TEST_F(InvoiceLines, AreTyped) {
  const auto hours = line("hours;tei;maintenance;10h30;1 260,00;travaux d'octobre;2024-10-05");
  EXPECT_EQ(hours.work, Minutes(630));
  EXPECT_EQ(hours.amount, Cents(126'000));
  EXPECT_EQ(hours.description, "travaux d'octobre");
  EXPECT_EQ(core::format_date(*hours.worked_on), "2024-10-05");
  EXPECT_EQ(hours.fund, "F");
  const auto any = line("heures;;;1.5;180.00");
  EXPECT_FALSE(any.service || any.activity || any.worked_on);
  EXPECT_EQ(line("cost; TEI Publisher ;25.00;domaine").service, "tei");
  const auto credit = line("hours;tei;maintenance;-1h;-120.00");
  EXPECT_EQ(credit.work, Minutes(-60));
  EXPECT_EQ(credit.amount, Cents(-12'000));
  EXPECT_EQ(line("adjustment;\u221210.00;rabais").amount, Cents(-1'000));
}

TEST_F(InvoiceLines, ThatCannotBeAreRefused) {
  EXPECT_THAT(refusal("gift;tei"),
              HasSubstr("\"gift\" is not a kind of line; allowed: hours · cost · adjustment"));
  EXPECT_THAT(refusal("hours;tei;maintenance;10h"),
              HasSubstr("is not a line; allowed: hours;SERVICE;ACTIVITY"));
  EXPECT_THAT(refusal("hours;tei;golf;10h;1200.00"),
              HasSubstr("there is no activity \"golf\"; there are: maintenance"));
  EXPECT_THAT(refusal("hours;tei;maintenance;0;1200.00"),
              HasSubstr("a line of hours needs its hours"));
  EXPECT_THAT(refusal("hours;tei;maintenance;1h;-120.00"), HasSubstr("different signs"));
  EXPECT_THAT(refusal("hours;tei;maintenance;1h;12.0"), HasSubstr("is not an amount"));
  EXPECT_THAT(refusal("adjustment;118.00;"), HasSubstr("an adjustment says why"));
}

TEST_F(InvoiceLines, AreReadFromATable) {
  const auto lines = read("Genre;Service;Activité;Heures;Montant;Description;Date;Fonds\n"
                          ";TEI Publisher;maintenance;1,5;180,00;\"a\nb\";2024-10-05;G\n"
                          "coût;tei;;;25,00;domaine;;\n"
                          "ajustement;;;;60,00;arrondi;;\n");
  ASSERT_EQ(lines.size(), 3U) << faults_.text("f");
  EXPECT_EQ(lines[0].kind, LineKind::hours);
  EXPECT_EQ(lines[0].work, Minutes(90));
  EXPECT_EQ(lines[0].fund, "G");
  EXPECT_EQ(lines[0].description, "a b");
  EXPECT_EQ(lines[1].kind, LineKind::cost);
  EXPECT_EQ(lines[2].number, 3);
  EXPECT_EQ(lines[2].amount, Cents(6'000));
}

TEST_F(InvoiceLines, OfATableAreRefusedTogether) {
  EXPECT_TRUE(read("kind,service,hours,amount,fund\n,nuage,1,120,F\n,tei,x,120,F\nhours,tei,,120,"
                   "F\n,tei,,120,F\n,tei,1,12.345,H\n")
                  .empty());
  const auto text = faults_.text("f");
  EXPECT_THAT(text, HasSubstr("f:2:2: service: there is no service \"nuage\""));
  EXPECT_THAT(text, HasSubstr("f:3:6: hours: \"x\" is not a duration"));
  EXPECT_THAT(text, HasSubstr("a line of hours needs its hours"));
  EXPECT_THAT(text, HasSubstr("f:5:1: kind: say what kind of line this is"));
  EXPECT_THAT(text, HasSubstr("amount: \"12.345\" is not an amount"));
  EXPECT_THAT(text, HasSubstr("there is no fund \"H\"; there are: F · G"));
  read("kind,service\n");
  EXPECT_THAT(faults_.text("f"),
              HasSubstr("no column holds the amount; known headings: amount · montant"));
}

} // namespace
} // namespace intendance::billing
