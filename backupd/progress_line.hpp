// SPDX-License-Identifier: AGPL-3.0-or-later
// What a line says of how far a long work is.
#pragma once

#include "backupd/engine/work_counters.hpp"
#include "core/command.hpp"

#include <chrono>
#include <deque>
#include <string>

namespace intendance::backupd {

// How fast it goes. Rates are those of the last seconds, and 0 before anybody can say.
struct Pace {
  std::chrono::milliseconds in_phase{};
  double bytes_per_second = 0, items_per_second = 0;
};

// Makes rates of what was seen from moment to moment.
class PaceMeter {
public:
  using Time = std::chrono::steady_clock::time_point;
  Pace measure(const WorkView& view, Time now);

private:
  struct Moment {
    Time time;
    std::uint64_t items = 0, bytes = 0;
  };
  WorkPhase phase_ = WorkPhase::opening;
  Time began_;
  std::deque<Moment> moments_; // of this phase, the last seconds'
};

// The line, without what moves the cursor: `columns` at most, fewer things where there is little
// room.
std::string render(const WorkView& view, const Pace& pace, std::size_t columns,
                   core::Language language);

} // namespace intendance::backupd
