// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/fault_injection.hpp"

#include "core/error.hpp"
#include "core/synchronized.hpp"

namespace intendance::storage {

namespace {

[[noreturn]] void fail(FaultKind kind, const std::string& name) {
  const auto message = name + ": a failure that was asked for";
  switch (kind) {
  case FaultKind::transient: throw core::TransientError(message);
  case FaultKind::denied: throw core::AccessDenied(message);
  case FaultKind::corrupt: throw core::CorruptData(message);
  case FaultKind::cancelled: throw core::Cancelled(message);
  case FaultKind::other: break;
  }
  throw core::Error(message);
}

struct Progress {
  std::optional<FaultPlan> plan;
  std::uint64_t calls = 0;    // all
  std::uint64_t matching = 0; // since arm()
  bool fired = false;
};

struct Decision {
  bool fails = false;
  FaultMoment moment = FaultMoment::before;
  FaultKind kind = FaultKind::other;
};

Decision decide(Progress& progress, Verb verb, const std::string& name) {
  ++progress.calls;
  if (!progress.plan) return {};
  const auto& plan = *progress.plan;
  if (progress.fired && plan.kill) return {true, FaultMoment::before, plan.kind};
  if (!plan.verbs.empty() && !plan.verbs.contains(verb)) return {};
  if (!name.starts_with(plan.prefix) || ++progress.matching != plan.call) return {};
  progress.fired = true;
  return {true, plan.moment, plan.kind};
}

// Whether this thread is in a hook.
thread_local bool in_hook = false;

void run_hook(const std::function<void(const StoreCall&)>& hook, const StoreCall& call) {
  in_hook = true;
  try {
    hook(call);
  } catch (...) {
    in_hook = false;
    throw;
  }
  in_hook = false;
}

} // namespace

struct FaultyStore::State {
  core::Synchronized<Progress> progress;
  std::function<void(const StoreCall&)> hook;
};

FaultyStore::FaultyStore(ObjectStore& inner) : inner_(inner), state_(std::make_unique<State>()) {}
FaultyStore::~FaultyStore() = default;

void FaultyStore::arm(FaultPlan plan) {
  state_->progress.with([&](Progress& progress) {
    progress.plan = std::move(plan);
    progress.matching = 0;
    progress.fired = false;
  });
}

void FaultyStore::disarm() {
  state_->progress.with([](Progress& progress) { progress.plan.reset(); });
}

std::uint64_t FaultyStore::calls() const {
  return state_->progress.with([](const Progress& progress) { return progress.calls; });
}

bool FaultyStore::has_fired() const {
  return state_->progress.with([](const Progress& progress) { return progress.fired; });
}

void FaultyStore::set_hook(std::function<void(const StoreCall&)> hook) {
  state_->hook = std::move(hook);
}

template <class Call>
auto FaultyStore::pass(Verb verb, const std::string& name, Call&& call) {
  if (in_hook) return call();
  if (state_->hook) run_hook(state_->hook, {verb, name});
  const auto decision =
      state_->progress.with([&](Progress& progress) { return decide(progress, verb, name); });
  if (decision.fails) {
    if (decision.moment == FaultMoment::after) call();
    fail(decision.kind, name);
  }
  return call();
}

void FaultyStore::put(const std::string& name, const Content& content) {
  pass(Verb::put, name, [&] { inner_.put(name, content); });
}

std::optional<core::Buffer> FaultyStore::get(const std::string& name, std::uint64_t most) {
  return pass(Verb::get, name, [&] { return inner_.get(name, most); });
}

bool FaultyStore::read(const std::string& name, std::uint64_t offset,
                       std::span<std::uint8_t> into) {
  return pass(Verb::get, name, [&] { return inner_.read(name, offset, into); });
}

void FaultyStore::list(const std::string& prefix,
                       const std::function<void(const ObjectInfo&)>& visit) {
  pass(Verb::list, prefix, [&] { inner_.list(prefix, visit); });
}

std::optional<ObjectInfo> FaultyStore::head(const std::string& name) {
  return pass(Verb::head, name, [&] { return inner_.head(name); });
}

void FaultyStore::remove(const std::string& name) {
  pass(Verb::remove, name, [&] { inner_.remove(name); });
}

std::string FaultyStore::address() const { return inner_.address(); }

} // namespace intendance::storage
