// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/file_recorder.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

namespace intendance::backupd {
namespace {

// Cuts so small that a few megabytes need several records.
class Recorder : public ::testing::Test {
protected:
  Recorder() {
    keys_.generate_missing();
    auto store = storage::make_memory_store();
    Repository::initialise(*store, keys_, "web-1", core::TimePoint());
    repository_.emplace(Repository::open(std::move(store), keys_, {Role::writer}, {}));
    index_.emplace(folder_.path() / "index");
    PackPipeline::Options options;
    options.spool_folder = folder_.path();
    chunks_.emplace(*repository_, *index_, options);
    chunker_.emplace(repository_->secrets().newest().naming, ChunkSizes{64, 128, 256});
    manifest_.emplace(*chunks_, *chunker_,
                      [this](ByteView record, std::span<const ChunkHome> homes) {
                        ByteReader reader(record);
                        records_.push_back(decode_entry(reader.bytes(reader.varint())));
                        EXPECT_EQ(homes.size(), records_.back().extents.size());
                      });
    recorder_.emplace(*chunks_, *chunker_, *manifest_);
  }

  Entry named(std::uint64_t size) {
    Entry entry;
    entry.path = "file" + std::to_string(1000 + next_++); // in order
    entry.size = size;
    return entry;
  }
  // Throws when they do not make up a file.
  std::uint64_t recorded_bytes() {
    ContentsCheck check;
    std::uint64_t total = 0;
    for (const auto& record : records_) {
      check.add(record);
      for (const auto& extent : record.extents) total += extent.length;
    }
    return total;
  }

  core::TemporaryDirectory folder_;
  KeyFolder keys_{folder_.path() / "keys"};
  std::optional<Repository> repository_;
  std::optional<ChunkIndex> index_;
  std::optional<ChunkWriter> chunks_;
  std::optional<Chunker> chunker_;
  std::optional<ManifestWriter> manifest_;
  std::optional<FileRecorder> recorder_;
  std::vector<Entry> records_;
  int next_ = 0;
};

TEST_F(Recorder, WritesOneRecordForASmallFile) {
  recorder_->begin(named(3));
  recorder_->contents().add(core::as_bytes("abc"));
  recorder_->finish();
  ASSERT_EQ(records_.size(), 1u);
  EXPECT_EQ(recorded_bytes(), 3u);
  recorder_->begin(named(0));
  recorder_->finish();
  EXPECT_TRUE(records_.back().extents.empty());
}

TEST_F(Recorder, WritesSeveralForALargeOne) {
  recorder_->begin(named(3'000'000));
  recorder_->contents().add(core::random_bytes(3'000'000));
  recorder_->finish();
  EXPECT_GT(records_.size(), 2u);
  EXPECT_EQ(recorded_bytes(), 3'000'000u);
  for (const auto& record : records_) EXPECT_LE(record.extents.size(), most_extents);
}

TEST_F(Recorder, AFileThatBecomesShorterIsAsLongAsWhatCame) {
  for (const std::uint64_t came : {0, 100, 2'000'000}) {
    records_.clear();
    recorder_->begin(named(3'000'000));
    recorder_->contents().add(core::random_bytes(came));
    recorder_->finish();
    EXPECT_EQ(recorded_bytes(), came);
    EXPECT_EQ(records_.size() > 1 ? records_.back().size : records_.front().size, came);
  }
}

TEST_F(Recorder, PartsOfAFileWithHolesStayInTheirPlaces) {
  auto entry = named(10'000'000);
  for (std::uint64_t each = 0; each < 9000; ++each) entry.data.push_back({each * 1000, 100});
  recorder_->begin(entry);
  recorder_->contents().add(core::random_bytes(900'000));
  recorder_->finish();
  EXPECT_EQ(recorded_bytes(), 900'000u);
  std::vector<DataRange> data;
  for (const auto& record : records_)
    data.insert(data.end(), record.data.begin(), record.data.end());
  EXPECT_EQ(data, entry.data);
  // Torn in its middle, when the first parts are recorded already.
  records_.clear();
  entry.path += " torn";
  recorder_->begin(entry);
  recorder_->contents().add(core::random_bytes(800'000));
  recorder_->finish();
  EXPECT_EQ(recorded_bytes(), 900'000u);
}

TEST_F(Recorder, TakesAStreamOfUnknownLength) {
  for (const std::uint64_t length : {0, 10, 2'000'000}) {
    records_.clear();
    recorder_->begin_stream(named(0));
    recorder_->contents().add(core::random_bytes(length));
    recorder_->finish();
    EXPECT_EQ(recorded_bytes(), length);
  }
}

TEST_F(Recorder, AnUnreadableFileLeavesNothingUnlessItIsLarge) {
  recorder_->begin(named(1000));
  recorder_->contents().add(core::random_bytes(500));
  EXPECT_FALSE(recorder_->abandon());
  EXPECT_TRUE(records_.empty());
  recorder_->begin(named(3'000'000));
  recorder_->contents().add(core::random_bytes(2'000'000));
  EXPECT_TRUE(recorder_->abandon());
  EXPECT_EQ(recorded_bytes(), 2'000'000u);
}

} // namespace
} // namespace intendance::backupd
