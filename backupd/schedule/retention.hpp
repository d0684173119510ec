// SPDX-License-Identifier: AGPL-3.0-or-later
// Which snapshots to keep: rules about times alone, without a repository.
#pragma once

#include "core/calendar.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace intendance::backupd {

// How many periods to keep, counting only those of which a snapshot is there. The newest snapshot
// of each period stands for it. Periods are of local time; weeks are of ISO 8601.
struct KeepPolicy {
  unsigned last = 0; // snapshots, whenever they were made
  unsigned hourly = 0, daily = 0, weekly = 0, monthly = 0, yearly = 0;
  bool operator==(const KeepPolicy&) const = default;
};

struct RetentionItem {
  std::string id, job;
  core::TimePoint started;
  std::uint64_t sequence = 0; // which of two that began in the same second is the newer
};

struct Retention {
  std::string id;
  // "daily 2026-11-20", "weekly 2026-W47"…: all rules that keep it. None: it may be forgotten.
  std::vector<std::string> reasons;
  bool is_kept() const { return !reasons.empty(); }
};

// In the order of `snapshots`; the policy holds for each job by itself. A snapshot that began more
// than an hour after `now` comes from a machine whose clock was wrong: it is kept, with a reason
// that says so, and stands for no period. At least one snapshot of each job is kept. Throws
// ConfigError for a policy that keeps nothing.
std::vector<Retention> apply_policy(const KeepPolicy& policy,
                                    const std::vector<RetentionItem>& snapshots,
                                    const core::TimeZone& zone, core::TimePoint now);

} // namespace intendance::backupd
