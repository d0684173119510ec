// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/dates.hpp"
#include "billing/ledger/uuid.hpp"
#include "core/command.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

#include <set>

namespace intendance::billing {
namespace {

using core::format_date;
using core::Language;
using core::parse_date;

TEST(FiscalYear, BeginsInItsFirstMonthAndEndsTheDayBefore) {
  const auto grant = fiscal_year(2026, 4);
  EXPECT_EQ(format_date(grant.days.from), "2026-04-01");
  EXPECT_EQ(format_date(grant.days.to), "2027-03-31");
  const auto calendar = fiscal_year(2027, 1);
  EXPECT_EQ(format_date(calendar.days.to), "2027-12-31");
  EXPECT_EQ(format_date(fiscal_year(2027, 3).days.to), "2028-02-29");
}

TEST(FiscalYear, IsNamedByTheYearInWhichItStarts) {
  EXPECT_EQ(fiscal_year_of(parse_date("2027-03-31"), 4).year, 2026);
  EXPECT_EQ(fiscal_year_of(parse_date("2027-04-01"), 4).year, 2027);
  EXPECT_EQ(fiscal_year_of(parse_date("2027-04-30"), 5).year, 2026);
  EXPECT_EQ(fiscal_year_of(parse_date("2026-01-01"), 1).year, 2026);
}

TEST(Month, IsReadStrictlyAndKnowsItsDays) {
  EXPECT_EQ(month_code(parse_month("2026-02")), "2026-02");
  EXPECT_EQ(format_date(days_of(parse_month("2028-02")).to), "2028-02-29");
  for (const char* text : {"2026-13", "2026-00", "2026-1", "2026", "2026/11", "november", ""}) {
    EXPECT_THROW(parse_month(text), core::Error) << text;
  }
}

TEST(Day, IsWrittenAsPeopleWriteIt) {
  const auto first = parse_date("2026-04-01");
  EXPECT_EQ(long_day(first, Language::french), "1ᵉʳ avril 2026");
  EXPECT_EQ(long_day(first, Language::english), "1 April 2026");
  EXPECT_EQ(short_day(parse_date("2026-08-23"), Language::french), "23 août 2026");
  EXPECT_EQ(short_day(parse_date("2026-12-02"), Language::english), "2 Dec 2026");
  EXPECT_EQ(month_title(parse_month("2026-02"), Language::french), "février 2026");
}

TEST(Uuid, IsNewEachTimeAndWellFormed) {
  std::set<std::string> seen;
  for (int count = 0; count < 1000; ++count) {
    const auto id = new_uuid();
    EXPECT_EQ(parse_uuid(id), id);
    EXPECT_EQ(id[14], '4') << id;
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos) << id;
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(Uuid, IsReadInEitherCaseAndNothingElseIs) {
  EXPECT_EQ(parse_uuid("0123ABCD-0000-4000-8000-00000000000F"),
            "0123abcd-0000-4000-8000-00000000000f");
  for (const char* text :
       {"", "0123abcd", "0123abcd-0000-4000-8000-00000000000g",
        "0123abcd00000-4000-8000-00000000000f", "0123abcd-0000-4000-8000-00000000000ff"}) {
    EXPECT_THROW(parse_uuid(text), core::Error) << text;
  }
}

} // namespace
} // namespace intendance::billing
