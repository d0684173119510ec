// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/command_support.hpp"
#include "backupd/engine/protection.hpp"
#include "core/clock.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

namespace intendance::backupd {

namespace options = boost::program_options;
using core::CommandContext;
using core::ConfigError;
using core::ExitStatus;
using Json = nlohmann::json;

namespace {

core::TimePoint since_of(const CommandContext& context) {
  const auto text = context.text("since");
  if (!text.ends_with('Z')) return core::system_clock().now() - *span_option(context, "since");
  try {
    return core::parse_utc(text);
  } catch (const core::Error&) {
    throw ConfigError("--since \"" + text +
                      "\" is not a time\n  allowed: 2026-11-20T14:00:00Z · 12h · 3d");
  }
}

ExitStatus undelete_command(CommandContext& context) {
  const auto since = since_of(context);
  const auto store = open_store(chosen_repository(context), context.stop());
  const bool dry_run = context.has("dry-run");
  const auto report = undelete(*store, since, dry_run, context.stop());
  if (context.json()) {
    context.out() << dumped(Json{{"since", core::format_utc(since)},
                                 {"removed", report.removed},
                                 {"written_over", report.written_over},
                                 {"names", report.names}});
    return ExitStatus::done;
  }
  for (const auto& name : report.names) fmt::print(context.out(), "{}\n", name);
  fmt::print(context.out(), "{} removed and {} written over since {}{}\n", report.removed,
             report.written_over, core::format_utc(since),
             dry_run ? ", which would be as before" : ", which are as before");
  if (!dry_run && report.removed + report.written_over > 0)
    fmt::print(context.err(), "next: take the stolen credentials back at the store, revoke the "
                              "machine's key (intendance key revoke), and intendance verify\n");
  return ExitStatus::done;
}

} // namespace

void register_protection_commands(core::CommandLine& line) {
  auto undeleting = make_command(
      "repository undelete",
      "Bring back what somebody removed or wrote over in a bucket with versions (no key)",
      "--since TIME|SPAN", "intendance repository undelete --repository web-1 --since 3d --dry-run",
      undelete_command);
  undeleting.options.add_options()(
      "since", options::value<std::string>()->required()->value_name("TIME"),
      "of what happened since then, forgetting and pruning too: 2026-11-20T14:00:00Z, 12h, 3d")(
      "dry-run", "only say what");
  line.add(std::move(undeleting));
}

} // namespace intendance::backupd
