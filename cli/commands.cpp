// SPDX-License-Identifier: AGPL-3.0-or-later
#include "cli/commands.hpp"

#include "backupd/config.hpp"
#include "billing/config.hpp"
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

} // namespace

void register_commands(core::CommandLine& line) {
  core::Command command;
  command.name = "config check";
  command.summary = "Read the configuration and say what is wrong with it";
  command.example = "intendance config check --config /etc/intendance/intendance.toml";
  command.run = config_check;
  line.add(std::move(command));
}

} // namespace intendance::cli
