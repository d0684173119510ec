// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/isolated_collection.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace intendance::core {

namespace {
// A run that is younger may have been found late by a caller in a hurry; others still wait for it.
constexpr std::chrono::seconds patience{1};
} // namespace

struct IsolatedCollection::State {
  explicit State(std::shared_ptr<prometheus::Collectable> what) : collectable(std::move(what)) {}

  const std::shared_ptr<prometheus::Collectable> collectable;
  std::mutex mutex; // guards all below; never held while collecting
  std::condition_variable changed;
  bool wanted = false;
  bool running = false;
  bool overdue = false; // the run under way outlived a caller's deadline
  bool leaving = false;
  bool ended = false;
  std::uint64_t runs = 0; // that ended
  Clock::time_point started{};
  Answer last;
};

IsolatedCollection::IsolatedCollection(std::shared_ptr<prometheus::Collectable> collectable)
    : state_(std::make_shared<State>(std::move(collectable))) {
  // Detached, because a thread that is stuck in the kernel cannot be joined.
  std::thread([state = state_] { serve(state); }).detach();
}

IsolatedCollection::~IsolatedCollection() {
  std::unique_lock lock(state_->mutex);
  state_->leaving = true;
  state_->changed.notify_all();
  state_->changed.wait_for(lock, std::chrono::milliseconds(200), [&] { return state_->ended; });
}

void IsolatedCollection::serve(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  while (true) {
    state->changed.wait(lock, [&] { return state->wanted || state->leaving; });
    if (state->leaving) break;
    state->wanted = false;
    state->running = true;
    state->started = Clock::now();
    lock.unlock();

    std::shared_ptr<const Families> families;
    std::string error;
    try {
      families = std::make_shared<const Families>(state->collectable->Collect());
    } catch (const std::exception& failure) {
      error = failure.what();
    } catch (...) {
      error = "an exception of an unknown type";
    }

    lock.lock();
    const auto now = Clock::now();
    if (families) {
      state->last.families = std::move(families);
      state->last.taken = now;
    }
    state->last.error = std::move(error);
    state->last.duration = now - state->started;
    state->running = state->overdue = false;
    ++state->runs;
    state->changed.notify_all();
  }
  state->ended = true;
  state->changed.notify_all();
}

std::uint64_t IsolatedCollection::start() {
  std::unique_lock lock(state_->mutex);
  if (!state_->running && !state_->wanted) {
    state_->wanted = true;
    state_->changed.notify_all();
  }
  return state_->runs;
}

IsolatedCollection::Answer IsolatedCollection::wait(std::uint64_t ticket,
                                                    Clock::time_point deadline) {
  std::unique_lock lock(state_->mutex);
  const auto stuck = [&] {
    return state_->running && state_->overdue && Clock::now() - state_->started > patience;
  };
  const auto done = [&] { return state_->runs > ticket; };
  if (!stuck() && state_->changed.wait_until(lock, deadline, done)) return state_->last;
  state_->overdue = state_->running;
  auto answer = state_->last;
  answer.duration = state_->running ? Clock::now() - state_->started : Clock::duration{};
  answer.error = "has not come back";
  return answer;
}

} // namespace intendance::core
