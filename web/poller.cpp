// SPDX-License-Identifier: AGPL-3.0-or-later
#include "web/poller.hpp"

#include "core/error.hpp"
#include "core/gzip.hpp"
#include "core/http_client.hpp"
#include "core/log.hpp"
#include "web/entity_tag.hpp"
#include "web/gather.hpp"
#include "web/random.hpp"

#include <utility>

namespace intendance::web {

namespace {

// Says once when a daemon stops answering and once when it answers again.
void log_change(const DaemonReport& before, const DaemonReport& after) {
  if (before.error.empty() == after.error.empty()) return;
  const std::string daemon(name_of(after.address.kind));
  if (after.error.empty())
    core::log::info("a daemon answers again",
                    {{"daemon", daemon}, {"machine", after.address.machine}});
  else
    core::log::warning(
        "a daemon does not answer, asking again",
        {{"daemon", daemon}, {"machine", after.address.machine}, {"reason", after.error}});
}

} // namespace

Poller::Poller(const std::vector<DaemonAddress>& daemons, core::SecretBytes token,
               PollerOptions options, core::Clock& clock, Publish published)
    : token_(std::move(token)), options_(options), clock_(clock), published_(std::move(published)),
      process_(random_hex(4)) {
  state_.with([&](State& state) {
    for (const DaemonAddress& address : daemons) state.reports.push_back({address, {}, {}, {}, {}});
    publish(state);
  });
  for (std::size_t index = 0; index < daemons.size(); ++index)
    threads_.emplace_back([this, index](const std::stop_token& stop) { follow(index, stop); });
}

Poller::~Poller() {
  // All are asked to stop before the first is waited for.
  for (std::jthread& thread : threads_) thread.request_stop();
}

std::shared_ptr<const PublishedOverview> Poller::latest() const {
  return state_.with([](const State& state) { return state.latest; });
}

std::vector<DaemonReport> Poller::reports() const {
  return state_.with([](const State& state) { return state.reports; });
}

void Poller::follow(std::size_t index, const std::stop_token& stop) {
  try {
    core::HttpClient client;
    DaemonReport report = state_.with([&](State& state) { return state.reports[index]; });
    while (!stop.stop_requested()) {
      const DaemonReport before = report;
      ask_daemon(report, client, token_, options_.timeout, clock_, stop);
      log_change(before, report);
      state_.with([&](State& state) {
        state.reports[index] = report;
        publish(state);
      });
      clock_.sleep_until(*report.asked + options_.every, stop);
    }
  } catch (const core::Cancelled&) {
    // The destructor asked.
  } catch (const std::exception& error) {
    core::log::error("following a daemon failed, its figures stay as they are",
                     {{"reason", error.what()}});
  }
}

void Poller::publish(State& state) {
  const core::TimePoint now = clock_.now();
  Overview overview = compute_overview(state.reports, now, options_.patience());
  // A publication is a change of what is shown; its own time is not one.
  std::string content = overview_json(overview, core::TimePoint{});
  if (state.latest && content == state.content) return;
  state.content = std::move(content);
  std::string json = overview_json(overview, now);
  std::string gzipped = core::gzip(json);
  state.latest = std::make_shared<const PublishedOverview>(
      PublishedOverview{std::move(overview), std::move(json), std::move(gzipped),
                        weak_entity_tag(process_ + "-" + std::to_string(++state.publications))});
  if (published_) published_(state.latest);
}

} // namespace intendance::web
