// SPDX-License-Identifier: AGPL-3.0-or-later
// What --help gives as an example is what the command takes.
#include "backupd/commands.hpp"
#include "billing/commands.hpp"
#include "cli/commands.hpp"
#include "collectors/commands.hpp"
#include "core/error.hpp"
#include "web/commands.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace intendance::cli {
namespace {

class Examples : public ::testing::Test {
protected:
  Examples() {
    web::register_commands(line_);
    cli::register_commands(line_);
    collectors::register_commands(line_);
    backupd::register_commands(line_);
    billing::register_commands(line_);
  }

  // The words of a line, as a shell takes them, up to a pipe.
  static std::vector<std::string> words_of(const std::string& text) {
    auto words = boost::program_options::split_unix(text);
    words.erase(std::find(words.begin(), words.end(), "|"), words.end());
    return words;
  }

  core::CommandLine line_;
};

TEST_F(Examples, AreUnderstood) {
  for (const auto& command : line_.commands()) {
    if (command.hidden) continue;
    EXPECT_TRUE(command.example.starts_with("intendance ")) << command.name;
    std::istringstream lines(command.example);
    for (std::string text; std::getline(lines, text);) {
      EXPECT_EQ(text, text.substr(text.find_first_not_of(' '))) << "printing indents it";
      auto words = words_of(text);
      if (words.front() != "intendance") continue;
      words.erase(words.begin());
      try {
        EXPECT_EQ(line_.parse(words).command, &command) << text;
      } catch (const core::ConfigError& error) {
        ADD_FAILURE() << text << ": " << error.what();
      }
    }
  }
}

// Whoever waits for a command should not have to guess how it is called.
TEST_F(Examples, ShowTwoWaysOfWhatTakesLong) {
  for (const std::string name :
       {"backup", "restore", "export", "verify", "forget", "prune", "repository repair"}) {
    std::ostringstream out, err;
    auto arguments = words_of(name);
    arguments.emplace_back("--help");
    EXPECT_EQ(line_.run(arguments, out, err), core::ExitStatus::done);
    const auto help = out.str();
    const auto examples = help.find("\nexamples:\n  intendance " + name);
    ASSERT_NE(examples, std::string::npos) << help;
    EXPECT_GT(examples, help.find("common options")) << "they come last, next to the prompt";
    EXPECT_NE(help.find("\n  intendance " + name, examples + 12), std::string::npos) << help;
  }
}

} // namespace
} // namespace intendance::cli
