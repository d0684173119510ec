// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/prober.hpp"

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
                   "When the first certificate of the chain expires, in seconds since 1970.");
  prometheus::MetricFamily checks = gauge_family(
      "intendance_probe_check_success",
      "Whether each check of the service passed; one that was not asked is not there.");
  prometheus::MetricFamily failure = gauge_family(
      "intendance_probe_failure_info", "Where and why the service fails, while it does.");
  prometheus::MetricFamily checked =
      gauge_family("intendance_probe_last_run_timestamp_seconds",
                   "When the service was last probed, in seconds since 1970.");

  void add(const ServiceStatus& status);
  void add_answer(const AnswerFacts& answer, const Labels& labels);

  Families take() {
    Families families;
    for (auto* family : {&success, &duration, &dns, &ip, &regex, &status, &phases, &redirects, &ssl,
                         &version, &length, &body, &expiry, &checks, &failure, &checked})
      families.push_back(std::move(*family));
    return families;
  }
};

Labels with(Labels labels, const char* name, const std::string& value) {
  labels.push_back({name, value});
  return labels;
}

void ProbeFamilies::add_answer(const AnswerFacts& answer, const Labels& labels) {
  const std::pair<const char*, std::chrono::duration<double>> parts[] = {
      {"resolve", answer.timings.resolve},
      {"connect", answer.timings.connect},
      {"tls", answer.timings.tls},
      {"processing", answer.timings.processing},
      {"transfer", answer.timings.transfer}};
  for (const auto& [part, time] : parts)
    add_sample(phases, time.count(), with(labels, "phase", part));
  add_sample(dns, answer.timings.resolve.count(), labels);
  if (!answer.remote_address.empty())
    add_sample(ip, answer.remote_address.find(':') == std::string::npos ? 4 : 6, labels);
  add_sample(length, answer.content_length.value_or(-1), labels);
  if (answer.earliest_certificate_expiry)
    add_sample(expiry,
               static_cast<double>(answer.earliest_certificate_expiry->time_since_epoch().count()),
               labels);
}

void ProbeFamilies::add(const ServiceStatus& service) {
  const auto& outcome = *service.last;
  const auto& shown = outcome.shown();
  const AnswerFacts none;
  const auto& answer = shown.answer ? *shown.answer : none;
  const Labels labels = {{"service", service.name}, {"kind", service.kind}};

  add_sample(success, outcome.success() ? 1 : 0, labels);
  add_sample(duration, outcome.duration.count(), labels);
  add_sample(checked, core::seconds_since_epoch(outcome.checked), labels);
  add_sample(regex,
             shown.failure && (shown.failure->phase == "text" || shown.failure->phase == "json"),
             labels);
  add_sample(status, answer.status, labels);
  add_sample(redirects, answer.redirects, labels);
  add_sample(ssl, answer.ssl ? 1 : 0, labels);
  add_sample(version, answer.http_version, labels);
  add_sample(body, answer.body_bytes, labels);
  if (shown.answer) add_answer(answer, labels);
  for (const auto& check : outcome.checks)
    if (!check.failure || check.failure->phase != "skipped")
      add_sample(checks, check.failure ? 0 : 1, with(labels, "check", check.check));
  if (shown.failure)
    add_sample(failure, 1,
               {{"service", service.name},
                {"phase", shown.failure->phase},
                {"reason", shown.failure->reason}});
}

} // namespace

Families publish_probes(const std::vector<ServiceStatus>& services) {
  ProbeFamilies families;
  for (const auto& service : services)
    if (service.last) families.add(service);
  return families.take();
}

} // namespace intendance::collectors
