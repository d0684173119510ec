// SPDX-License-Identifier: AGPL-3.0-or-later
// How far a long work is, for whoever looks on.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace intendance::backupd {

// What a work is at. Each counts things of one kind: files, packs or snapshots.
enum class WorkPhase : std::uint8_t {
  opening,        // the repository and its index
  reading,        // files and dumps, for a backup
  storing,        // what is left of them in the pipeline
  restoring,      // files
  syncing,        // what was restored
  comparing,      // files, read back from the target
  exporting,      // files
  listing,        // packs, by their own directories
  verifying,      // packs, every byte
  checking,       // snapshots: what they need
  checking_lists, // snapshots: their lists of files
  rewriting,      // packs
  deleting,       // packs
  saving          // snapshots: what is left of damaged ones
};
inline constexpr std::size_t work_phases = 14;

// What a phase will come to; zero is not known.
struct WorkTotal {
  std::uint64_t items = 0, bytes = 0;
  bool estimated = false;
};

// What an onlooker sees at one moment.
struct WorkView {
  WorkPhase phase = WorkPhase::opening;
  std::uint64_t items = 0, bytes = 0;
  std::uint64_t new_bytes = 0; // of a backup
  WorkTotal total;
  std::string path; // what it was at, not long ago; empty when that was not said
};

// The work's threads count, one other thread looks on; nobody waits for anybody, and a thing
// counted costs an addition. One thread begins phases.
class WorkCounters {
public:
  void begin(WorkPhase phase, const WorkTotal& total = {}) noexcept {
    auto& next = phases_.at(static_cast<std::size_t>(phase));
    next.items.store(0, relaxed);
    next.bytes.store(0, relaxed);
    next.new_bytes.store(0, relaxed);
    next.all_items.store(total.items, relaxed);
    next.all_bytes.store(total.bytes, relaxed);
    next.estimated.store(total.estimated, relaxed);
    phase_.store(phase, std::memory_order_release);
  }
  void add_item() noexcept { add_items(1); }
  void add_items(std::uint64_t count) noexcept { current().items.fetch_add(count, relaxed); }
  void add_bytes(std::uint64_t count) noexcept { current().bytes.fetch_add(count, relaxed); }
  void set_new_bytes(std::uint64_t count) noexcept { current().new_bytes.store(count, relaxed); }

  // Copied only when the onlooker has taken the one before: most calls read one word.
  void look_at(std::string_view path) {
    auto wanted = PathState::wanted;
    if (path_state_.load(relaxed) != wanted ||
        !path_state_.compare_exchange_strong(wanted, PathState::taken, std::memory_order_acquire))
      return;
    path_ = path;
    path_state_.store(PathState::there, std::memory_order_release);
  }

  // For the one onlooker.
  WorkView look() {
    WorkView view;
    view.phase = phase_.load(std::memory_order_acquire);
    const auto& now = phases_.at(static_cast<std::size_t>(view.phase));
    view.items = now.items.load(relaxed);
    view.bytes = now.bytes.load(relaxed);
    view.new_bytes = now.new_bytes.load(relaxed);
    view.total = {now.all_items.load(relaxed), now.all_bytes.load(relaxed),
                  now.estimated.load(relaxed)};
    const auto state = path_state_.load(std::memory_order_acquire);
    if (state == PathState::there) seen_ = path_;
    if (state == PathState::there || state == PathState::unwanted)
      path_state_.store(PathState::wanted, std::memory_order_release);
    view.path = seen_;
    return view;
  }

private:
  // Who may touch path_: the onlooker while it is unwanted or there, the work otherwise.
  enum class PathState : std::uint8_t { unwanted, wanted, taken, there };
  static constexpr auto relaxed = std::memory_order_relaxed;

  // One a phase, so that nobody sees a phase with what another counted.
  struct Counts {
    std::atomic<std::uint64_t> items = 0, bytes = 0, new_bytes = 0, all_items = 0, all_bytes = 0;
    std::atomic<bool> estimated = false;
  };
  Counts& current() noexcept { return phases_.at(static_cast<std::size_t>(phase_.load(relaxed))); }

  std::array<Counts, work_phases> phases_;
  std::atomic<WorkPhase> phase_ = WorkPhase::opening;
  std::atomic<PathState> path_state_ = PathState::unwanted;
  std::string path_;
  std::string seen_; // the onlooker's
};

} // namespace intendance::backupd
