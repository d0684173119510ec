// SPDX-License-Identifier: AGPL-3.0-or-later
// Probes every service on its own schedule, in the background: a scrape shows what is known and
// waits for nobody.
#pragma once

#include "collectors/families.hpp"
#include "collectors/probes/failure_memory.hpp"

#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace intendance::collectors {

enum class ServiceState { unknown, up, down }; // unknown: not probed yet, or not permitted to
const char* state_name(ServiceState state);

struct ServiceStatus {
  std::string name, kind, url;
  ServiceState state = ServiceState::unknown;
  std::optional<core::TimePoint> since; // of the state; absent while unknown
  std::optional<ProbeOutcome> last;
  std::shared_ptr<const Failures> failures = std::make_shared<Failures>(); // the last 32
};

// The status after one more probe: `since` moves only when the state does.
ServiceStatus advanced(ServiceStatus status, ProbeOutcome outcome);

// blackbox_exporter's names, with the labels `service` and `kind`, and probe_failure_info. The http
// figures are those of the check that failed first, or else of the profile's first that asks a web
// server.
Families publish_probes(const std::vector<ServiceStatus>& services);

// Owns one thread a service that has a URL or a host; the destructor stops them, which takes up to
// a second when a probe is under way. The clock must outlive it.
class Prober {
public:
  Prober(const std::vector<Service>& services, std::chrono::seconds interval,
         NameServers name_servers, core::Clock& clock, FailureFolder memory = {});
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;
  ~Prober();

  // From any thread, at any time, in the configuration's order; services without either are not
  // there.
  std::vector<ServiceStatus> statuses() const;
  // What the page shows; it may outlive the prober.
  std::shared_ptr<prometheus::Collectable> collectable() const;

private:
  struct Watch;
  std::shared_ptr<std::vector<std::unique_ptr<Watch>>> watches_;
  std::vector<std::jthread> threads_; // last: they use what is above
};

} // namespace intendance::collectors
