// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/rates.hpp"
#include "core/error.hpp"
#include "tests/billing/ledger_fixture.hpp"

#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

using testing::HasSubstr;

class Rates : public LedgerTest {
protected:
  static Rate rate(const std::string& from, std::int64_t cents) {
    Rate rate;
    rate.vendor = "koumbit";
    rate.from = core::parse_date(from);
    rate.per_hour = Cents(cents);
    return rate;
  }
  std::string refusal_of(const Rate& rate) {
    const auto before = list_rates(database_).size();
    try {
      set_rate(database_, rate);
    } catch (const core::Error& error) {
      EXPECT_EQ(list_rates(database_).size(), before);
      return error.what();
    }
    return "accepted";
  }
};

TEST_F(Rates, FollowOneAnother) {
  set_rate(database_, rate("2024-10-01", 13000));
  const auto rates = list_rates(database_);
  ASSERT_EQ(rates.size(), 2U);
  EXPECT_EQ(core::format_date(*rates[0].until), "2024-09-30");
  EXPECT_EQ(rates[1].until, std::nullopt);
  EXPECT_EQ(highest_rate(database_, "koumbit", core::parse_date("2024-09-30")), Cents(12000));
  EXPECT_EQ(highest_rate(database_, "koumbit", core::parse_date("2024-10-01")), Cents(13000));
  EXPECT_EQ(highest_rate(database_, "koumbit", core::parse_date("2023-03-31")), std::nullopt);
}

TEST_F(Rates, NeverOverlap) {
  EXPECT_THAT(refusal_of(rate("2023-04-01", 13000)), HasSubstr("would overlap the one from 2023"));
  EXPECT_THAT(refusal_of(rate("2022-01-01", 13000)), HasSubstr("would overlap"));
  auto before = rate("2022-01-01", 11000);
  before.until = core::parse_date("2023-03-31");
  EXPECT_EQ(refusal_of(before), "accepted");
}

TEST_F(Rates, NeverChangeThePriceOfWorkThatIsRecorded) {
  add("2024-10-15", 60);
  EXPECT_THAT(refusal_of(rate("2024-10-01", 13000)),
              HasSubstr("entry 0001 of 2024-10-15 was priced by it"));
  EXPECT_EQ(list_rates(database_).at(0).until, std::nullopt);
  // What was taken back no longer stands in the way.
  reverse_entry(database_, 1, "new rate", "00000000-0000-4000-8000-000000000001");
  EXPECT_EQ(refusal_of(rate("2024-10-01", 13000)), "accepted");
  EXPECT_EQ(add("2024-10-15", 60).amount, Cents(13000));
}

TEST_F(Rates, ThatCannotBeAreRefusedInWords) {
  EXPECT_THAT(refusal_of(rate("2024-10-01", 0)), HasSubstr("above zero"));
  EXPECT_THAT(refusal_of(rate("2024-10-01", 1'000'000'000)), HasSubstr("allowed"));
  auto unknown = rate("2024-10-01", 100);
  unknown.vendor = "nobody";
  EXPECT_THAT(refusal_of(unknown), HasSubstr("intendance vendor add nobody"));
  auto backwards = rate("2024-10-01", 100);
  backwards.until = core::parse_date("2024-09-01");
  EXPECT_THAT(refusal_of(backwards), HasSubstr("before it begins"));
}

} // namespace
} // namespace intendance::billing
