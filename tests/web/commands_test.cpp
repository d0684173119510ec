// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/file.hpp"
#include "tests/web/samples.hpp"
#include "web/commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sstream>
#include <string>
#include <vector>

namespace intendance::web {
namespace {

using samples::with;
using testing::HasSubstr;

// `intendance status` with a configuration of its own.
struct Outcome {
  core::ExitStatus status;
  std::string out, err;
};

class StatusCommand : public testing::Test {
protected:
  Outcome run(const std::string& webd, std::vector<std::string> options = {}) {
    const auto file = folder.path() / "intendance.toml";
    core::write_file_atomically(file, webd);
    std::vector<std::string> arguments = {"status", "--config", file.string(), "--lang", "en"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    core::CommandLine line;
    register_commands(line);
    std::ostringstream out, err;
    const core::ExitStatus status = line.run(arguments, out, err);
    return {status, out.str(), err.str()};
  }
  Outcome run_against(const std::string& body, const std::vector<std::string>& options = {}) {
    const auto daemon = samples::serve(body);
    return run(table(daemon->address()), options);
  }
  static std::string table(const std::string& address) {
    return "[webd]\naccess_token_file = \"a\"\nmachines = [ { name = \"web-1\", collectord = \"" +
           address + "\" } ]\n";
  }

  core::TemporaryDirectory folder;
};

TEST_F(StatusCommand, IsDoneWhenAllIsWell) {
  const Outcome outcome = run_against(samples::collectord);
  EXPECT_EQ(outcome.status, core::ExitStatus::done);
  EXPECT_THAT(outcome.out, HasSubstr("machines     1/1 answering             web-1\n"));
  EXPECT_EQ(outcome.err, "");
}

TEST_F(StatusCommand, FailsWhenSomethingIsDown) {
  const Outcome outcome = run_against(with(samples::collectord, R"("up")", R"("down")"));
  EXPECT_EQ(outcome.status, core::ExitStatus::failed);
  EXPECT_THAT(outcome.out, HasSubstr("✗ expositions (web-1) down"));
}

TEST_F(StatusCommand, WarnsOfWhatIsWorthWatching) {
  EXPECT_EQ(run_against(with(samples::collectord, "9123456789", "1260091883")).status,
            core::ExitStatus::warnings);
  EXPECT_EQ(run("[webd]\naccess_token_file = \"a\"\n").status, core::ExitStatus::warnings);
}

TEST_F(StatusCommand, FailsWhenADaemonIsNotThere) {
  // A port that was ours a moment ago, and that nobody listens on.
  const std::string address = samples::serve("")->address();
  const Outcome outcome = run(table(address));
  EXPECT_EQ(outcome.status, core::ExitStatus::failed);
  EXPECT_THAT(outcome.out, HasSubstr("✗ web-1 does not answer: " + address));
}

TEST_F(StatusCommand, PrintsTheOverviewAsJson) {
  const auto parsed = nlohmann::json::parse(run_against(samples::collectord, {"--json"}).out);
  EXPECT_EQ(parsed["verdict"], "well");
  EXPECT_EQ(parsed["services"][0]["name"], "expositions");
}

TEST_F(StatusCommand, NeedsToKnowWhomToAsk) {
  const Outcome outcome = run("");
  EXPECT_EQ(outcome.status, core::ExitStatus::usage);
  EXPECT_THAT(outcome.err, HasSubstr("there is no [webd] table"));
  EXPECT_EQ(run("[webd]\naccess_token_file = \"a\"\ntoken_file = \"missing\"\n").status,
            core::ExitStatus::failed);
}

} // namespace
} // namespace intendance::web
