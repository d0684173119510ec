// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/columns.hpp"
#include "billing/report/render.hpp"
#include "core/error.hpp"
#include "core/file.hpp"
#include "tests/billing/sample_report.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <sstream>

namespace intendance::billing {
namespace {

using core::Language;

// ACCEPT_GOLDEN=1 writes what is rendered instead of comparing; look at the difference before
// committing it.
void expect_golden(const std::string& name, const std::string& text) {
  const std::filesystem::path file = std::filesystem::path(GOLDEN) / name;
  if (std::getenv("ACCEPT_GOLDEN") != nullptr) core::write_file_atomically(file, text);
  EXPECT_EQ(core::read_file(file), text) << "ACCEPT_GOLDEN=1 accepts it as " << name;
}

TEST(RenderReport, GivesTheAcceptedText) {
  expect_golden("report.fr.txt", render_text(sample_report(), Language::french));
  expect_golden("report.en.txt", render_text(sample_report(), Language::english));
}

TEST(RenderReport, GivesTheAcceptedJson) {
  expect_golden("report.json", render_json(sample_report(), Language::french));
}

TEST(RenderReport, GivesTheAcceptedHtml) {
  expect_golden("report.fr.html", render_html(sample_report(), Language::french));
  expect_golden("report.en.html", render_html(sample_report(), Language::english));
}

TEST(RenderReport, GivesTheAcceptedJournal) {
  expect_golden("report.fr.journal", render_hledger(sample_report(), Language::french));
  expect_golden("report.en.journal", render_hledger(sample_report(), Language::english));
}

TEST(RenderReport, GivesTheAcceptedCsv) {
  expect_golden("report.csv", render_csv(sample_report(), Language::french));
  EXPECT_EQ(render_csv(sample_report(), Language::french),
            render_csv(sample_report(), Language::english));
}

TEST(RenderText, KeepsToEightyColumns) {
  auto report = sample_report(); // up to ten million dollars
  report.balance.fund.label = std::string(200, 'x');
  report.lines[0].service.label_french = std::string(200, 'y');
  report.lines[0].activity.label_french = std::string(200, 'z');
  report.lines[0].year_amount = report.balance.total.before_tax = Cents(899'999'999);
  report.balance.budget = Cents(99'999'999'999);
  std::istringstream lines(render_text(report, Language::french));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns(line), 80U) << line;
}

TEST(RenderText, SaysWhenTheBudgetIsOverspentOrAbsent) {
  auto report = sample_report();
  report.balance.budget = report.balance.spent() - Cents(1);
  EXPECT_NE(render_text(report, Language::english).find("The budget is overspent."),
            std::string::npos);
  report.balance.budget = report.balance.spent(); // exactly all of it is not too much
  EXPECT_EQ(render_text(report, Language::english).find("overspent"), std::string::npos);
  report.balance.budget.reset();
  report.affordable.reset();
  EXPECT_NE(render_text(report, Language::french).find("Aucun budget"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(render_json(report, Language::french))["available_cents"],
            nullptr);
}

TEST(RenderText, TellsAClosedMonthFromAProvisionalOne) {
  auto report = sample_report();
  EXPECT_NE(render_text(report, Language::french).find("PROVISOIRE"), std::string::npos);
  report.status = ReportStatus::closed;
  EXPECT_EQ(render_text(report, Language::french).find("PROVISOIRE"), std::string::npos);
}

TEST(RenderCsv, LetsNoSpreadsheetRunAText) {
  auto report = sample_report();
  report.entries.resize(1);
  for (const char* text : {"=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1+1"}) {
    report.entries[0].description = text;
    EXPECT_NE(render_csv(report, Language::french).find(std::string(",'") + text + ","),
              std::string::npos)
        << text;
  }
  report.entries[0].description = "a \"quoted\", word";
  EXPECT_NE(render_csv(report, Language::french).find(",\"a \"\"quoted\"\", word\","),
            std::string::npos);
}

TEST(RequireFormat, NamesThoseThereAre) {
  EXPECT_EQ(require_format("csv").render, render_csv);
  try {
    require_format("docx");
    FAIL();
  } catch (const core::ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("text · html · pdf · json · csv · xlsx · hledger"),
              std::string::npos);
  }
}

} // namespace
} // namespace intendance::billing
