// SPDX-License-Identifier: AGPL-3.0-or-later
#include "cli/commands.hpp"

#include "backupd/config.hpp"
#include "billing/config.hpp"
#include "cli/bash_completion.hpp"
#include "cli/man_page.hpp"
#include "collectors/config.hpp"
#include "core/error.hpp"
#include "web/config.hpp"

#include <ostream>

namespace intendance::cli {

namespace {

// Every room looks at its own tables; all of their faults are shown, not only the first.
core::ExitStatus config_check(core::CommandContext& context) {
  const auto& document = context.config();
  bool good = true;
  for (const auto check : {collectors::check_config, backupd::check_config, billing::check_config,
                           web::check_config}) {
    try {
      check(document);
    } catch (const core::ConfigError& error) {
      context.err() << error.what() << '\n';
      good = false;
    }
  }
  if (!good) return core::ExitStatus::usage;
  context.out() << document.file().string() << ": good\n";
  return core::ExitStatus::done;
}

// For who packs the program: a page or script about all commands of the line.
core::Command about_all(core::CommandLine& line, const std::string& name,
                        const std::string& summary,
                        std::string (*text)(const std::vector<core::Command>&)) {
  core::Command command;
  command.name = name;
  command.summary = summary;
  command.hidden = true;
  command.run = [&line, text](core::CommandContext& context) {
    context.out() << text(line.commands());
    return core::ExitStatus::done;
  };
  return command;
}

} // namespace

void register_commands(core::CommandLine& line) {
  core::Command command;
  command.name = "config check";
  command.summary = "Read the configuration and say what is wrong with it";
  command.example = "intendance config check --config /etc/intendance/intendance.toml";
  command.run = config_check;
  line.add(std::move(command));
  line.add(about_all(line, "man-page", "Write intendance(1)", man_page));
  line.add(about_all(line, "bash-completion", "Write a script for bash", bash_completion));
}

} // namespace intendance::cli
