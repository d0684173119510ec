// SPDX-License-Identifier: AGPL-3.0-or-later
// What the script's tables hold; completion_test.py asks bash what it does with them.
#include "cli/bash_completion.hpp"

#include <gtest/gtest.h>

namespace intendance::cli {
namespace {

namespace options = boost::program_options;

core::Command named(const std::string& name) {
  core::Command command;
  command.name = name;
  return command;
}

TEST(BashCompletion, KnowsWhatFollowsWhat) {
  auto hidden = named("hours erase");
  hidden.hidden = true;
  const auto script =
      bash_completion({named("hours add"), named("status"), named("hours list"), hidden});
  EXPECT_NE(script.find("    \"\") next=\"--help --version hours status\" ;;\n"
                        "    \"hours\") next=\"add list\" ;;\n"
                        "  esac\n"),
            std::string::npos)
      << script;
}

TEST(BashCompletion, KnowsWhatOptionsTake) {
  auto command = named("restore");
  const auto text = [](const char* name) {
    return options::value<std::string>()->value_name(name);
  };
  command.options.add_options()("path", options::value<std::vector<std::string>>())(
      "target", text("DIR"), "")("from", text("FILE"), "")("lang", text("fr|en"), "")(
      "who", text("URL|NAME"), "")("part", text("N")->implicit_value("1"),
                                   "")("to", text("DIR")->default_value("/"), "")("dry-run", "")(
      "paths", options::value<std::vector<std::string>>()->multitoken()->value_name("P…"), "");
  command.positional = {{"path", -1}};
  EXPECT_NE(bash_completion({command}).find("    \"restore\")\n"
                                            "      paths=yes\n"
                                            "      table=\"--target folders\n"
                                            "--from files\n"
                                            "--lang words fr en\n"
                                            "--who other\n"
                                            "--part \n"
                                            "--to folders\n"
                                            "--dry-run \n"
                                            "--paths several\n"
                                            "\"\n"),
            std::string::npos)
      << bash_completion({command});
}

} // namespace
} // namespace intendance::cli
