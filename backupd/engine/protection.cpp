// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/protection.hpp"

#include "backupd/engine/bounded_queue.hpp"
#include "core/clock.hpp"
#include "storage/object_versions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace intendance::backupd {

using storage::BucketRules;
using storage::LockMode;
using storage::ObjectVersion;
using storage::ObjectVersions;

namespace {

constexpr const char* kept_prefixes[] = {"trust/", "snapshots/", "indexes/", "packs/"};
constexpr std::size_t most_names = 1000;
constexpr std::size_t most_waiting = 64; // names

void stop_if_asked(const std::stop_token& stop) {
  if (stop.stop_requested()) throw core::Cancelled("stopped as asked");
}

// Why the rules protect nothing; empty when they say that they do.
std::string lack_of(const std::optional<BucketRules>& rules) {
  if (!rules) return ""; // what was done to an object tells
  if (!rules->versions)
    return "the bucket keeps no versions: whoever has these credentials can delete every backup";
  if (!rules->lock)
    return "the bucket keeps versions and locks none: whoever has these credentials can delete "
           "the versions too";
  if (rules->lock->mode == LockMode::governance)
    return "the bucket's locks are of mode GOVERNANCE, which some credentials may lift; COMPLIANCE "
           "is wanted";
  return "";
}

} // namespace

Protection look_at_protection(storage::ObjectStore& store, const std::string& object) {
  Protection protection;
  auto* versions = store.versions();
  if (versions == nullptr) {
    protection.reason =
        "this kind of store locks nothing: whoever can write to it can delete every "
        "backup";
    return protection;
  }
  const auto rules = versions->rules();
  protection.reason = lack_of(rules);
  if (!protection.reason.empty()) return protection;
  if (rules) protection.period = rules->lock->period;
  const auto lock = versions->lock_of(object);
  if (!lock || lock->mode != LockMode::compliance) {
    protection.reason =
        rules ? "the bucket says that it locks what is written, and " + object + " has no lock"
              : "these credentials may not ask for the bucket's rules, and " + object +
                    " has no lock";
  } else if (lock->until <= core::system_clock().now()) {
    protection.reason =
        fmt::format("the lock of {} ended {}", object, core::format_utc(lock->until));
  } else {
    protection.is_locked = true;
  }
  return protection;
}

Finding protection_lost(const storage::ObjectStore& store, const std::string& reason) {
  return {store.address(), "is no longer protected against deletion, and was before: " + reason};
}

std::uint64_t extend_locks(storage::ObjectStore& store, core::TimePoint until,
                           std::stop_token stop) {
  auto* versions = store.versions();
  if (versions == nullptr) return 0;
  std::atomic<std::uint64_t> extended = 0;
  BoundedQueue<std::string> names(most_waiting);
  std::vector<std::jthread> threads; // each waits for the store most of the time
  for (auto each = store.connections(); each > 0; --each) {
    threads.emplace_back([&] {
      try {
        for (; const auto name = names.pop(); ++extended) versions->extend_lock(*name, until);
      } catch (...) { // the boundary of a thread
        names.fail(std::current_exception());
      }
    });
  }
  try {
    for (const auto* prefix : kept_prefixes) {
      store.list(prefix, [&](const storage::ObjectInfo& info) {
        stop_if_asked(stop);
        names.push(info.name);
      });
    }
  } catch (...) {
    names.fail(std::current_exception()); // so that no thread waits for ever
    throw;
  }
  names.close();
  threads.clear(); // waits for all
  names.try_pop(); // throws what a thread failed of
  return extended;
}

namespace {

// All versions of one name, the newest first.
class Name {
public:
  Name(ObjectVersions& versions, core::TimePoint since, bool dry_run)
      : versions_(versions), since_(since), dry_run_(dry_run) {}

  bool is(const std::string& name) const { return !all_.empty() && all_.front().name == name; }
  void add(const ObjectVersion& version) { all_.push_back(version); }

  void undelete(Undeleted& report) {
    const auto first = std::find_if(all_.rbegin(), all_.rend(),
                                    [](const ObjectVersion& each) { return !each.removed; });
    if (first == all_.rend() || first->id == all_.front().id) return;
    const auto& newest = all_.front();
    if (newest.written < since_) return;
    const auto seen = std::find_if(all_.begin(), all_.end(),
                                   [](const ObjectVersion& each) { return !each.removed; });
    ++(seen->id == first->id ? report.removed : report.written_over);
    if (report.names.size() < most_names) report.names.push_back(newest.name);
    if (dry_run_) return;
    for (auto mark = all_.begin(); mark != seen; ++mark) versions_.take_away(*mark);
    if (seen->id != first->id) versions_.put_back(*first);
  }
  void clear() { all_.clear(); }

private:
  ObjectVersions& versions_;
  const core::TimePoint since_;
  const bool dry_run_;
  std::vector<ObjectVersion> all_;
};

} // namespace

Undeleted undelete(storage::ObjectStore& store, core::TimePoint since, bool dry_run,
                   std::stop_token stop) {
  auto* versions = store.versions();
  if (versions == nullptr)
    throw core::ConfigError(store.address() + " keeps no versions of what was removed");
  Undeleted report;
  Name name(*versions, since, dry_run);
  for (const auto* prefix : kept_prefixes) {
    versions->list_versions(prefix, [&](const ObjectVersion& version) {
      stop_if_asked(stop);
      if (!name.is(version.name)) {
        name.undelete(report);
        name.clear();
      }
      name.add(version);
    });
    name.undelete(report);
    name.clear();
  }
  return report;
}

} // namespace intendance::backupd
