// SPDX-License-Identifier: AGPL-3.0-or-later
// What apt would upgrade, computed anew when dpkg's or apt's files change, and at no other time.
#pragma once

#include "collectors/families.hpp"
#include "core/clock.hpp"
#include "core/file.hpp"
#include "core/synchronized.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace intendance::collectors {

struct AptWatchOptions {
  std::filesystem::path root = "/";
  std::filesystem::path program; // empty: intendance-apt-state beside this program
  // One installation writes many times: it is over when nothing happened for so long.
  std::chrono::milliseconds settled_after{5000};
  std::chrono::milliseconds longest_change{60000};
  std::chrono::milliseconds failed_is_tried_again_after{600000};
};

// On a thread of its own, from construction to destruction.
class AptWatch {
public:
  explicit AptWatch(const core::Clock& clock, AptWatchOptions options = {});
  // Ends a computation that is under way.
  ~AptWatch() = default;
  AptWatch(const AptWatch&) = delete;
  AptWatch& operator=(const AptWatch&) = delete;

  // apt_*, node_reboot_required, and how the last computation went. Nothing on a machine without
  // dpkg. Any thread may collect; nobody waits.
  std::shared_ptr<prometheus::Collectable> collectable() const;

private:
  struct State {
    Families families; // of the last computation that succeeded
    std::string error; // of the last one, if it failed
    std::optional<core::TimePoint> computed;
  };
  class Changes;
  void watch(const std::stop_token& stop);
  bool compute(const std::stop_token& stop);

  const core::Clock& clock_;
  AptWatchOptions options_;
  std::shared_ptr<core::Synchronized<State>> state_;
  std::jthread thread_; // last: it uses all of the above
};

} // namespace intendance::collectors
