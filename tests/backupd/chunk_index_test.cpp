// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/chunk_index.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

#include <random>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;

ChunkId id_of(std::uint64_t number) {
  Buffer bytes;
  ByteWriter(bytes).fixed(number);
  const auto digest = core::blake2b(bytes);
  ChunkId id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

// A pack of the chunks `first` up to `last`.
PackInfo pack_of(std::uint64_t first, std::uint64_t last, std::uint32_t epoch = 1) {
  PackInfo pack;
  Buffer bytes;
  ByteWriter(bytes).fixed(first);
  pack.name = core::sha256(bytes);
  pack.size = 1000 + first;
  pack.directory_length = 100;
  pack.directory.origins = {{epoch, {}}};
  for (auto each = first; each < last; ++each) pack.directory.chunks.push_back({id_of(each), 1});
  return pack;
}

class Index : public ::testing::Test {
protected:
  core::TemporaryDirectory folder_;
};

TEST_F(Index, FindsWhatIsInMemoryAndWhatIsNot) {
  ChunkIndex index(folder_.path());
  // Far more than stays in memory, so that files are written and merged.
  constexpr std::uint64_t count = 1'500'000, per_pack = 10'000;
  for (std::uint64_t first = 0; first < count; first += per_pack)
    index.add(pack_of(first, first + per_pack));
  EXPECT_EQ(index.size(), count);
  for (std::uint64_t each = 0; each < count; each += 97) {
    const auto place = index.find_usable(id_of(each));
    ASSERT_TRUE(place) << each;
    EXPECT_EQ(place->pack, each / per_pack);
    EXPECT_EQ(place->chunk, each % per_pack);
  }
  for (std::uint64_t each = count; each < count + 10'000; ++each)
    EXPECT_FALSE(index.find_usable(id_of(each)));
}

TEST_F(Index, KeepsItAllForTheNextRun) {
  {
    ChunkIndex index(folder_.path());
    for (std::uint64_t first = 0; first < 100'000; first += 1000)
      index.add(pack_of(first, first + 1000, 3));
    index.add_object(core::sha256(core::as_bytes("an index")));
    index.save();
    EXPECT_TRUE(index.find_usable(id_of(77)));
  }
  ChunkIndex again(folder_.path());
  EXPECT_EQ(again.objects().size(), 1u);
  EXPECT_EQ(again.packs().size(), 100u);
  EXPECT_EQ(again.packs()[5].oldest_epoch, 3u);
  EXPECT_EQ(again.packs()[5].size, 6000u);
  EXPECT_EQ(again.size(), 100'000u);
  EXPECT_EQ(again.find_usable(id_of(77'123))->pack, 77u);
  // And goes on from there.
  again.add(pack_of(100'000, 200'000));
  again.save();
  EXPECT_EQ(ChunkIndex(folder_.path()).find_usable(id_of(150'000))->pack, 100u);
}

TEST_F(Index, NeedsAtMost24BytesAChunkOnDisk) {
  ChunkIndex index(folder_.path());
  constexpr std::uint64_t count = 200'000;
  for (std::uint64_t first = 0; first < count; first += 400) index.add(pack_of(first, first + 400));
  index.add_object({});
  index.save();
  EXPECT_LE(fs::file_size(folder_.path() / "chunks"), count * 24);
}

TEST_F(Index, NamesEveryPlaceOfAChunkAndUsesTheUsable) {
  ChunkIndex index(folder_.path());
  auto one = pack_of(0, 10), two = pack_of(5, 15);
  index.add(one);
  index.add(two);
  index.add(one); // known already
  EXPECT_EQ(index.packs().size(), 2u);
  EXPECT_EQ(index.find(id_of(7)).size(), 2u);
  index.set_usable(0, false);
  EXPECT_EQ(index.find_usable(id_of(7))->pack, 1u);
  EXPECT_FALSE(index.find_usable(id_of(3)));
  EXPECT_EQ(index.find_pack(two.name), 1u);
}

TEST_F(Index, GivesItsEntriesInOrder) {
  ChunkIndex index(folder_.path());
  for (std::uint64_t first = 0; first < 300'000; first += 50'000)
    index.add(pack_of(first, first + 50'000));
  const auto next = index.entries();
  IndexEntry last, entry;
  std::uint64_t count = 0;
  for (; next(entry); ++count) {
    ASSERT_TRUE(count == 0 || last < entry);
    last = entry;
  }
  EXPECT_EQ(count, 300'000u);
}

// What a power cut or a bad disk leaves is never believed.
TEST_F(Index, NoticesDamageAndBeginsAnew) {
  {
    ChunkIndex index(folder_.path());
    for (std::uint64_t first = 0; first < 60'000; first += 1000)
      index.add(pack_of(first, first + 1000));
    index.add_object({});
    index.save();
  }
  const auto file = folder_.path() / "chunks";
  const auto good = core::read_file(file, 1u << 30);
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    auto bad = good;
    const auto byte = random() % bad.size();
    bad[byte] = static_cast<char>(bad[byte] ^ 1 << random() % 8);
    core::write_file_atomically(file, bad);
    const ChunkIndex index(folder_.path());
    if (index.packs().empty()) continue; // made again
    // A page is checked when it is read; what is found is true.
    for (std::uint64_t each = 0; each < 60'000; each += 500) {
      try {
        const auto place = index.find_usable(id_of(each));
        ASSERT_TRUE(place);
        ASSERT_EQ(place->pack, each / 1000);
        ASSERT_EQ(place->chunk, each % 1000);
      } catch (const DamagedIndex&) {
      }
    }
  }
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{10}, good.size() / 2, good.size() - 1}) {
    core::write_file_atomically(file, good.substr(0, length));
    EXPECT_TRUE(ChunkIndex(folder_.path()).packs().empty()) << length;
  }
}

} // namespace
} // namespace intendance::backupd
