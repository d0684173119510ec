// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include <mutex>
#include <utility>

namespace intendance::core {

// Shared state that cannot be reached without its lock.
//   Synchronized<Jobs> jobs;
//   jobs.with([](Jobs& all) { all.push_back(…); });
template <class T>
class Synchronized {
public:
  template <class... Arguments>
  explicit Synchronized(Arguments&&... arguments) : value_(std::forward<Arguments>(arguments)...) {}

  template <class Use>
  decltype(auto) with(Use&& use) {
    std::scoped_lock lock(mutex_);
    return std::forward<Use>(use)(value_);
  }
  template <class Use>
  decltype(auto) with(Use&& use) const {
    std::scoped_lock lock(mutex_);
    return std::forward<Use>(use)(std::as_const(value_));
  }
  T copy() const {
    std::scoped_lock lock(mutex_);
    return value_;
  }
  void set(T value) {
    std::scoped_lock lock(mutex_);
    value_ = std::move(value);
  }

private:
  mutable std::mutex mutex_;
  T value_;
};

} // namespace intendance::core
