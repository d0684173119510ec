// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/command.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace intendance::core {
namespace {

namespace options = boost::program_options;

struct Outcome {
  ExitStatus status;
  std::string out, err;
};

Outcome run(const std::vector<std::string>& arguments) {
  CommandLine line;
  Command greet;
  greet.name = "hours add";
  greet.summary = "Log hours";
  greet.arguments = "DURATION";
  greet.example = "intendance hours add 1h30";
  greet.options.add_options()("duration", options::value<std::string>())(
      "service", options::value<std::string>(), "whose");
  greet.positional = {{"duration", 1}};
  greet.run = [](CommandContext& context) {
    context.out() << context.text("duration") << ' ' << context.text("service", "none");
    return ExitStatus::warnings;
  };
  line.add(greet);
  Command fail;
  fail.name = "hours";
  fail.run = [](CommandContext&) -> ExitStatus { throw Error("the database is gone"); };
  line.add(fail);
  std::ostringstream out, err;
  const auto status = line.run(arguments, out, err);
  return {status, out.str(), err.str()};
}

TEST(CommandLine, FindsTheLongestName) {
  const auto outcome = run({"hours", "add", "1h30", "--service", "tei"});
  EXPECT_EQ(outcome.status, ExitStatus::warnings);
  EXPECT_EQ(outcome.out, "1h30 tei");
}

TEST(CommandLine, ReportsFailuresAsOneLine) {
  const auto outcome = run({"hours"});
  EXPECT_EQ(outcome.status, ExitStatus::failed);
  EXPECT_EQ(outcome.err, "intendance: the database is gone\n");
}

TEST(CommandLine, RefusesBadUsage) {
  EXPECT_EQ(run({}).status, ExitStatus::usage);
  EXPECT_EQ(run({"ours"}).status, ExitStatus::usage);
  EXPECT_EQ(run({"hours", "add"}).err, "intendance: --duration is missing\n");
  const auto outcome = run({"hours", "add", "1h", "--servise", "x"});
  EXPECT_EQ(outcome.status, ExitStatus::usage);
  EXPECT_NE(outcome.err.find("servise"), std::string::npos);
}

TEST(CommandLine, HelpShowsTheExample) {
  const auto outcome = run({"hours", "add", "--help"});
  EXPECT_EQ(outcome.status, ExitStatus::done);
  EXPECT_NE(outcome.out.find("intendance hours add 1h30"), std::string::npos);
  EXPECT_NE(outcome.out.find("--service"), std::string::npos);
  EXPECT_EQ(outcome.out.find("--duration"), std::string::npos);
}

} // namespace
} // namespace intendance::core
