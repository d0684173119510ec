// SPDX-License-Identifier: AGPL-3.0-or-later
// The forms of a report as other programs read them.
#include "billing/report/pdf.hpp"
#include "billing/report/render.hpp"
#include "core/file.hpp"
#include "core/process.hpp"
#include "tests/billing/sample_report.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <ctime>

namespace intendance::billing {
namespace {

using core::Language;
using testing::HasSubstr;
using Words = std::vector<std::string>;

class Forms : public testing::Test {
protected:
  std::string write(const std::string& name, const std::string& bytes) {
    const auto file = folder_.path() / name;
    core::write_file_atomically(file, bytes);
    return file.string();
  }
  // What the program prints; a failed expectation when it finds fault.
  static std::string answer(const Words& program) {
    std::string out;
    try {
      core::run_program(program, [&](core::ByteView bytes) { out += core::as_text(bytes); }, {});
    } catch (const core::Error& error) {
      ADD_FAILURE() << error.what() << "\n" << out;
    }
    return out;
  }
  static std::string read_form(Words arguments) {
    Words program = {"/usr/bin/python3", READ_FORMS};
    program.insert(program.end(), arguments.begin(), arguments.end());
    return answer(program);
  }

  core::TemporaryDirectory folder_;
};

TEST_F(Forms, HtmlStandsAloneAndIsAccessible) {
  read_form({"html", write("fr.html", render_html(sample_report(), Language::french)), "fr-CA"});
  read_form({"html", write("en.html", render_html(sample_report(), Language::english)), "en-CA"});
}

TEST_F(Forms, HtmlOfAnEmptyMonthIsWhole) {
  MonthlyReport report;
  report.month = parse_month("2026-04");
  report.drawn_up = report.balance.as_of = core::parse_date("2026-04-30");
  report.balance.year = fiscal_year(2026, 4);
  report.forecast.year = report.balance.year;
  report.assessment = assess(report);
  for (const auto language : {Language::french, Language::english}) {
    EXPECT_THAT(render_html(report, language), HasSubstr("</html>"));
    EXPECT_FALSE(render_xlsx(report, language).empty());
    EXPECT_FALSE(render_hledger(report, language).empty());
  }
}

TEST_F(Forms, HtmlEscapesWhatPeopleWrote) {
  auto report = sample_report();
  report.entries[0].description = "<script>alert(1)</script> & \"x\"";
  report.balance.fund.label = "<b>";
  const auto html = render_html(report, Language::french);
  EXPECT_THAT(html, testing::Not(HasSubstr("<script")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot;"));
}

TEST_F(Forms, XlsxHoldsNumbersDatesAndNoFormulas) {
  const auto book = nlohmann::json::parse(
      read_form({"xlsx", write("report.xlsx", render_xlsx(sample_report(), Language::english))}));
  const nlohmann::json* entries = nullptr;
  for (const auto& [name, rows] : book.items()) {
    if (name.find("Entries of the mon") != std::string::npos) entries = &rows;
  }
  ASSERT_NE(entries, nullptr) << book.dump();
  ASSERT_EQ(entries->size(), 6U); // the header, four entries, the total
  EXPECT_EQ((*entries)[1][1], "2026-10-12");
  EXPECT_EQ((*entries)[1][5], "=HYPERLINK(\"http://example.org\"; \"cliquez\")");
  EXPECT_EQ((*entries)[1][6], 120);
  EXPECT_EQ((*entries)[1][8], 240.0);
  EXPECT_EQ((*entries)[0][6], "Time (min)");
}

TEST_F(Forms, XlsxIsTheSameInAnotherTimeZone) {
  const auto first = render_xlsx(sample_report(), Language::french);
  ASSERT_EQ(::setenv("TZ", "Asia/Tokyo", 1), 0);
  ::tzset();
  const auto second = render_xlsx(sample_report(), Language::french);
  ::unsetenv("TZ");
  ::tzset();
  EXPECT_EQ(first, second);
}

TEST_F(Forms, PdfIsTaggedAndNamed) {
  const struct {
    Language language;
    const char* code;
    const char* title;
  } cases[] = {{Language::french, "fr-CA", "Rapport mensuel — octobre 2026 — F-1234"},
               {Language::english, "en-CA", "Monthly report — October 2026 — F-1234"}};
  for (const auto& each : cases) {
    const auto pdf = render_pdf(sample_report(), each.language);
    if (const char* folder = std::getenv("KEEP_PDF")) { // to be looked at
      core::write_file_atomically(std::filesystem::path(folder) / (std::string(each.code) + ".pdf"),
                                  pdf);
    }
    read_form({"pdf", write("report.pdf", pdf), each.code, each.title});
  }
}

TEST_F(Forms, PdfOfTheSameReportIsTheSame) {
  EXPECT_EQ(render_pdf(sample_report(), Language::french),
            render_pdf(sample_report(), Language::french));
}

TEST_F(Forms, WithoutABrowserAllElseIsMade) {
  const std::string path = std::getenv("PATH");
  ASSERT_EQ(::setenv("PATH", folder_.path().c_str(), 1), 0);
  const auto rendered =
      render_files(sample_report(), {Language::french, Language::english}, parse_formats("all"));
  ASSERT_EQ(::setenv("PATH", path.c_str(), 1), 0);
  EXPECT_EQ(rendered.files.size(), 2 * (report_formats().size() - 1));
  ASSERT_EQ(rendered.missing.size(), 2U);
  EXPECT_THAT(rendered.missing[0], HasSubstr("chromium"));
}

} // namespace
} // namespace intendance::billing
