// SPDX-License-Identifier: AGPL-3.0-or-later
// Who is signed in. Today everybody who knows the access token is the same reader; people and roles
// come in by giving Session a person, and nothing else here needs to change.
#pragma once

#include "core/clock.hpp"
#include "core/synchronized.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace intendance::web {

struct Session {
  core::TimePoint expires;
};

// Sessions in memory: a restart signs everybody out. Any thread may call it.
class SessionStore {
public:
  static constexpr std::size_t most_sessions = 1000; // then the one that ends first makes room

  struct Opened {
    std::string secret; // what the cookie holds: 64 hexadecimal digits
    Session session;
  };

  SessionStore(core::Clock& clock, std::chrono::seconds lifetime);

  Opened open();
  // The session of a cookie's secret, or nothing when it is unknown or over.
  std::optional<Session> find(std::string_view secret) const;
  void close(std::string_view secret);
  std::size_t size() const; // those that are not over
  std::chrono::seconds lifetime() const { return lifetime_; }

private:
  // The first half of a secret finds the session, the second proves the right to it. Only the proof
  // must be compared in constant time, so that the finding may use an ordinary map.
  struct Kept {
    std::string proof;
    Session session;
  };
  using Sessions = std::map<std::string, Kept, std::less<>>;

  core::Clock& clock_;
  std::chrono::seconds lifetime_;
  core::Synchronized<Sessions> sessions_;
};

// Slows down whoever tries tokens: after `most_failures` within `window`, an address must wait.
// Bounded: when too many addresses are watched, the one that failed longest ago is forgotten. Any
// thread may call it.
class AttemptLimiter {
public:
  static constexpr int most_failures = 5;
  static constexpr std::chrono::seconds window{60};
  static constexpr std::size_t most_addresses = 1000;

  explicit AttemptLimiter(core::Clock& clock) : clock_(clock) {}

  // How long `address` has to wait before its next attempt; nothing when it may try now.
  std::optional<std::chrono::seconds> wait(const std::string& address) const;
  void failed(const std::string& address);
  void succeeded(const std::string& address);

private:
  struct Failures {
    int count = 0;
    core::TimePoint first, last;
  };
  core::Clock& clock_;
  core::Synchronized<std::map<std::string, Failures>> failures_;
};

} // namespace intendance::web
