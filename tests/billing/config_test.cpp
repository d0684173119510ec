// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/config.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

namespace intendance::billing {
namespace {

BillingConfig read(const std::string& text) {
  return read_config(core::ConfigDocument::parse(text, "/etc/intendance/intendance.toml"));
}

std::string refusal(const std::string& text) {
  try {
    read(text);
  } catch (const core::ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(BillingConfig, HasDefaultsForEverything) {
  const auto config = read("");
  EXPECT_EQ(config.listen, "127.0.0.1:9712");
  EXPECT_EQ(config.database, "postgresql:///intendance");
  EXPECT_EQ(config.refresh, std::chrono::minutes(1));
}

TEST(BillingConfig, ReadsItsTableAndTheNamesOfServices) {
  const auto config = read("[billingd]\nlisten = \"10.0.0.1:9712\"\ntoken_file = \"token\"\n"
                           "database = \"postgresql:///lab?host=/run/postgresql\"\n"
                           "refresh = \"30s\"\nfund = \"F-1234\"\n"
                           "[[service]]\nname = \"expositions\"\n[[service]]\nname = \"tei\"\n");
  EXPECT_EQ(config.token_file, "/etc/intendance/token");
  EXPECT_EQ(config.refresh, std::chrono::seconds(30));
  EXPECT_EQ(config.fund, "F-1234");
  EXPECT_EQ(config.services, (std::vector<std::string>{"expositions", "tei"}));
}

TEST(BillingConfig, RefusesAPublicAddressWithoutAToken) {
  const auto message = refusal("[billingd]\nlisten = \"0.0.0.0:9712\"\n");
  EXPECT_NE(message.find("intendance.toml:2:"), std::string::npos) << message;
  EXPECT_NE(message.find("token_file"), std::string::npos) << message;
}

TEST(BillingConfig, RefusesAPasswordWithoutRepeatingIt) {
  const auto message =
      refusal("[billingd]\ndatabase = \"postgresql://me:hunter2@db.example.org/intendance\"\n");
  EXPECT_NE(message.find("passfile"), std::string::npos) << message;
  EXPECT_NE(message.find("intendance.toml:1"), std::string::npos) << message;
  EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
}

TEST(BillingConfig, RefusesKeysThatNobodyKnows) {
  EXPECT_NE(refusal("[billingd]\nrefesh = \"30s\"\n").find("refesh"), std::string::npos);
}

} // namespace
} // namespace intendance::billing
