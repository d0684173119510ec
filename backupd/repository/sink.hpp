// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/file.hpp"

namespace intendance::backupd {

// Takes bytes in order, and passes what it makes of them on to the next. One thread at a time.
class Sink {
public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default; // without finish(), what was written is not whole and shows it
  virtual void write(core::ByteView bytes) = 0;
  // These were all, for the sinks behind it as well. Once, and nothing is written afterwards.
  virtual void finish() = 0;
};

} // namespace intendance::backupd
