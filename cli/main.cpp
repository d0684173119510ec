// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/commands.hpp"
#include "collectors/commands.hpp"
#include "core/signals.hpp"

#include <iostream>

using namespace intendance;

int main(int count, char** arguments) {
  core::CommandLine line;
  backupd::register_commands(line);
  collectors::register_commands(line);
  const core::StopOnSignal stop;
  return static_cast<int>(
      line.run({arguments + 1, arguments + count}, std::cout, std::cerr, stop.token()));
}
