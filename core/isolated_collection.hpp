// SPDX-License-Identifier: AGPL-3.0-or-later
// A collector that may hang, on one thread of its own. Used by MetricsPage alone.
#pragma once

#include "core/exposition.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace intendance::core {

// Runs the collector on one thread when asked, and keeps the last good families. Any number of
// threads may ask at once: those that ask while it runs share its answer.
//
// The destructor waits a moment for a running collector and then leaves its thread to itself: it
// holds what it uses, and ends as soon as the collector comes back.
class IsolatedCollection {
public:
  using Clock = std::chrono::steady_clock;
  // By their source; one that is not foreign is its own only source.
  using Sources = std::vector<ForeignFamilies>;

  struct Answer {
    std::shared_ptr<const Sources> sources; // the last good ones; null before the first
    Clock::time_point taken{};              // when they were
    std::string error;                      // why they are not of this scrape; empty when they are
    std::chrono::duration<double> duration{}; // of the last run, or of the one that is stuck so far
  };

  explicit IsolatedCollection(ForeignCollector collect);
  IsolatedCollection(const IsolatedCollection&) = delete;
  IsolatedCollection& operator=(const IsolatedCollection&) = delete;
  ~IsolatedCollection();

  // Starts a run unless one is under way; returns the ticket to wait with.
  std::uint64_t start();
  // Returns when a run that ends after start() is done, or at the deadline, which is `patient` for
  // the first run and `hurried` later, when there are values or a fault to show meanwhile; at once
  // when the run under way has lasted for over a second and kept an earlier caller waiting in vain.
  Answer wait(std::uint64_t ticket, Clock::time_point hurried, Clock::time_point patient);

private:
  struct State;
  static void serve(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

} // namespace intendance::core
