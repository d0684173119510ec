// SPDX-License-Identifier: AGPL-3.0-or-later
// The commands as a person gives them, down to a real ledger and back.
#pragma once

#include "billing/commands.hpp"
#include "core/file.hpp"
#include "tests/billing/ledger_fixture.hpp"

#include <nlohmann/json.hpp>

#include <sstream>

namespace intendance::billing {

struct Answer {
  int status;
  std::string out;
  std::string err;
};

class CommandsTest : public ::testing::Test {
protected:
  CommandsTest() {
    register_commands(line_);
    core::write_file_atomically(config_, "[billingd]\ndatabase = \"" + address_ +
                                             "\"\n[[service]]\nname = \"tei\"\nkind = \"tei\"\n");
  }

  Answer run(std::vector<std::string> arguments, const std::string& language = "fr") {
    arguments.insert(arguments.end(), {"--config", config_.string(), "--lang", language});
    std::ostringstream out;
    std::ostringstream err;
    const auto status = line_.run(arguments, out, err);
    return {static_cast<int>(status), out.str(), err.str()};
  }
  void set_up_ledger() {
    ASSERT_EQ(run({"database", "migrate"}).status, 0);
    ASSERT_EQ(run({"budget", "set", "--fund", "F-1234", "--year", "2024", "--amount", "24000",
                   "--label", "Fonctionnement"})
                  .status,
              0);
    ASSERT_EQ(run({"rate", "set", "--amount", "120", "--from", "2024-04-01"}).status, 0);
    ASSERT_EQ(run({"service", "add", "expositions"}).status, 0);
  }
  Answer add(std::vector<std::string> more) {
    std::vector<std::string> arguments = {"hours", "add"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  // With --json; null when it is none.
  nlohmann::json json(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const auto answer = run(arguments);
    EXPECT_TRUE(nlohmann::json::accept(answer.out)) << answer.out << answer.err;
    return nlohmann::json::parse(answer.out, nullptr, false);
  }
  std::size_t entries() {
    const auto answer = run({"ledger", "verify", "--json"});
    return nlohmann::json::parse(answer.out)["entries"].get<std::size_t>();
  }

  core::TemporaryDirectory folder_;
  std::filesystem::path config_ = folder_.path() / "intendance.toml";
  std::string address_ = cluster().address(cluster().create_database());
  core::CommandLine line_;
};

} // namespace intendance::billing
