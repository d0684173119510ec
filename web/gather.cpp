// SPDX-License-Identifier: AGPL-3.0-or-later
#include "web/gather.hpp"

#include "core/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <thread>
#include <utility>

namespace intendance::web {

namespace {

// The largest answer that is read: some thousand services or jobs.
constexpr std::size_t most_answer = std::size_t{1} << 20;

std::string path_asked(DaemonKind kind) {
  switch (kind) {
  case DaemonKind::billingd: return "/api/v1/budget";
  case DaemonKind::prometheus: return "/-/ready";
  case DaemonKind::collectord:
  case DaemonKind::backupd: break;
  }
  return "/api/v1/status";
}

// What our daemons say beside a status: {"error": "…"}.
std::string reason_in(const std::string& body) {
  const nlohmann::json parsed = nlohmann::json::parse(body, nullptr, false);
  const bool said = parsed.is_object() && parsed.contains("error") && parsed["error"].is_string();
  return said ? ": " + parsed["error"].get<std::string>() : std::string();
}

// Throws core::Error when the status is not 200, saying what to do where that is known.
void check_status(const core::HttpReply& reply) {
  if (reply.status == 200) return;
  std::string message = "answered " + std::to_string(reply.status);
  if (reply.status == 401 || reply.status == 403)
    message += ": it does not accept the token of [webd] token_file";
  else if (reply.status == 404)
    message += ": something else than the expected daemon listens there";
  else
    message += reason_in(reply.body);
  throw core::Error(std::move(message));
}

void take_answer(DaemonReport& report, const core::HttpReply& reply) {
  check_status(reply);
  if (reply.body_cut)
    throw core::CorruptData("the answer is longer than " + std::to_string(most_answer) + " bytes");
  switch (report.address.kind) {
  case DaemonKind::collectord: report.answer = parse_collectord_answer(reply.body); break;
  case DaemonKind::backupd: report.answer = parse_backupd_answer(reply.body); break;
  case DaemonKind::billingd: report.answer = parse_billingd_answer(reply.body); break;
  case DaemonKind::prometheus: break; // being ready is all it has to say
  }
}

} // namespace

std::vector<DaemonAddress> daemons_of(const WebConfig& config) {
  std::vector<DaemonAddress> daemons;
  for (const MachineAddresses& machine : config.machines) {
    if (machine.collectord)
      daemons.push_back({DaemonKind::collectord, machine.name, *machine.collectord});
    if (machine.backupd) daemons.push_back({DaemonKind::backupd, machine.name, *machine.backupd});
  }
  if (config.billingd) daemons.push_back({DaemonKind::billingd, {}, *config.billingd});
  if (config.prometheus) daemons.push_back({DaemonKind::prometheus, {}, *config.prometheus});
  return daemons;
}

core::SecretBytes read_daemon_token(const WebConfig& config) {
  if (!config.token_file) return {};
  return core::with_context("[webd] token_file",
                            [&] { return core::read_secret(*config.token_file); });
}

void ask_daemon(DaemonReport& report, core::HttpClient& client, const core::SecretBytes& token,
                std::chrono::milliseconds timeout, const core::Clock& clock, std::stop_token stop) {
  core::HttpCall call;
  call.url = report.address.url + path_asked(report.address.kind);
  call.timeout = timeout;
  call.connect_timeout = std::min(call.connect_timeout, timeout);
  call.most_body = most_answer;
  call.user_agent = "intendance-webd";
  // Prometheus is not ours: it has no use for the token, and should not see it.
  if (!token.empty() && report.address.kind != DaemonKind::prometheus)
    call.headers.emplace_back("Authorization",
                              "Bearer " + std::string(core::as_text(token.view())));
  try {
    take_answer(report, client.send(call, stop));
    report.error.clear();
    report.answered = clock.now();
  } catch (const core::Cancelled&) {
    throw;
  } catch (const core::HttpFailure& failure) {
    report.error = first_line(failure.what()); // it names the address itself
  } catch (const std::exception& error) {
    report.error = first_line(report.address.url + ": " + error.what());
  }
  report.asked = clock.now();
}

std::vector<DaemonReport> gather_once(const std::vector<DaemonAddress>& daemons,
                                      const core::SecretBytes& token,
                                      std::chrono::milliseconds timeout, const core::Clock& clock,
                                      std::stop_token stop) {
  std::vector<DaemonReport> reports;
  for (const DaemonAddress& address : daemons) reports.push_back({address, {}, {}, {}, {}});
  {
    std::vector<std::jthread> threads;
    for (DaemonReport& report : reports)
      threads.emplace_back([&report, &token, timeout, &clock, stop] {
        try {
          core::HttpClient client;
          ask_daemon(report, client, token, timeout, clock, stop);
        } catch (const std::exception& error) {
          report.error = error.what(); // Cancelled: said once for all, below
        }
      });
  }
  if (stop.stop_requested()) throw core::Cancelled("stopped while asking the daemons");
  return reports;
}

} // namespace intendance::web
