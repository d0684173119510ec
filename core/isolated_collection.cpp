// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/isolated_collection.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace intendance::core {

namespace {
// A run that is younger is late, which may be the machine's fault: others still wait for it, and
// the values from before count as good. One that is older is stuck.
constexpr std::chrono::seconds patience{1};
} // namespace

struct IsolatedCollection::State {
  explicit State(ForeignCollector what) : collect(std::move(what)) {}

  const ForeignCollector collect;
  std::mutex mutex; // guards all below; never held while collecting
  std::condition_variable changed;
  bool wanted = false;
  bool running = false;
  bool overdue = false; // the run under way outlived a caller's deadline
  bool leaving = false;
  bool ended = false;
  std::uint64_t runs = 0;               // that ended
  Clock::time_point asked{}, started{}; // the run under way
  Answer last;
};

IsolatedCollection::IsolatedCollection(ForeignCollector collect)
    : state_(std::make_shared<State>(std::move(collect))) {
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

    std::shared_ptr<const Sources> sources;
    std::string error;
    try {
      sources = std::make_shared<const Sources>(state->collect());
    } catch (const std::exception& failure) {
      error = failure.what();
    } catch (...) {
      error = "an exception of an unknown type";
    }

    lock.lock();
    const auto now = Clock::now();
    if (sources) {
      state->last.sources = std::move(sources);
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
    state_->asked = Clock::now();
    state_->changed.notify_all();
  }
  return state_->runs;
}

IsolatedCollection::Answer IsolatedCollection::wait(std::uint64_t ticket, Clock::time_point hurried,
                                                    Clock::time_point patient) {
  std::unique_lock lock(state_->mutex);
  const auto deadline = state_->runs > 0 ? std::min(hurried, patient) : patient;
  const auto stuck = [&] {
    return state_->running && state_->overdue && Clock::now() - state_->asked > patience;
  };
  const auto done = [&] { return state_->runs > ticket; };
  if (!stuck() && state_->changed.wait_until(lock, deadline, done)) return state_->last;
  state_->overdue = state_->running;
  auto answer = state_->last;
  answer.duration = state_->running ? Clock::now() - state_->started : Clock::duration{};
  const bool late = Clock::now() - state_->asked <= patience;
  const bool known = answer.sources || !answer.error.empty();
  if (!late || !known) answer.error = "has not come back";
  return answer;
}

} // namespace intendance::core
