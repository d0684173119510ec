// SPDX-License-Identifier: AGPL-3.0-or-later
// A store whose every put takes as long as it likes: what waits for it is bounded, and who asks to
// stop waits for one put at most.
#include "backupd/engine/backup.hpp"
#include "core/error.hpp"
#include "storage/fault_injection.hpp"
#include "tests/backupd/whole.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace intendance::backupd {
namespace {

using storage::FaultyStore;
using storage::StoreCall;
using storage::Verb;

using ByteSink = std::function<void(ByteView)>;

constexpr std::uint64_t mib = std::uint64_t{1} << 20;
// A pack that is being stored, one that waits, one that waits for its place, one that is filled; of
// each 24 MiB and a block. Beside them, what is being cut and sealed.
constexpr std::uint64_t most_under_way = 4 * 25 * mib + 20 * mib;

// Bytes that a dump hands over, and packs that have arrived.
class Counts {
public:
  void hand_over(std::uint64_t bytes) {
    const std::scoped_lock lock(mutex_);
    handed_over_ += bytes;
    under_way_most_ = std::max(under_way_most_, handed_over_ - stored_);
    changed_.notify_all();
  }
  // Until nothing more is handed over: then everybody else waits for this put.
  void wait_for_standstill() {
    std::unique_lock lock(mutex_);
    auto before = handed_over_;
    while (changed_.wait_for(lock, std::chrono::milliseconds(50),
                             [&] { return handed_over_ != before; }))
      before = handed_over_;
  }
  void stored(std::uint64_t bytes) {
    const std::scoped_lock lock(mutex_);
    stored_ += bytes;
  }
  std::uint64_t most_under_way() const { return under_way_most_; }
  std::uint64_t handed_over() const { return handed_over_; }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t handed_over_ = 0, stored_ = 0, under_way_most_ = 0;
};

class SlowStore : public ::testing::Test {
protected:
  SlowStore() : keys_(folder_.path() / "keys") {
    Repository::initialise(*store_, keys_, "web-1", core::system_clock().now());
  }
  Repository open(std::function<void(const StoreCall&)> hook) {
    auto wrapped = std::make_unique<FaultyStore>(*store_);
    wrapped->set_hook(std::move(hook));
    return Repository::open(std::move(wrapped), keys_, {Role::writer}, {});
  }
  BackupRequest request(std::function<void(const ByteSink&)> produce) const {
    BackupRequest wanted;
    wanted.job = "dump";
    wanted.streams = {{"/dump", std::move(produce)}};
    wanted.state = folder_.path() / "state";
    return wanted;
  }
  static bool is_pack(const StoreCall& call) {
    return call.verb == Verb::put && call.name.starts_with("packs/");
  }

  core::TemporaryDirectory folder_;
  KeyFolder keys_;
  std::unique_ptr<storage::ObjectStore> store_ =
      storage::open_directory_store(folder_.path() / "store");
};

TEST_F(SlowStore, WhatWaitsForItIsBounded) {
  constexpr int parts = 180;
  Counts counts;
  auto repository = open([&](const StoreCall& call) {
    if (!is_pack(call)) return;
    counts.wait_for_standstill();
    counts.stored(24 * mib);
  });
  const auto result = back_up(repository, request([&](const auto& sink) {
                                for (int each = 0; each < parts; ++each) {
                                  counts.hand_over(mib);
                                  sink(core::random_bytes(mib));
                                }
                              }),
                              {});
  EXPECT_EQ(result.header.bytes, parts * mib);
  EXPECT_LE(counts.most_under_way(), most_under_way);
  EXPECT_GT(counts.most_under_way(), 24 * mib) << "nothing went on beside the store";
  expect_whole(Repository::open(storage::open_directory_store(folder_.path() / "store"), keys_,
                                {Role::reader}, {}));
}

// The dump has no end, and every further put would hang for ever: the backup ends all the same, as
// soon as the put that is under way does.
TEST_F(SlowStore, StoppingWaitsForOnePutAtMost) {
  std::stop_source stop;
  Counts counts;
  std::atomic<int> puts = 0;
  auto repository = open([&](const StoreCall& call) {
    if (!is_pack(call) || ++puts > 1) return;
    counts.wait_for_standstill();
    stop.request_stop();
  });
  const auto endless = [&](const auto& sink) {
    for (;;) {
      counts.hand_over(mib);
      sink(core::random_bytes(mib));
    }
  };
  EXPECT_THROW(back_up(repository, request(endless), stop.get_token()), core::Cancelled);
  EXPECT_EQ(puts, 1);
  EXPECT_LE(counts.handed_over(), most_under_way);
  std::uint64_t left = 0;
  store_->list("", [&](const storage::ObjectInfo& info) {
    left += info.name.starts_with("snapshots/") || info.name.starts_with("sessions/") ? 1 : 0;
  });
  EXPECT_EQ(left, 0u) << "neither a snapshot nor a session that holds sweeps back";
}

} // namespace
} // namespace intendance::backupd
