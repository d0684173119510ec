// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>

namespace intendance::backupd {

// Hands things from threads to threads, a few at a time. Whoever cannot go on calls fail(): the
// others get its exception at their next call.
template <class T>
class BoundedQueue {
public:
  explicit BoundedQueue(std::size_t most) : most_(most) {}

  // Waits while the queue is full. Nothing happens after close().
  void push(T value) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return values_.size() < most_ || closed_ || failure_; });
    if (failure_) std::rethrow_exception(failure_);
    if (closed_) return;
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  // Waits while it is empty; nothing when it is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !values_.empty() || closed_ || failure_; });
    if (failure_) std::rethrow_exception(failure_);
    return take();
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
    changed_.notify_all();
  }

private:
  std::optional<T> take() {
    if (values_.empty()) return std::nullopt;
    std::optional<T> value(std::move(values_.front()));
    values_.pop_front();
    changed_.notify_all();
    return value;
  }

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
  bool closed_ = false;
  std::exception_ptr failure_;
};

} // namespace intendance::backupd
