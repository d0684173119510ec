// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/status.hpp"

#include "collectors/probes/probe_json.hpp"
#include "core/version.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace intendance::collectors {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::chrono::seconds longest_wait{2}; // for a file system that does not answer

Json integer_or_null(std::optional<double> value) {
  // 2⁶³ itself is no int64_t; no machine has that many bytes.
  if (!value || !std::isfinite(*value) || std::fabs(*value) >= 9.2e18) return nullptr;
  return static_cast<std::int64_t>(*value);
}

Json count_cpus(const Families& host) {
  const auto* family = find_family(host, "node_cpu_seconds_total");
  if (family == nullptr) return nullptr;
  return std::count_if(family->metric.begin(), family->metric.end(),
                       [](const auto& metric) { return label_of(metric, "mode") == "idle"; });
}

std::optional<double> value_at(const prometheus::MetricFamily* family, std::string_view mountpoint,
                               std::string_view device) {
  if (family != nullptr)
    for (const auto& metric : family->metric)
      if (label_of(metric, "mountpoint") == mountpoint && label_of(metric, "device") == device)
        return sample_value(*family, metric);
  return std::nullopt;
}

// Those on disks: what lies in memory is counted as memory already.
Json filesystems(const Families& host) {
  const auto* sizes = find_family(host, "node_filesystem_size_bytes");
  const auto* available = find_family(host, "node_filesystem_avail_bytes");
  auto list = Json::array();
  if (sizes == nullptr) return list;
  for (const auto& metric : sizes->metric) {
    const auto fstype = label_of(metric, "fstype");
    const auto mountpoint = label_of(metric, "mountpoint");
    const auto size = sample_value(*sizes, metric);
    if (fstype == "tmpfs" || fstype == "ramfs" || size <= 0) continue;
    list.push_back({{"mountpoint", mountpoint},
                    {"size_bytes", integer_or_null(size)},
                    {"available_bytes", integer_or_null(value_at(available, mountpoint,
                                                                 label_of(metric, "device")))}});
  }
  return list;
}

Json service_json(const ServiceStatus& service) {
  Json json = {{"name", service.name}, {"kind", service.kind},
               {"url", service.url},   {"state", state_name(service.state)},
               {"since", nullptr},     {"checked", nullptr},
               {"phase", nullptr},     {"reason", nullptr},
               {"detail", nullptr},    {"duration_seconds", nullptr}};
  if (service.since) json["since"] = core::format_utc(*service.since);
  if (!service.last) return json;
  json["checked"] = core::format_utc(service.last->checked);
  json["duration_seconds"] = service.last->duration.count();
  add_failure(json, service.last->shown().failure);
  return json;
}

} // namespace

std::string status_json(const std::string& machine, const Families& host,
                        const std::vector<ServiceStatus>& services, core::TimePoint now) {
  const auto load = single_value(host, "node_load1");
  const auto boot = single_value(host, "node_boot_time_seconds");
  Json json = {{"machine", machine}, {"version", core::version()}, {"time", core::format_utc(now)}};
  json["boot_time"] = nullptr;
  if (boot)
    json["boot_time"] =
        core::format_utc(core::TimePoint(std::chrono::seconds(static_cast<std::int64_t>(*boot))));
  json["load1"] = load ? Json(*load) : Json(nullptr);
  json["cpus"] = count_cpus(host);
  json["memory"] = {
      {"total_bytes", integer_or_null(single_value(host, "node_memory_MemTotal_bytes"))},
      {"available_bytes", integer_or_null(single_value(host, "node_memory_MemAvailable_bytes"))}};
  json["filesystems"] = filesystems(host);
  json["services"] = Json::array();
  for (const auto& service : services) json["services"].push_back(service_json(service));
  // Mount points and reasons may hold bytes that are not UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string probes_json(const std::string& machine, const std::vector<ServiceStatus>& services,
                        core::TimePoint now) {
  Json json = {{"machine", machine}, {"time", core::format_utc(now)}};
  json["services"] = Json::array();
  for (const auto& service : services) {
    auto one = service_json(service);
    one["checks"] = service.last ? checks_json(*service.last) : Json::array();
    one["failures"] = failures_json(*service.failures);
    json["services"].push_back(std::move(one));
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

core::HttpHandler probes_handler(std::string machine, const Prober& prober,
                                 const core::Clock& clock) {
  return [machine = std::move(machine), &prober, &clock](const core::HttpRequest&) {
    return core::HttpResponse::json(probes_json(machine, prober.statuses(), clock.now()));
  };
}

core::HttpHandler status_handler(std::string machine, const core::MetricsPage& page,
                                 const Prober& prober, const core::Clock& clock) {
  return [machine = std::move(machine), &page, &prober, &clock](const core::HttpRequest&) {
    const auto host = page.collect({"cpu", "filesystem", "loadavg", "meminfo", "stat"},
                                   std::chrono::steady_clock::now() + longest_wait);
    return core::HttpResponse::json(status_json(machine, host, prober.statuses(), clock.now()));
  };
}

} // namespace intendance::collectors
