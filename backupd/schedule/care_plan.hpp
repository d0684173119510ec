// SPDX-License-Identifier: AGPL-3.0-or-later
// When the care for a repository is due, and how much of it is read each time.
#pragma once

#include "backupd/config.hpp"
#include "backupd/schedule/care_state.hpp"

#include <optional>

namespace intendance::backupd {

// Every stored byte is read again within this time.
inline constexpr std::chrono::hours longest_unread = std::chrono::days(90);

// Nothing for what is only done by hand.
std::optional<core::Schedule> schedule_of(const CareConfig& care, CareTask task);

// When a task is next due. A run that was missed is due at once; one that failed is tried again
// after ten minutes, then twenty, and so on to six hours.
std::optional<core::TimePoint> next_run(const CareConfig& care, CareTask task,
                                        const CareState& state, const core::TimeZone& zone);
// Whether a run is late by more than a quarter of the task's period.
bool is_overdue(const CareConfig& care, CareTask task, const CareState& state,
                const core::TimeZone& zone, core::TimePoint now);

// What one verify has to read so that no byte goes unread for `longest_unread`, though a run be
// missed, if never two in a row: `percent` of the bytes spreads the work, and `unread_since` is the
// promise.
struct ReadingTurn {
  double percent = 100;
  core::TimePoint unread_since;
};
ReadingTurn reading_turn(const core::Schedule& schedule, const core::TimeZone& zone,
                         core::TimePoint now);

} // namespace intendance::backupd
