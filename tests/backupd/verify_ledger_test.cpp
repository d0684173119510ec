// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/backup.hpp"
#include "backupd/engine/verify.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;

constexpr core::TimePoint noon{std::chrono::seconds(1'764'072'000)};

PackName pack_name(std::uint8_t first) {
  PackName name{};
  name[0] = first;
  return name;
}

class Ledger : public ::testing::Test {
protected:
  std::vector<VerifyLedger::Pack> packs() const {
    return {{pack_name(1), 1000, noon - hours(30)},
            {pack_name(2), 1000, noon - hours(20)},
            {pack_name(3), 1000, noon - hours(10)}};
  }
  VerifyLedger open(core::TimePoint now) {
    VerifyLedger ledger(file_, now);
    ledger.set_packs(packs());
    return ledger;
  }

  core::TemporaryDirectory folder_;
  fs::path file_ = folder_.path() / "verified" / "id";
};

TEST_F(Ledger, CountsEverythingAsUnreadAtFirst) {
  const auto summary = open(noon).summary();
  EXPECT_EQ(summary.never_read_packs, 3u);
  EXPECT_EQ(summary.never_read_bytes, 3000u);
  EXPECT_EQ(summary.oldest_unread, noon - hours(30));
}

TEST_F(Ledger, ChoosesWhatWasNeverReadAndThenWhatWasReadLongestAgo) {
  auto ledger = open(noon);
  ledger.record(pack_name(1), true, noon);
  ledger.record(pack_name(2), true, noon - hours(1));
  EXPECT_EQ(ledger.choose(1), std::vector{pack_name(3)}) << "at least one";
  EXPECT_EQ(ledger.choose(50), (std::vector{pack_name(3), pack_name(2)}));
  EXPECT_EQ(ledger.choose(100).size(), 3u);
  ledger.record(pack_name(3), true, noon + hours(1));
  EXPECT_EQ(ledger.choose(1), std::vector{pack_name(2)});
}

TEST_F(Ledger, ChoosesAllThatWasUnreadForTooLong) {
  auto ledger = open(noon);
  ledger.record(pack_name(1), true, noon - hours(5));
  ledger.record(pack_name(2), true, noon - hours(4));
  EXPECT_EQ(ledger.choose(0, noon - hours(9)), std::vector{pack_name(3)}) << "stored, never read";
  EXPECT_EQ(ledger.choose(0, noon - hours(5)), (std::vector{pack_name(3), pack_name(1)}));
  ledger.record(pack_name(3), true, noon);
  EXPECT_EQ(ledger.choose(0, noon - hours(4)), (std::vector{pack_name(1), pack_name(2)}));
}

TEST_F(Ledger, ReadsEverythingInTurn) {
  std::set<PackName> read;
  for (int run = 0; run < 3; ++run) {
    auto ledger = open(noon + hours(run));
    for (const auto& pack : ledger.choose(33)) {
      EXPECT_TRUE(read.insert(pack).second) << "read twice before the others once";
      ledger.record(pack, true, noon + hours(run));
    }
    ledger.save();
  }
  EXPECT_EQ(read.size(), 3u);
  const auto summary = open(noon + hours(3)).summary();
  EXPECT_EQ(summary.never_read_packs, 0u);
  EXPECT_EQ(summary.oldest_unread, noon);
}

TEST_F(Ledger, AClockThatWasWrongReadNothing) {
  {
    auto ledger = open(noon + hours(24));
    ledger.record(pack_name(1), true, noon + hours(24));
    ledger.record(pack_name(2), true, noon);
    ledger.save();
  }
  const auto ledger = open(noon); // it was set back
  EXPECT_EQ(ledger.summary().never_read_packs, 2u);
  EXPECT_EQ(ledger.choose(1), std::vector{pack_name(1)});
}

TEST_F(Ledger, ForgetsWhatIsGoneOrOfAnotherSize) {
  auto ledger = open(noon);
  for (const auto& pack : packs()) ledger.record(pack.name, true, noon);
  auto left = packs();
  left.pop_back();
  left.front().size = 999;
  ledger.set_packs(left);
  EXPECT_EQ(ledger.summary().never_read_packs, 1u);
  EXPECT_EQ(ledger.summary().never_read_bytes, 999u);
  ledger.save();
  EXPECT_EQ(core::read_file(file_).find(core::to_hex(pack_name(3))), std::string::npos);
}

TEST_F(Ledger, ThatIsDamagedCountsAsNone) {
  {
    auto ledger = open(noon);
    for (const auto& pack : packs()) ledger.record(pack.name, true, noon);
    ledger.save();
  }
  EXPECT_EQ(open(noon).summary().never_read_packs, 0u);
  std::ofstream(file_, std::ios::app) << "read soon\n";
  EXPECT_EQ(open(noon).summary().never_read_packs, 3u);
}

// With a real repository of a few packs.
class PartialReading : public ::testing::Test {
protected:
  PartialReading() : keys_(folder_.path() / "keys") {
    Repository::initialise(*storage::open_directory_store(store_), keys_, "web-1",
                           core::system_clock().now());
    for (int run = 0; run < 3; ++run) {
      fs::create_directories(source_);
      core::write_file_atomically(source_ / std::to_string(run),
                                  std::string(core::as_text(core::random_bytes(300'000))));
      auto repository =
          Repository::open(storage::open_directory_store(store_), keys_, {Role::writer}, {});
      BackupRequest request;
      request.job = "tei";
      request.roots = {source_};
      request.state = folder_.path() / "state";
      back_up(repository, request, {});
    }
  }
  VerifyReport verify_part(unsigned percent) {
    const auto repository =
        Repository::open(storage::open_directory_store(store_), keys_, {Role::maintainer}, {});
    VerifyLedger ledger(file_, core::system_clock().now());
    VerifyOptions options;
    options.read_data = percent > 0;
    options.percent = percent;
    options.ledger = &ledger;
    const core::TemporaryDirectory scratch;
    ChunkIndex index(scratch.path());
    return verify(repository, index, options, {});
  }
  std::uint64_t stored_bytes() {
    std::uint64_t bytes = 0;
    storage::open_directory_store(store_)->list("packs/",
                                                [&](const auto& info) { bytes += info.size; });
    return bytes;
  }

  core::TemporaryDirectory folder_;
  fs::path store_ = folder_.path() / "store", source_ = folder_.path() / "source";
  fs::path file_ = folder_.path() / "verified";
  KeyFolder keys_;
};

TEST_F(PartialReading, ReadsEveryByteWithinItsTurns) {
  const auto total = stored_bytes();
  EXPECT_EQ(verify_part(0).reading.never_read_bytes, total);
  auto left = total;
  for (int run = 0; run < 10 && left > 0; ++run) {
    const auto report = verify_part(20);
    EXPECT_TRUE(report.findings.empty());
    EXPECT_LT(report.packs_read, report.packs);
    // Those that were never read come first; the last run may read others again.
    EXPECT_LT(report.reading.never_read_bytes, left);
    EXPECT_GE(report.reading.never_read_bytes + report.bytes_read, left);
    left = report.reading.never_read_bytes;
  }
  EXPECT_EQ(left, 0u);
  EXPECT_EQ(verify_part(0).reading.never_read_packs, 0u);
}

TEST_F(PartialReading, APackThatIsNotGoodIsNotRead) {
  EXPECT_EQ(verify_part(100).reading.never_read_packs, 0u);
  fs::path victim;
  for (const auto& entry : fs::recursive_directory_iterator(store_ / "packs")) {
    if (entry.is_regular_file()) victim = entry.path();
  }
  auto bytes = core::read_file(victim);
  bytes[bytes.size() / 2] ^= 1;
  core::write_file_atomically(victim, bytes);
  const auto report = verify_part(100);
  EXPECT_FALSE(report.findings.empty());
  EXPECT_EQ(report.reading.never_read_packs, 1u);
  EXPECT_EQ(report.reading.never_read_bytes, bytes.size());
}

} // namespace
} // namespace intendance::backupd
