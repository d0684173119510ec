// SPDX-License-Identifier: AGPL-3.0-or-later
// How much a run gives way to what else the machine does.
#pragma once

#include <functional>
#include <string_view>

namespace intendance::backupd {

enum class IoClass { normal, best_effort, idle };

struct Priority {
  int nice = 10; // 0: as everything else; 19: gives way the most
  // best_effort is the last of the ordinary ones; idle reads only when nobody else does, so that a
  // backup on a busy disk may never end. The disk's scheduler must know of it (bfq, mq-deadline).
  IoClass io = IoClass::best_effort;
  bool operator==(const Priority&) const = default;
};

inline constexpr Priority full_speed{0, IoClass::normal};

// Runs `work` on a thread of its own, whose priority every thread and program that it starts
// inherits; the caller's stays, and none ever rises above the caller's. Throws what `work` throws.
// Where the kernel refuses, that is logged and the work goes on at full speed.
void with_priority(const Priority& priority, const std::function<void()>& work);

} // namespace intendance::backupd
