// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/prober.hpp"

#include <algorithm>

namespace intendance::collectors {

namespace {

// The families of one page, filled service by service.
struct ProbeFamilies {
  prometheus::MetricFamily success =
      gauge_family("probe_success", "Whether every check of the service passed.");
  prometheus::MetricFamily duration =
      gauge_family("probe_duration_seconds", "How long all checks took together.");
  prometheus::MetricFamily dns =
      gauge_family("probe_dns_lookup_time_seconds", "How long resolving the name took.");
  prometheus::MetricFamily ip =
      gauge_family("probe_ip_protocol", "IP version of the connection, 4 or 6.");
  prometheus::MetricFamily regex =
      gauge_family("probe_failed_due_to_regex", "Whether the answer's content was the fault.");
  prometheus::MetricFamily status =
      gauge_family("probe_http_status_code", "Status of the answer, 0 when there was none.");
  prometheus::MetricFamily phases =
      gauge_family("probe_http_duration_seconds", "How long each part of the request took.");
  prometheus::MetricFamily redirects =
      gauge_family("probe_http_redirects", "Redirects that were followed.");
  prometheus::MetricFamily ssl =
      gauge_family("probe_http_ssl", "Whether the answer came over TLS.");
  prometheus::MetricFamily version =
      gauge_family("probe_http_version", "HTTP version of the answer.");
  prometheus::MetricFamily length = gauge_family(
      "probe_http_content_length", "Length that the server announced, -1 when it did not.");
  prometheus::MetricFamily body =
      gauge_family("probe_http_uncompressed_body_length", "Bytes of the answer's body.");
  prometheus::MetricFamily expiry =
      gauge_family("probe_ssl_earliest_cert_expiry",
                   "When the first of the certificates shown expires, believed or not, in seconds "
                   "since 1970.");
  prometheus::MetricFamily checks = gauge_family(
      "intendance_probe_check_success",
      "Whether each check of the service passed; one that was not asked is not there.");
  prometheus::MetricFamily failure =
      gauge_family("probe_failure_info", "Where and why the service fails, while it does.");
  prometheus::MetricFamily serial =
      gauge_family("probe_dns_serial", "Serial of the zone at each of its name servers.");
  prometheus::MetricFamily echo = gauge_family("probe_icmp_duration_seconds",
                                               "How long finding the address and the echo took.");
  prometheus::MetricFamily domain =
      gauge_family("intendance_domain_expiry_timestamp_seconds",
                   "When the registration of the domain expires, in seconds since 1970.");
  prometheus::MetricFamily checked =
      gauge_family("intendance_probe_last_run_timestamp_seconds",
                   "When the service was last probed, in seconds since 1970.");

  void add(const ServiceStatus& status);
  void add_http(const CheckOutcome& check, const Labels& labels);
  void add_figures(const CheckOutcome& check, const Labels& labels);

  Families take() {
    Families families;
    for (auto* family :
         {&success, &duration, &dns, &ip, &regex, &status, &phases, &redirects, &ssl, &version,
          &length, &body, &expiry, &checks, &failure, &serial, &echo, &domain, &checked})
      families.push_back(std::move(*family));
    return families;
  }
};

Labels with(Labels labels, const char* name, const std::string& value) {
  labels.push_back({name, value});
  return labels;
}

void ProbeFamilies::add_http(const CheckOutcome& check, const Labels& labels) {
  const AnswerFacts none;
  const auto& answer = check.answer ? *check.answer : none;
  add_sample(status, answer.status, labels);
  add_sample(redirects, answer.redirects, labels);
  add_sample(ssl, answer.ssl ? 1 : 0, labels);
  add_sample(version, answer.http_version, labels);
  add_sample(body, answer.body_bytes, labels);
  if (!check.answer || !check.timings) return;
  add_sample(length, answer.content_length.value_or(-1), labels);
  const std::pair<const char*, std::chrono::duration<double>> parts[] = {
      {"resolve", check.timings->resolve},
      {"connect", check.timings->connect},
      {"tls", check.timings->tls},
      {"processing", check.timings->processing},
      {"transfer", check.timings->transfer}};
  for (const auto& [part, time] : parts)
    add_sample(phases, time.count(), with(labels, "phase", part));
}

// Those of other checks than of the web.
void ProbeFamilies::add_figures(const CheckOutcome& check, const Labels& labels) {
  for (const auto& one : check.serials) {
    auto at = with(labels, "server", one.server);
    at.push_back({"address", one.address});
    add_sample(serial, one.serial, at);
  }
  const auto of = with(labels, "check", check.check);
  if (check.kind == CheckKind::icmp && check.timings) {
    add_sample(echo, check.timings->resolve.count(), with(of, "phase", "resolve"));
    add_sample(echo, check.timings->processing.count(), with(of, "phase", "rtt"));
  }
  if (check.domain_expiry)
    add_sample(domain, static_cast<double>(check.domain_expiry->time_since_epoch().count()), of);
}

// The check whose figures of HTTP are shown; none where no web server is asked.
const CheckOutcome* shown_over_http(const ProbeOutcome& outcome) {
  if (outcome.shown().kind == CheckKind::http) return &outcome.shown();
  for (const auto& check : outcome.checks)
    if (check.kind == CheckKind::http) return &check;
  return nullptr;
}

bool is_about_content(const ProbeFailure& failure) {
  return failure.reason == ProbeReason::body_mismatch || failure.reason == ProbeReason::not_json ||
         failure.reason == ProbeReason::json_mismatch;
}

void ProbeFamilies::add(const ServiceStatus& service) {
  const auto& outcome = *service.last;
  const auto& shown = outcome.shown();
  const Labels labels = {{"service", service.name}, {"kind", service.kind}};

  add_sample(checked, core::seconds_since_epoch(outcome.checked), labels);
  add_sample(duration, outcome.duration.count(), labels);
  if (outcome.is_known()) add_sample(success, outcome.success() ? 1 : 0, labels);
  add_sample(regex, shown.failure && is_about_content(*shown.failure), labels);
  if (shown.timings) add_sample(dns, shown.timings->resolve.count(), labels);
  if (!shown.remote_address.empty())
    add_sample(ip, shown.remote_address.find(':') == std::string::npos ? 4 : 6, labels);
  if (const auto* http = shown_over_http(outcome)) add_http(*http, labels);

  std::optional<std::chrono::sys_seconds> earliest;
  for (const auto& check : outcome.checks) {
    if (const auto& expires = check.earliest_certificate_expiry)
      earliest = earliest ? std::min(*earliest, *expires) : *expires;
    add_figures(check, labels);
    if (check.not_asked == NotAsked::asked)
      add_sample(checks, check.failure ? 0 : 1, with(labels, "check", check.check));
  }
  if (earliest)
    add_sample(expiry, static_cast<double>(earliest->time_since_epoch().count()), labels);
  if (shown.failure) {
    auto why = with(labels, "check", shown.check);
    why.push_back({"phase", std::string(name_of(shown.failure->phase))});
    why.push_back({"reason", std::string(name_of(shown.failure->reason))});
    add_sample(failure, 1, why);
  }
}

} // namespace

Families publish_probes(const std::vector<ServiceStatus>& services) {
  ProbeFamilies families;
  for (const auto& service : services)
    if (service.last) families.add(service);
  return families.take();
}

} // namespace intendance::collectors
