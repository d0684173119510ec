// SPDX-License-Identifier: AGPL-3.0-or-later
// Which pack was read whole, when, and found good. A cache of trust: without it, or when it is
// damaged, every pack counts as not read. A text file:
//
//   intendance-verified-1
//   read|stored <seconds since 1970> <bytes> <name of the pack, 64 digits>
//
// "read" when it was last read; "stored" of one that never was, by the store's clock.
#pragma once

#include "backupd/repository/pack.hpp"
#include "core/clock.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

namespace intendance::backupd {

struct LedgerSummary {
  std::uint64_t never_read_packs = 0, never_read_bytes = 0;
  // Of the byte that has gone unread for longest, when it was read last, or stored when it never
  // was. Nothing when there are no packs.
  std::optional<core::TimePoint> oldest_unread;
};

// One thread at a time; of two processes, the one that saves last is remembered.
class VerifyLedger {
public:
  // Kept in `file`, or nowhere when that is empty. What it says of times after `now` was written
  // under a clock that was wrong, and counts as not read.
  VerifyLedger(std::filesystem::path file, core::TimePoint now);

  // The packs that there are: what is remembered of others is forgotten. A pack of another size
  // than the one that was read has not been read.
  struct Pack {
    PackName name{};
    std::uint64_t size = 0; // bytes
    core::TimePoint stored{};
  };
  void set_packs(const std::vector<Pack>& packs);

  // The packs to read: those unread for longest, and of these the ones never read first, until
  // `percent` of all bytes are reached; at least one when there is any. Beyond that, all that were
  // not read since `unread_since`.
  std::vector<PackName> choose(double percent,
                               std::optional<core::TimePoint> unread_since = {}) const;

  // Its whole was read at that time and is good, or is not. What was read long ago is kept on disk
  // once a minute, so that a verify that is stopped has not read for nothing.
  void record(const PackName& pack, bool good, core::TimePoint now);
  void save();

  LedgerSummary summary() const;

private:
  struct Record {
    core::TimePoint time{};
    std::uint64_t size = 0;
    bool read = false;
  };
  void load(core::TimePoint now);

  std::filesystem::path file_;
  std::map<PackName, Record> packs_;
  std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
};

} // namespace intendance::backupd
