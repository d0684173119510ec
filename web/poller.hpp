// SPDX-License-Identifier: AGPL-3.0-or-later
// Keeps the overview fresh in the background, so that no page ever waits for a daemon.
#pragma once

#include "core/clock.hpp"
#include "core/secret.hpp"
#include "core/synchronized.hpp"
#include "web/overview.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace intendance::web {

// One state of the house as it was served; never changes once published.
struct PublishedOverview {
  Overview overview;
  std::string json;
  std::string gzipped;
  std::string etag; // as the header has it; another for every publication of every process
};

struct PollerOptions {
  std::chrono::seconds every{10};          // from the end of one question to the start of the next
  std::chrono::milliseconds timeout{5000}; // of one question
  // A daemon is silent when it has not answered for this long.
  std::chrono::seconds patience() const { return 3 * every; }
};

// One thread a daemon, so that a dead or slow one delays nobody. Any thread may call latest().
class Poller {
public:
  using Publish = std::function<void(const std::shared_ptr<const PublishedOverview>&)>;

  // Starts asking at once. `published`, when given, is called on a poller's thread, in order, after
  // each change. `clock` must outlive the poller.
  Poller(const std::vector<DaemonAddress>& daemons, core::SecretBytes token, PollerOptions options,
         core::Clock& clock, Publish published = {});
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  ~Poller(); // at most a second, even when a daemon hangs

  std::shared_ptr<const PublishedOverview> latest() const;
  std::vector<DaemonReport> reports() const;

private:
  struct State {
    std::vector<DaemonReport> reports;
    std::string content; // of the latest overview, without its time
    std::shared_ptr<const PublishedOverview> latest;
    std::uint64_t publications = 0;
  };

  void follow(std::size_t index, const std::stop_token& stop);
  void publish(State& state);

  core::SecretBytes token_;
  PollerOptions options_;
  core::Clock& clock_;
  Publish published_;
  std::string process_; // makes the entity tags of two processes differ
  core::Synchronized<State> state_;
  std::vector<std::jthread> threads_; // last: they use all the above
};

} // namespace intendance::web
