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

std::string mail_refusal(const std::string& text) {
  return refusal("[billingd.mail]\nserver = \"smtp://127.0.0.1\"\nfrom = \"i@example.org\"\n"
                 "to = [\"f@example.org\"]\n" +
                 text);
}

TEST(MailConfig, IsReadWithItsDefaults) {
  const auto config = read("[billingd.mail]\nserver = \"smtp://courriel.example.org\"\n"
                           "user = \"intendance\"\npassword_file = \"courriel\"\n"
                           "from = \"i@example.org\"\nto = [\"f@example.org\"]\n"
                           "formats = [\"csv\"]\n");
  ASSERT_TRUE(config.mail);
  EXPECT_EQ(config.mail->server.address(), "courriel.example.org:587");
  EXPECT_EQ(config.mail->server.password_file, "/etc/intendance/courriel");
  EXPECT_EQ(config.mail->on.text(), "monthly 5 08:00");
  EXPECT_EQ(config.mail->language, core::Language::french);
  EXPECT_FALSE(read("[billingd]\n").mail);
}

TEST(MailConfig, IsRefusedAtTheKeyThatIsWrong) {
  EXPECT_NE(mail_refusal("on = \"daily 08:00\"").find("monthly DAY HH:MM"), std::string::npos);
  EXPECT_NE(mail_refusal("formats = [\"doc\"]").find("formats"), std::string::npos);
  EXPECT_NE(mail_refusal("user = \"me\"").find("password_file"), std::string::npos);
  EXPECT_NE(mail_refusal("formats = [\"csv\"]\ndayly = 3").find("dayly"), std::string::npos);
  EXPECT_NE(refusal("[billingd.mail]\nserver = \"smtp://127.0.0.1\"\nfrom = \"me\"\n"
                    "to = [\"f@example.org\"]\n")
                .find("NAME@DOMAIN"),
            std::string::npos);
  EXPECT_NE(refusal("[billingd.mail]\nserver = \"127.0.0.1\"\n").find("smtp://HOST"),
            std::string::npos);
  EXPECT_NE(refusal("[billingd.mail]\nserver = \"smtp://127.0.0.1\"\n"
                    "from = \"i@example.org\"\n")
                .find("names nobody"),
            std::string::npos);
}

} // namespace
} // namespace intendance::billing
