// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace intendance::backupd {

// Hands things from threads to threads, a few at a time. Whoever cannot go on calls fail(): the
// others get its exception at their next call.
template <class T>
class BoundedQueue {
public:
  using Weigh = std::size_t (*)(const T&);

  // Of so much weight; what weighs more goes through alone.
  explicit BoundedQueue(
      std::size_t most, Weigh weigh = [](const T&) { return std::size_t{1}; })
      : most_(most), weigh_(weigh) {}

  // Waits while the queue is full. Nothing happens after close().
  void push(T value) {
    const auto weight = weigh_(value);
    std::unique_lock lock(mutex_);
    changed_.wait(
        lock, [&] { return values_.empty() || weight_ + weight <= most_ || closed_ || failure_; });
    if (failure_) std::rethrow_exception(failure_);
    if (closed_) return;
    values_.push_back(std::move(value));
    weight_ += weight;
    changed_.notify_all();
  }
  // Waits while it is empty; nothing when it is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !values_.empty() || closed_ || failure_; });
    if (failure_) std::rethrow_exception(failure_);
    return take();
  }
  // Waits like pop(), and takes what follows, too, as long as `joins` says of what it has taken and
  // the next that they belong together. Empty when the queue is closed and empty.
  template <class Joins>
  std::vector<T> pop_run(Joins&& joins) {
    std::vector<T> run;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !values_.empty() || closed_ || failure_; });
    if (failure_) std::rethrow_exception(failure_);
    while (!values_.empty() && (run.empty() || joins(std::as_const(run), values_.front())))
      run.push_back(*take());
    return run;
  }
  // Does not wait.
  std::optional<T> try_pop() {
    const std::scoped_lock lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
    return take();
  }
  // No more will come; what is in it can still be taken.
  void close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  void fail(std::exception_ptr failure) {
    const std::scoped_lock lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    values_.clear();
    weight_ = 0;
    changed_.notify_all();
  }

private:
  std::optional<T> take() {
    if (values_.empty()) return std::nullopt;
    std::optional<T> value(std::move(values_.front()));
    values_.pop_front();
    weight_ -= weigh_(*value);
    changed_.notify_all();
    return value;
  }

  const std::size_t most_;
  const Weigh weigh_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
  std::size_t weight_ = 0; // of these
  bool closed_ = false;
  std::exception_ptr failure_;
};

} // namespace intendance::backupd
