// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "web/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace intendance::web {
namespace {

using testing::HasSubstr;

WebConfig read(const std::string& text) {
  return require_config(core::ConfigDocument::parse(text, "/etc/intendance/intendance.toml"));
}

std::string refusal(const std::string& text) {
  try {
    read(text);
  } catch (const core::ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

const std::string whole = R"([webd]
listen = "127.0.0.1:9800"
token_file = "token"
access_token_file = "/etc/intendance/access-token"
machines = [
  { name = "web-1", collectord = "http://10.0.0.11:9710/", backupd = "http://10.0.0.11:9711" },
  { name = "db-1", backupd = "https://db-1.example.org" },
]
billingd = "http://127.0.0.1:9712"
prometheus = "http://127.0.0.1:9090"
every = "30s"
)";

TEST(WebConfig, HoldsWhatTheFileSays) {
  const WebConfig config = read(whole);
  EXPECT_EQ(config.listen, "127.0.0.1:9800");
  ASSERT_EQ(config.machines.size(), 2U);
  EXPECT_EQ(config.machines[0].collectord, "http://10.0.0.11:9710");
  EXPECT_EQ(config.machines[1].collectord, std::nullopt);
  EXPECT_EQ(config.machines[1].backupd, "https://db-1.example.org");
  EXPECT_EQ(config.every, std::chrono::seconds{30});
  EXPECT_EQ(config.access_token_file, "/etc/intendance/access-token");
}

TEST(WebConfig, IsAbsentWithoutItsTable) {
  const auto document = core::ConfigDocument::parse("", "intendance.toml");
  EXPECT_FALSE(read_config(document));
  EXPECT_NO_THROW(check_config(document));
  EXPECT_THAT(refusal(""), HasSubstr("there is no [webd] table"));
}

TEST(WebConfig, NamesThePlaceOfEachFault) {
  const auto fault = [](const std::string& from, const std::string& to) {
    std::string text = whole;
    text.replace(text.find(from), from.size(), to);
    return refusal(text);
  };
  EXPECT_THAT(fault("127.0.0.1:9800", "localhost"), HasSubstr("intendance.toml:2"));
  EXPECT_THAT(fault("127.0.0.1:9800\"\ntoken_file = \"token\"", "10.0.0.1:9800\""),
              HasSubstr("a token_file is needed to listen elsewhere than on loopback"));
  EXPECT_THAT(fault("http://10.0.0.11:9710/", "10.0.0.11:9710"),
              HasSubstr("allowed: http://HOST:PORT"));
  EXPECT_THAT(fault("http://10.0.0.11:9710/", "http://"),
              HasSubstr("is not the address of a daemon"));
  EXPECT_THAT(fault("http://10.0.0.11:9710/", "http://user@10.0.0.11"), HasSubstr("without user"));
  EXPECT_THAT(fault("\"db-1\"", "\"web-1\""), HasSubstr("\"web-1\" stands twice"));
  EXPECT_THAT(fault(", backupd = \"https://db-1.example.org\"", ""),
              HasSubstr("\"db-1\" has no address"));
  EXPECT_THAT(fault("every =", "evry ="), HasSubstr("evry"));
  EXPECT_THAT(fault("access_token_file = \"/etc/intendance/access-token\"", ""),
              HasSubstr("access_token_file"));
}

TEST(WebConfig, BoundsTheNumberOfMachines) {
  std::string machines;
  for (std::size_t i = 0; i <= WebConfig::most_machines; ++i)
    machines += "{ name = \"m" + std::to_string(i) + "\", collectord = \"http://10.0.0.1:1\" },\n";
  EXPECT_THAT(refusal("[webd]\naccess_token_file = \"a\"\nmachines = [\n" + machines + "]\n"),
              HasSubstr("at most 64 machines"));
}

} // namespace
} // namespace intendance::web
