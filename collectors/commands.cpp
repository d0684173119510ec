// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/commands.hpp"

#include "collectors/config.hpp"
#include "collectors/host/host.hpp"
#include "collectors/probes/show.hpp"

#include <ostream>

namespace intendance::collectors {

namespace options = boost::program_options;
using core::CommandContext;
using core::ExitStatus;

namespace {

constexpr std::chrono::seconds longest_collection{10};
constexpr const char* default_state_folder = "/var/lib/intendance-collectord"; // the unit's

ExitStatus run_collect(CommandContext& context) {
  core::MetricsPage page;
  build_host_page(page, {}, {}, core::system_clock());
  const auto families = page.collect({}, std::chrono::steady_clock::now() + longest_collection);
  const auto format = context.has("openmetrics") ? core::ExpositionFormat::openmetrics
                                                 : core::ExpositionFormat::text;
  context.out() << core::serialize(families, format);
  const auto* success = find_family(families, "node_scrape_collector_success");
  for (const auto& metric : success->metric)
    if (metric.gauge.value == 0) return ExitStatus::warnings; // the log says which and why
  return ExitStatus::done;
}

// What the daemon remembers; that it cannot be read is no reason not to probe.
Failures remembered(const CommandContext& context, const std::string& service) {
  const std::filesystem::path folder =
      context.has("state") ? context.state_directory() : default_state_folder;
  try {
    return FailureFolder(folder).load(service);
  } catch (const core::Error& error) {
    context.err() << "intendance: the last failures are not shown: " << error.what() << '\n';
    return {};
  }
}

ExitStatus run_probe_command(CommandContext& context) {
  if (!context.has("service"))
    throw core::ConfigError("SERVICE is missing; intendance probe --help shows an example");
  const auto config = read_config(context.config());
  const auto& service = find_service(config, context.text("service"));
  if (!service.is_probed())
    throw core::ConfigError("[[service]] \"" + service.name +
                            "\" has neither url nor host, so there is nothing to probe");
  const auto outcome =
      run_probe(service, machine_name_servers(), core::system_clock(), context.stop());
  const auto failures = remembered(context, service.name);
  if (context.json())
    show_probe_json(context.out(), service, outcome, failures);
  else
    show_probe(context.out(), service, outcome, failures, context.language(),
               context.terminal() ? Colour::ansi : Colour::none);
  if (!outcome.is_known()) return ExitStatus::warnings;
  return outcome.success() ? ExitStatus::done : ExitStatus::failed;
}

} // namespace

void register_commands(core::CommandLine& line) {
  core::Command collect;
  collect.name = "collect";
  collect.summary = "Print this machine's metrics once, as Prometheus sees them";
  collect.example = "intendance collect | grep node_filesystem_avail_bytes";
  collect.options.add_options()("openmetrics", "OpenMetrics 1.0 instead of text 0.0.4");
  collect.run = run_collect;
  line.add(std::move(collect));

  core::Command probe;
  probe.name = "probe";
  probe.summary = "Ask a service whether it is well, and say why not";
  probe.arguments = "SERVICE";
  probe.example = "intendance probe expositions";
  probe.options.add_options()("service", options::value<std::string>(), "a [[service]]'s name");
  probe.positional = {{"service", 1}};
  probe.run = run_probe_command;
  line.add(std::move(probe));
}

} // namespace intendance::collectors
