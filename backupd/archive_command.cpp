// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/command_support.hpp"
#include "backupd/schedule/care_runner.hpp"
#include "backupd/state_owner.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace intendance::backupd {

using core::CommandContext;
using core::ConfigError;
using core::ExitStatus;

namespace {

CareConfig archived_care(const CommandContext& context) {
  const auto name = chosen_repository(context).name;
  auto all = read_care(context.config());
  const auto care = std::find_if(all.begin(), all.end(),
                                 [&](const auto& each) { return each.repository.name == name; });
  if (care == all.end() || !care->archive) {
    throw ConfigError("\"" + name +
                      "\" has no [[care]] with archive = { to = \"…\", every = \"monthly\" } in "
                      "the configuration");
  }
  return std::move(*care);
}

// As the hub does it, now.
ExitStatus archive_command(CommandContext& context) {
  const auto care = archived_care(context);
  const auto state = context.state_directory();
  become_owner_of(state);
  const CareSetting setting{context.config().machine_name(), state, core::TimeZone::local(),
                            core::system_clock()};
  const auto result = run_care(care, CareTask::archive, setting, context.stop());
  if (result.run.outcome == Outcome::failed)
    throw core::Error("archive of " + care.repository.name + ": " + result.run.error);
  if (context.json()) {
    context.out() << dumped(
        nlohmann::json{{"written", result.archive->written}, {"bytes", result.archive->bytes}});
  } else {
    fmt::print(context.out(), "archives   {} written   {}   to {}\n", result.archive->written,
               shown_bytes(result.archive->bytes), care.archive->url);
  }
  return status_of(report(context, result.findings));
}

} // namespace

void register_archive_command(core::CommandLine& line) {
  line.add(make_command(
      "archive",
      "Write the newest snapshot of each job as plain sealed files for tapes, now (reader.key)",
      "--repository NAME", "intendance archive --repository web-1", archive_command));
}

} // namespace intendance::backupd
