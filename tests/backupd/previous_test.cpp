// SPDX-License-Identifier: AGPL-3.0-or-later
// The manifest of the last backup, damaged: files are read again, and nothing fails.
#include "backupd/engine/previous.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

namespace intendance::backupd {
namespace {

class Previous : public ::testing::Test {
protected:
  Previous() : keys_(folder_.path() / "keys"), index_(folder_.path() / "index") {
    auto store = storage::make_memory_store();
    Repository::initialise(*store, keys_, "web-1", core::system_clock().now());
    repository_.emplace(Repository::open(std::move(store), keys_, {Role::writer}, {}));
    PackPipeline::Options options;
    options.spool_folder = folder_.path();
    ChunkWriter chunks(*repository_, index_, options);
    NextManifest next(file_, {1, 2});
    // Records so long that each has a page of its own.
    for (const auto* path : {"before", "large", "large", "large", "later"}) {
      Entry entry;
      entry.path = path;
      const bool large = entry.path == "large";
      if (large && parts_++ > 0) entry.type = FileType::more_extents;
      entry.continues = large && parts_ < 3;
      if (large && entry.type == FileType::file) { // a part of it that is not a hole
        entry.size = 10;
        entry.data = {{0, 10}};
      } else if (entry.continues) {
        entry.data = {{5, 0}};
      }
      entry.user = text_of(core::random_bytes(300'000));
      core::Buffer record;
      encode_entry(entry, record);
      next.add(record, {});
      begins_.push_back(std::filesystem::file_size(file_.string() + ".next"));
    }
    chunks.flush();
    next.commit({}, chunks, index_);
  }
  static std::string text_of(const core::Buffer& bytes) {
    return std::string(core::as_text(core::ByteView(bytes)));
  }
  // A bit in the page that ends with the record of that number.
  void damage(std::size_t record) {
    auto bytes = core::read_file(file_, std::size_t{1} << 30);
    bytes.at(begins_.at(record) - 100) ^= 1;
    core::write_file_atomically(file_, bytes);
  }

  core::TemporaryDirectory folder_;
  KeyFolder keys_;
  ChunkIndex index_;
  std::optional<Repository> repository_;
  std::filesystem::path file_ = folder_.path() / "manifest";
  std::vector<std::uint64_t> begins_; // ends of the pages
  int parts_ = 0;
};

TEST_F(Previous, ALargeFileIsKnownWithAllItsRecords) {
  PreviousManifest previous(file_, index_);
  EXPECT_NE(previous.find("before"), nullptr);
  auto* large = previous.find("large");
  ASSERT_NE(large, nullptr);
  EXPECT_TRUE(large->entry.continues);
  EXPECT_EQ(large->entry.type, FileType::file);
  EXPECT_TRUE(previous.find_more()->entry.continues);
  EXPECT_FALSE(previous.find_more()->entry.continues);
  EXPECT_NE(previous.find("later"), nullptr);
}

TEST_F(Previous, ALargeFileIsReadAgainWhenALaterRecordIsDamaged) {
  for (const std::size_t record : {2, 3}) {
    const auto whole = core::read_file(file_, std::size_t{1} << 30);
    damage(record);
    PreviousManifest previous(file_, index_);
    EXPECT_NE(previous.find("before"), nullptr);
    EXPECT_EQ(previous.find("large"), nullptr);
    EXPECT_EQ(previous.find("later"), nullptr);
    core::write_file_atomically(file_, whole);
  }
}

} // namespace
} // namespace intendance::backupd
