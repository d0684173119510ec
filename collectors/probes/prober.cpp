// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/prober.hpp"

#include "core/error.hpp"
#include "core/log.hpp"
#include "core/synchronized.hpp"

#include <algorithm>
#include <random>

namespace intendance::collectors {

const char* state_name(ServiceState state) {
  switch (state) {
  case ServiceState::up: return "up";
  case ServiceState::down: return "down";
  case ServiceState::unknown: break;
  }
  return "unknown";
}

ServiceStatus advanced(ServiceStatus status, ProbeOutcome outcome) {
  const auto state = !outcome.is_known() ? ServiceState::unknown
                     : outcome.success() ? ServiceState::up
                                         : ServiceState::down;
  if (state != status.state) status.since = outcome.checked;
  status.state = state;
  status.last = std::move(outcome);
  return status;
}

struct Prober::Watch {
  explicit Watch(Service which) : service(std::move(which)) {
    status.set({service.name, service.kind, service.place(), ServiceState::unknown, {}, {}});
  }
  const Service service;
  core::Synchronized<ServiceStatus> status;
};

namespace {

// Spreads the first probes over a tenth of the interval, so that those of one machine don't all ask
// in the same moment for ever.
std::chrono::nanoseconds first_delay(std::chrono::seconds interval) {
  std::random_device device;
  const auto most = std::chrono::nanoseconds(interval).count() / 10;
  return std::chrono::nanoseconds(std::uniform_int_distribution<std::int64_t>(0, most)(device));
}

// One line when a service goes down, changes its reason or comes back; none for the rest.
void log_change(const ServiceStatus& before, const ServiceStatus& now) {
  const auto& failure = now.last->shown().failure;
  if (!failure) {
    if (before.state == ServiceState::down)
      core::log::info("service is up again", {{"service", now.name}});
    return;
  }
  const auto* known =
      before.last && !before.last->success() ? &*before.last->shown().failure : nullptr;
  if (known == nullptr || known->reason != failure->reason || known->detail != failure->detail)
    core::log::warning("service is down, probing it further",
                       {{"service", now.name},
                        {"phase", std::string(name_of(failure->phase))},
                        {"reason", std::string(name_of(failure->reason))},
                        {"detail", failure->detail}});
}

} // namespace

Prober::Prober(const std::vector<Service>& services, std::chrono::seconds interval,
               NameServers name_servers, core::Clock& clock, FailureFolder memory)
    : watches_(std::make_shared<std::vector<std::unique_ptr<Watch>>>()) {
  for (const auto& service : services)
    if (service.is_probed()) watches_->push_back(std::make_unique<Watch>(service));
  for (const auto& entry : *watches_)
    threads_.emplace_back([watches = watches_, watch = entry.get(), interval, name_servers, memory,
                           &clock](std::stop_token stop) {
      FailureMemory failures(memory, watch->service.name);
      watch->status.with([&](ServiceStatus& status) { status.failures = failures.failures(); });
      auto next = clock.now() + first_delay(interval);
      for (clock.sleep_until(next, stop); !stop.stop_requested(); clock.sleep_until(next, stop)) {
        try {
          const auto before = watch->status.copy();
          auto now = advanced(before, run_probe(watch->service, name_servers, clock, stop,
                                                before.last ? &*before.last : nullptr));
          log_change(before, now);
          failures.add(*now.last);
          now.failures = failures.failures();
          watch->status.set(std::move(now));
        } catch (const core::Cancelled&) {
          return;
        } catch (const std::exception& error) {
          core::log::error("cannot probe, trying again at the next turn",
                           {{"service", watch->service.name}, {"reason", error.what()}});
        }
        // A probe that took longer than the interval costs its turns; a clock that was set back
        // does not make the next one wait longer than usual.
        const auto now = clock.now();
        next = std::clamp(next + interval, now, now + interval);
      }
    });
}

Prober::~Prober() {
  // All at once, so that they end together and not one after the other.
  for (auto& thread : threads_) thread.request_stop();
}

std::vector<ServiceStatus> Prober::statuses() const {
  std::vector<ServiceStatus> statuses;
  for (const auto& watch : *watches_) statuses.push_back(watch->status.copy());
  return statuses;
}

std::shared_ptr<prometheus::Collectable> Prober::collectable() const {
  return make_collectable([watches = watches_] {
    std::vector<ServiceStatus> statuses;
    for (const auto& watch : *watches) statuses.push_back(watch->status.copy());
    return publish_probes(statuses);
  });
}

} // namespace intendance::collectors
