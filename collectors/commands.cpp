// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/commands.hpp"

#include "collectors/config.hpp"
#include "collectors/host/host.hpp"
#include "collectors/probes/prober.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ostream>

namespace intendance::collectors {

namespace options = boost::program_options;
using core::CommandContext;
using core::ExitStatus;

namespace {

constexpr std::chrono::seconds longest_collection{10};

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

// "200, 15 bytes: {"status":"ok"}"
std::string answer_text(const CheckOutcome& check) {
  if (!check.answer) return "no answer";
  const auto& answer = *check.answer;
  auto text = std::to_string(answer.status);
  if (!answer.location.empty()) text += " to " + answer.location;
  text += fmt::format(", {:.0f} bytes", answer.body_bytes);
  if (!answer.first_line.empty()) text += ": " + answer.first_line;
  return text;
}

void print_outcome(const CommandContext& context, const Service& service,
                   const ProbeOutcome& outcome) {
  const auto coloured = [&](const char* colour, const std::string& text) {
    return context.terminal() ? std::string("\033[") + colour + "m" + text + "\033[0m" : text;
  };
  context.out() << fmt::format("{}  {}  {}\n", service.name, service.kind, service.url);
  std::size_t width = 0;
  for (const auto& check : outcome.checks) width = std::max(width, check.check.size());
  for (const auto& check : outcome.checks) {
    const auto mark = check.failure ? coloured("31", "✗") : coloured("32", "✓");
    context.out() << fmt::format("  {} {:<{}}  GET {}\n", mark, check.check, width, check.url);
    if (check.answer || check.failure->phase != "skipped")
      context.out() << fmt::format("    {:<{}}  {}\n", "", width, answer_text(check));
    if (check.failure)
      context.out() << fmt::format("    {:<{}}  {}: {}\n", "", width, check.failure->phase,
                                   check.failure->reason);
  }
  const auto& failure = outcome.shown().failure;
  const auto verdict = failure
                           ? coloured("31", "down") + "  " + failure->phase + ": " + failure->reason
                           : coloured("32", "up");
  context.out() << fmt::format("{}  ({:.3f} s)\n", verdict, outcome.duration.count());
}

void print_json(std::ostream& out, const Service& service, const ProbeOutcome& outcome) {
  using Json = nlohmann::ordered_json;
  const auto failure_into = [](Json& json, const std::optional<ProbeFailure>& failure) {
    json["phase"] = failure ? Json(failure->phase) : Json(nullptr);
    json["reason"] = failure ? Json(failure->reason) : Json(nullptr);
  };
  Json json = {{"name", service.name},
               {"kind", service.kind},
               {"url", service.url},
               {"state", outcome.success() ? "up" : "down"},
               {"checked", core::format_utc(outcome.checked)}};
  failure_into(json, outcome.shown().failure);
  json["duration_seconds"] = outcome.duration.count();
  json["checks"] = Json::array();
  for (const auto& check : outcome.checks) {
    Json one = {{"name", check.check}, {"url", check.url}, {"success", !check.failure}};
    failure_into(one, check.failure);
    one["status"] = check.answer ? Json(check.answer->status) : Json(nullptr);
    one["first_line"] = check.answer ? Json(check.answer->first_line) : Json(nullptr);
    one["duration_seconds"] =
        check.answer ? Json(check.answer->timings.total.count()) : Json(nullptr);
    json["checks"].push_back(std::move(one));
  }
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

ExitStatus run_probe_command(CommandContext& context) {
  if (!context.has("service"))
    throw core::ConfigError("SERVICE is missing; intendance probe --help shows an example");
  const auto config = read_config(context.config());
  const auto& service = find_service(config, context.text("service"));
  if (service.url.empty())
    throw core::ConfigError("[[service]] \"" + service.name +
                            "\" has no url, so there is nothing to probe");
  const auto outcome = run_probe(service, core::system_clock(), context.stop());
  if (context.json())
    print_json(context.out(), service, outcome);
  else
    print_outcome(context, service, outcome);
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
