// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/bind.hpp"

#include "collectors/readers/page_reader.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <map>

namespace intendance::collectors {

namespace {

using Json = nlohmann::json;
using prometheus::MetricFamily;

// A counter of BIND's, the metric that it is, and the value of its label.
struct Known {
  const char* key;
  const char* family;
  const char* label; // of the value, nullptr: none
  const char* value;
};

constexpr std::array<Known, 14> of_server = {{
    {"QryDropped", "bind_query_errors_total", "error", "Dropped"},
    {"QryFailure", "bind_query_errors_total", "error", "Failure"},
    {"QrySuccess", "bind_responses_total", "result", "Success"},
    {"QryReferral", "bind_responses_total", "result", "Referral"},
    {"QryNxrrset", "bind_responses_total", "result", "Nxrrset"},
    {"QrySERVFAIL", "bind_responses_total", "result", "SERVFAIL"},
    {"QryFORMERR", "bind_responses_total", "result", "FORMERR"},
    {"QryNXDOMAIN", "bind_responses_total", "result", "NXDOMAIN"},
    {"QryDuplicate", "bind_query_duplicates_total", nullptr, nullptr},
    {"QryRecursion", "bind_query_recursions_total", nullptr, nullptr},
    {"XfrRej", "bind_zone_transfer_rejected_total", nullptr, nullptr},
    {"XfrReqDone", "bind_zone_transfers_sent_total", nullptr, nullptr},
    {"XfrSuccess", "bind_zone_transfer_success_total", nullptr, nullptr},
    {"XfrFail", "bind_zone_transfer_failure_total", nullptr, nullptr},
}};

constexpr std::array<Known, 16> of_resolver = {{
    {"Lame", "bind_resolver_response_lame_total", nullptr, nullptr},
    {"EDNS0Fail", "bind_resolver_query_edns0_errors_total", nullptr, nullptr},
    {"Mismatch", "bind_resolver_response_mismatch_total", nullptr, nullptr},
    {"Retry", "bind_resolver_query_retries_total", nullptr, nullptr},
    {"Truncated", "bind_resolver_response_truncated_total", nullptr, nullptr},
    {"ValFail", "bind_resolver_dnssec_validation_errors_total", nullptr, nullptr},
    {"QueryAbort", "bind_resolver_query_errors_total", "error", "QueryAbort"},
    {"QuerySockFail", "bind_resolver_query_errors_total", "error", "QuerySockFail"},
    {"QueryTimeout", "bind_resolver_query_errors_total", "error", "QueryTimeout"},
    {"NXDOMAIN", "bind_resolver_response_errors_total", "error", "NXDOMAIN"},
    {"SERVFAIL", "bind_resolver_response_errors_total", "error", "SERVFAIL"},
    {"FORMERR", "bind_resolver_response_errors_total", "error", "FORMERR"},
    {"OtherError", "bind_resolver_response_errors_total", "error", "OtherError"},
    {"REFUSED", "bind_resolver_response_errors_total", "error", "REFUSED"},
    {"ValOk", "bind_resolver_dnssec_validation_success_total", "result", "ValOk"},
    {"ValNegOk", "bind_resolver_dnssec_validation_success_total", "result", "ValNegOk"},
}};

const std::map<std::string_view, const char*> helps = {
    {"bind_boot_time_seconds", "When BIND started, in seconds since 1970."},
    {"bind_config_time_seconds", "When it last read its configuration, in seconds since 1970."},
    {"bind_incoming_queries_total", "Queries, by the type asked for."},
    {"bind_incoming_requests_total", "Requests, by operation."},
    {"bind_response_rcodes_total", "Answers, by their code."},
    {"bind_query_errors_total", "Queries that failed or were dropped."},
    {"bind_responses_total", "Answers, by result."},
    {"bind_query_duplicates_total", "Queries that came twice."},
    {"bind_recursive_clients", "Clients that wait for an answer of other servers."},
    {"bind_query_recursions_total", "Queries for which other servers were asked."},
    {"bind_zone_transfer_rejected_total", "Zone transfers that were refused."},
    {"bind_zone_transfers_sent_total", "Zone transfers given to others."},
    {"bind_zone_transfer_success_total", "Zone transfers fetched."},
    {"bind_zone_transfer_failure_total", "Zone transfers that failed."},
    {"bind_zone_serial", "Serial number of a zone."},
    {"bind_resolver_cache_rrsets", "Sets of records in the cache."},
    {"bind_resolver_queries_total", "Queries to other servers, by type."},
    {"bind_resolver_query_duration_seconds", "How long other servers took."},
    {"bind_resolver_query_errors_total", "Queries to other servers that failed."},
    {"bind_resolver_response_errors_total", "Errors that other servers answered."},
    {"bind_resolver_dnssec_validation_success_total", "Answers whose signatures were right."},
};

// Families by name, in the order of their names.
class Statistics {
public:
  MetricFamily& family(const std::string& name, prometheus::MetricType type) {
    const auto help = helps.find(name);
    return families_
        .try_emplace(name, MetricFamily{name,
                                        help == helps.end() ? "Of BIND's resolver." : help->second,
                                        type,
                                        {}})
        .first->second;
  }
  void counter(const std::string& name, double value, Labels labels) {
    add_sample(family(name, prometheus::MetricType::Counter), value, std::move(labels));
  }
  void gauge(const std::string& name, double value, Labels labels = {}) {
    add_sample(family(name, prometheus::MetricType::Gauge), value, std::move(labels));
  }
  Families take() {
    Families list;
    for (auto& [name, family] : families_) list.push_back(std::move(family));
    return list;
  }

private:
  std::map<std::string, MetricFamily> families_;
};

// The object of that name; an empty one when there is none.
const Json& object(const Json& in, const char* key) {
  static const Json none = Json::object();
  const auto found = in.find(key);
  return found != in.end() && found->is_object() ? *found : none;
}

std::optional<double> number(const Json& in, const char* key) {
  const auto found = in.find(key);
  if (found == in.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

// Each member that is a number: {"A": 3, "AAAA": 1}.
void add_each(Statistics& statistics, const Json& in, const std::string& family, const char* label,
              const Labels& labels = {}) {
  for (const auto& [key, value] : in.items())
    if (value.is_number()) {
      auto all = labels;
      all.push_back({label, key});
      statistics.counter(family, value.get<double>(), std::move(all));
    }
}

// BIND leaves out what has never happened.
template <std::size_t Count>
void add_known(Statistics& statistics, const std::vector<const Json*>& in,
               const std::array<Known, Count>& known, const Labels& labels = {}) {
  for (const auto& each : known) {
    double value = 0;
    for (const auto* stats : in) value += number(*stats, each.key).value_or(0);
    auto all = labels;
    if (each.label != nullptr) all.push_back({each.label, each.value});
    statistics.counter(each.family, value, std::move(all));
  }
}

// "2026-11-23T13:15:45.959Z"
void add_time(Statistics& statistics, const Json& in, const char* key, const char* family) {
  const auto found = in.find(key);
  if (found == in.end() || !found->is_string()) return;
  const auto text = found->get<std::string>();
  const auto whole = text.substr(0, text.find('.')) + (text.find('.') < text.size() ? "Z" : "");
  statistics.gauge(family, core::seconds_since_epoch(core::parse_utc(whole)));
}

// BIND counts round trips below 10, 100, 500, 800 and 1600 milliseconds, each but once.
void add_round_trips(Statistics& statistics, const Json& stats, const Labels& labels) {
  struct Bucket {
    const char* key;
    double seconds;
  };
  constexpr std::array<Bucket, 5> buckets = {{{"QryRTT10", 0.01},
                                              {"QryRTT100", 0.1},
                                              {"QryRTT500", 0.5},
                                              {"QryRTT800", 0.8},
                                              {"QryRTT1600", 1.6}}};
  prometheus::ClientMetric metric;
  metric.label = labels;
  std::uint64_t sum = 0;
  const auto add = [&](const char* key, double bound) {
    const auto value = number(stats, key);
    if (value && *value >= 0 && *value < 9e15) sum += static_cast<std::uint64_t>(*value);
    metric.histogram.bucket.push_back({sum, bound});
  };
  for (const auto& bucket : buckets) add(bucket.key, bucket.seconds);
  add("QryRTT1600+", std::numeric_limits<double>::infinity());
  metric.histogram.sample_count = sum;
  metric.histogram.sample_sum = std::numeric_limits<double>::quiet_NaN(); // nobody adds them up
  statistics.family("bind_resolver_query_duration_seconds", prometheus::MetricType::Histogram)
      .metric.push_back(std::move(metric));
}

void add_view(Statistics& statistics, const std::string& name, const Json& view) {
  const Labels labels = {{"view", name}};
  const auto& resolver = object(view, "resolver");
  add_known(statistics, {&object(resolver, "stats")}, of_resolver, labels);
  add_each(statistics, object(resolver, "qtypes"), "bind_resolver_queries_total", "type", labels);
  add_round_trips(statistics, object(resolver, "stats"), labels);
  for (const auto& [type, count] : object(resolver, "cache").items())
    if (count.is_number())
      statistics.gauge("bind_resolver_cache_rrsets", count.get<double>(),
                       {labels[0], {"type", type}});
  const auto zones = view.find("zones");
  if (zones == view.end() || !zones->is_array()) return;
  std::map<std::string, double> serials; // a zone of another class has the same name
  for (const auto& zone : *zones) {
    const auto zone_name = zone.is_object() ? zone.find("name") : zone.end();
    if (!zone.is_object() || zone_name == zone.end() || !zone_name->is_string()) continue;
    if (const auto serial = number(zone, "serial"))
      serials.try_emplace(zone_name->get<std::string>(), *serial);
  }
  for (const auto& [zone, serial] : serials)
    statistics.gauge("bind_zone_serial", serial, {labels[0], {"zone_name", zone}});
}

} // namespace

Families parse_bind_statistics(std::string_view json) {
  const auto document = Json::parse(json, nullptr, false);
  if (!document.is_object() || !document.contains("json-stats-version"))
    throw core::CorruptData("is no page of BIND's statistics in JSON; let url end in /json/v1");
  Statistics statistics;
  add_time(statistics, document, "boot-time", "bind_boot_time_seconds");
  add_time(statistics, document, "config-time", "bind_config_time_seconds");
  add_each(statistics, object(document, "qtypes"), "bind_incoming_queries_total", "type");
  add_each(statistics, object(document, "opcodes"), "bind_incoming_requests_total", "opcode");
  add_each(statistics, object(document, "rcodes"), "bind_response_rcodes_total", "rcode");
  add_known(statistics, {&object(document, "nsstats"), &object(document, "zonestats")}, of_server);
  statistics.gauge("bind_recursive_clients",
                   number(object(document, "nsstats"), "RecursClients").value_or(0));
  for (const auto& [name, view] : object(document, "views").items())
    if (view.is_object()) add_view(statistics, name, view);
  return statistics.take();
}

MakeReader bind_reader(core::ConfigTable& table) {
  return page_reader(read_page_address(table), parse_bind_statistics);
}

} // namespace intendance::collectors
