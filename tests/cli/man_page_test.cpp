// SPDX-License-Identifier: AGPL-3.0-or-later
#include "cli/man_page.hpp"

#include <gtest/gtest.h>

namespace intendance::cli {
namespace {

namespace options = boost::program_options;

TEST(ManPage, SaysWhatTheTablesSay) {
  core::Command add;
  add.name = "hours add";
  add.summary = "Log hours";
  add.arguments = "1h30 --service NAME";
  add.example = "intendance hours add 1h30 \"mise à jour d'Omeka\"\n.\\n";
  add.options.add_options()("work", options::value<std::string>())(
      "service", options::value<std::string>()->value_name("NAME"), "what it was for")(
      "read", options::value<std::string>()->implicit_value("1")->value_name("N"),
      ".x-y")("dry", "do not");
  add.positional = {{"work", 1}};
  core::Command hidden;
  hidden.name = "secret";
  hidden.hidden = true;
  const auto page = man_page({add, hidden});
  EXPECT_NE(
      page.find(".SS \"hours add\"\n"
                "\\fBintendance hours add\\fR \\fI1h30\\fR \\fB\\-\\-service\\fR \\fINAME\\fR "
                "[\\fIOPTIONS\\fR]\n"
                ".P\n"
                "Log hours.\n"
                ".TP\n"
                "\\fB\\-\\-service\\fR \\fINAME\\fR\n"
                "what it was for.\n"
                ".TP\n"
                "\\fB\\-\\-read\\fR\\fI[=N(=1)]\\fR\n"
                "\\&.x\\-y.\n"
                ".TP\n"
                "\\fB\\-\\-dry\\fR\n"
                "do not.\n"
                ".P\nExample:\n.P\n.nf\n.RS 4\n"
                "intendance hours add 1h30 \\(dqmise \\[u00E0] jour d\\(aqOmeka\\(dq\n"
                "\\&.\\en\n"
                ".RE\n.fi\n"),
      std::string::npos)
      << page;
  EXPECT_EQ(page.find("secret"), std::string::npos);
  EXPECT_NE(page.find("\\-\\-config"), std::string::npos);
}

TEST(ManPage, KnowsLongCharacters) {
  core::Command command;
  command.name = "x";
  command.summary = "… 文 𝄞";
  EXPECT_NE(man_page({command}).find("\\[u2026] \\[u6587] \\[u1D11E]."), std::string::npos);
}

} // namespace
} // namespace intendance::cli
