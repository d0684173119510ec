// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/tax/tax.hpp"
#include "core/error.hpp"

#include <boost/multiprecision/cpp_dec_float.hpp>
#include <gtest/gtest.h>

#include <random>

namespace intendance::billing {
namespace {

const std::vector<TaxRate> quebec = {{"TPS", 5000, 67000}, {"TVQ", 9975, 47000}};

// Revenu Québec's method, on amounts whose taxes were worked out by hand.
TEST(TaxInvoice, GivesTheKnownResults) {
  struct Vector {
    std::int64_t before, tps, tvq, gross;
  };
  for (const auto& [before, tps, tvq, gross] :
       {Vector{10000, 500, 998, 11498}, Vector{14000, 700, 1397, 16097},
        Vector{30000, 1500, 2993, 34493}, Vector{114000, 5700, 11372, 131072}}) {
    const auto total = tax_invoice(Cents(before), quebec);
    EXPECT_EQ(total.taxes.at(0).tax.count(), tps) << before;
    EXPECT_EQ(total.taxes.at(1).tax.count(), tvq) << before;
    EXPECT_EQ(total.gross().count(), gross) << before;
  }
}

TEST(TaxInvoice, GivesBackTheUniversitysRebates) {
  const auto total = tax_invoice(Cents(18000), quebec);
  EXPECT_EQ(total.taxes.at(0).rebate.count(), 603);
  EXPECT_EQ(total.taxes.at(1).rebate.count(), 844);
  EXPECT_EQ(total.gross().count(), 20696);
  EXPECT_EQ(total.net().count(), 20696 - 603 - 844);
  EXPECT_EQ(total.on(Basis::before_tax).count(), 18000);
}

// The same by decimal numbers of fifty digits, which share no code with integer proportions.
std::int64_t rounded(const boost::multiprecision::cpp_dec_float_50& cents) {
  return floor(cents + boost::multiprecision::cpp_dec_float_50("0.5")).convert_to<std::int64_t>();
}

TEST(TaxInvoice, AgreesWithAnIndependentDecimalOracle) {
  using Decimal = boost::multiprecision::cpp_dec_float_50;
  const Decimal tps_rate("0.05"), tvq_rate("0.09975"), tps_back("0.67"), tvq_back("0.47");
  std::mt19937_64 random(20261123);
  std::uniform_int_distribution<std::int64_t> small(0, 5'000'000), large(0, 10'000'000'000'000);
  for (int count = 0; count < 200'000; ++count) {
    const auto cents = count % 2 == 0 ? small(random) : large(random);
    const auto total = tax_invoice(Cents(cents), quebec);
    const auto tps = rounded(Decimal(cents) * tps_rate);
    const auto tvq = rounded(Decimal(cents) * tvq_rate);
    ASSERT_EQ(total.taxes[0].tax.count(), tps) << cents;
    ASSERT_EQ(total.taxes[1].tax.count(), tvq) << cents;
    ASSERT_EQ(total.taxes[0].rebate.count(), rounded(Decimal(tps) * tps_back)) << cents;
    ASSERT_EQ(total.taxes[1].rebate.count(), rounded(Decimal(tvq) * tvq_back)) << cents;
    // What is taken back is exactly what was charged.
    ASSERT_EQ(tax_invoice(Cents(-cents), quebec).net(), -total.net()) << cents;
  }
}

TEST(TaxedTotal, AddsInvoicesTaxByTax) {
  auto sum = tax_invoice(Cents(14000), quebec);
  sum += tax_invoice(Cents(14000), quebec);
  ASSERT_EQ(sum.taxes.size(), 2U);
  EXPECT_EQ(sum.taxes[1].tax.count(), 2 * 1397); // of one invoice it would be 2793
  sum += tax_invoice(Cents(10000), {{"TVQ", 10000, 47000}});
  ASSERT_EQ(sum.taxes.size(), 3U);
  EXPECT_EQ(sum.before_tax.count(), 38000);
}

TEST(TaxInvoice, RefusesToOverflow) {
  EXPECT_THROW(tax_invoice(Cents(INT64_MAX), quebec).gross(), core::Error);
}

TEST(ParseBasis, NamesWhatIsAllowed) {
  EXPECT_EQ(parse_basis("before_tax"), Basis::before_tax);
  try {
    parse_basis("after");
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_NE(std::string(error.what()).find("net · gross · before_tax"), std::string::npos);
  }
}

} // namespace
} // namespace intendance::billing
