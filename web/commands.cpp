// SPDX-License-Identifier: AGPL-3.0-or-later
#include "web/commands.hpp"

#include "core/clock.hpp"
#include "web/config.hpp"
#include "web/gather.hpp"
#include "web/overview.hpp"
#include "web/status_text.hpp"

#include <ostream>
#include <vector>

namespace intendance::web {

namespace {

// Failures are 1, what is only worth watching 3. A daemon that has given no verdict is a failure
// too: a script that asks whether all is well must not hear yes.
core::ExitStatus exit_status(VerdictState verdict) {
  switch (verdict) {
  case VerdictState::well: return core::ExitStatus::done;
  case VerdictState::warning:
  case VerdictState::unknown:
  case VerdictState::empty: return core::ExitStatus::warnings;
  case VerdictState::critical: break;
  }
  return core::ExitStatus::failed;
}

core::ExitStatus run_status(core::CommandContext& context) {
  const WebConfig config = require_config(context.config());
  const core::SecretBytes token = read_daemon_token(config);
  const core::Clock& clock = core::system_clock();
  const std::vector<DaemonReport> reports =
      gather_once(daemons_of(config), token, config.timeout, clock, context.stop());
  const core::TimePoint now = clock.now();
  // Asked once: whoever does not answer now counts as silent.
  const Overview overview = compute_overview(reports, now, std::chrono::seconds{0});
  if (context.json())
    context.out() << overview_json(overview, now) << '\n';
  else
    context.out() << status_text(overview, now, context.language(), core::TimeZone::local(),
                                 context.terminal() ? Colour::ansi : Colour::none);
  return exit_status(overview.verdict);
}

} // namespace

void register_commands(core::CommandLine& line) {
  core::Command status;
  status.name = "status";
  status.summary = "Show machines, services, backups and budget on one screen";
  status.example = "intendance status --lang fr";
  status.run = run_status;
  line.add(std::move(status));
}

} // namespace intendance::web
