// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/commands.hpp"
#include "billing/commands.hpp"
#include "cli/commands.hpp"
#include "collectors/commands.hpp"
#include "core/memory.hpp"
#include "core/signals.hpp"
#include "web/commands.hpp"

#include <iostream>

using namespace intendance;

int main(int count, char** arguments) {
  core::keep_little_freed_memory();
  const core::StopOnSignal stop;
  core::CommandLine line;
  web::register_commands(line);
  cli::register_commands(line);
  collectors::register_commands(line);
  backupd::register_commands(line);
  billing::register_commands(line);
  return static_cast<int>(
      line.run({arguments + 1, arguments + count}, std::cout, std::cerr, stop.token()));
}
