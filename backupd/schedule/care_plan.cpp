// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/schedule/care_plan.hpp"

#include "backupd/schedule/scheduler.hpp"

#include <algorithm>

namespace intendance::backupd {

namespace {

std::chrono::minutes pause_after(std::uint64_t failures) {
  constexpr std::chrono::minutes first{10}, longest{360};
  const auto doublings = std::min<std::uint64_t>(failures > 0 ? failures - 1 : 0, 6);
  return std::min(first * (1 << doublings), longest);
}

} // namespace

std::optional<core::Schedule> schedule_of(const CareConfig& care, CareTask task) {
  switch (task) {
  case CareTask::forget:
    if (!care.keep) return std::nullopt;
    break;
  case CareTask::prune: break;
  case CareTask::verify: return care.verify;
  case CareTask::archive:
    if (!care.archive) return std::nullopt;
    return care.archive->every;
  }
  return care.prune;
}

std::optional<core::TimePoint> next_run(const CareConfig& care, CareTask task,
                                        const CareState& state, const core::TimeZone& zone) {
  const auto schedule = schedule_of(care, task);
  if (!schedule || !state.first_seen) return std::nullopt;
  const auto& run = state.of(task).last_run;
  if (!run) return schedule->next(*state.first_seen, zone);
  const auto due = schedule->next(std::max(run->started, *state.first_seen), zone);
  if (run->outcome != Outcome::failed) return due;
  return std::min<core::TimePoint>(due, run->finished + pause_after(state.of(task).failures));
}

bool is_overdue(const CareConfig& care, CareTask task, const CareState& state,
                const core::TimeZone& zone, core::TimePoint now) {
  const auto& success = state.of(task).last_success;
  return is_late(schedule_of(care, task), success ? success : state.first_seen, zone, now);
}

ReadingTurn reading_turn(const core::Schedule& schedule, const core::TimeZone& zone,
                         core::TimePoint now) {
  using Days = std::chrono::duration<double, std::chrono::days::period>;
  const auto next = schedule.next(now, zone);
  const auto period = schedule.next(next, zone) - next;
  const auto span = longest_unread - 2 * period;
  return {std::min(100.0, 100 * Days(period) / Days(span)), now - span};
}

} // namespace intendance::backupd
