// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/manifest.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

#include <random>

namespace intendance::backupd {
namespace {

using core::CorruptData;

Entry full_entry() {
  Entry entry;
  entry.path = std::string("srv/\xff\n\"odd\"/file");
  entry.mode = 04755;
  entry.uid = 4294967294u;
  entry.gid = 0;
  entry.user = "www-data";
  entry.group = "adm";
  entry.modified = {-1, 999'999'999};
  entry.size = 5'000'000'000;
  entry.attributes = {{"user.empty", ""}, {"user.odd=\xe9", std::string("a\0b", 3)}};
  entry.extents = {{ChunkId{7}, 1000}, {ChunkId{8}, 24}};
  entry.data = {{4096, 1000}, {4'000'000'000, 24}};
  entry.identity = FileIdentity{66305, 1ull << 63, {1'800'000'000, 1}};
  return entry;
}

Buffer page_of(const std::vector<Entry>& entries) {
  Buffer page;
  for (const auto& entry : entries) encode_entry(entry, page);
  return page;
}

Entry named(const std::string& path) {
  Entry entry;
  entry.path = path;
  return entry;
}

TEST(Manifest, KeepsEverything) {
  const auto entry = full_entry();
  EXPECT_EQ(decode_page(page_of({entry})), std::vector<Entry>{entry});
  Entry link = named("a");
  link.type = FileType::symbolic_link;
  link.link_target = "../b";
  Entry device = named("b");
  device.type = FileType::block_device;
  device.device_major = 8;
  device.device_minor = 1048575;
  Entry further = named("c");
  further.hard_link = "a";
  further.size = 12;
  EXPECT_EQ(decode_page(page_of({link, device, further})),
            (std::vector<Entry>{link, device, further}));
}

TEST(Manifest, OrdersFoldersBeforeWhatIsInThem) {
  const std::vector<std::string> ordered = {"a", "a/b", "a/b/c", "a/b.c", "a.b", "b"};
  for (std::size_t each = 0; each + 1 < ordered.size(); ++each) {
    EXPECT_TRUE(compare_paths(ordered[each], ordered[each + 1]) < 0) << ordered[each];
    EXPECT_TRUE(compare_paths(ordered[each + 1], ordered[each]) > 0) << ordered[each];
  }
  EXPECT_TRUE(compare_paths("x", "x") == 0);
  EXPECT_TRUE(compare_paths("a", "a\xff") < 0);
}

TEST(Manifest, RefusesPathsThatLeadOut) {
  for (const char* path : {"", "/etc", "..", "a/../b", "a/./b", "a//b", "a/", "."}) {
    EXPECT_THROW(decode_page(page_of({named(path)})), CorruptData) << path;
    auto link = named("a");
    link.hard_link = path;
    if (*path == '\0') continue; // no further name at all
    EXPECT_THROW(decode_page(page_of({link})), CorruptData) << path;
  }
  EXPECT_THROW(decode_page(page_of({named(std::string("a\0b", 3))})), CorruptData);
}

TEST(Manifest, RefusesDisorderAndImpossibleContents) {
  EXPECT_THROW(decode_page(page_of({named("b"), named("a")})), CorruptData);
  EXPECT_THROW(decode_page(page_of({named("a"), named("a")})), CorruptData);
  auto entry = full_entry();
  entry.size = 4'000'000'023; // the last part would reach beyond
  EXPECT_THROW(decode_page(page_of({entry})), CorruptData);
  entry = full_entry();
  entry.extents.pop_back();
  EXPECT_THROW(decode_page(page_of({entry})), CorruptData);
  entry = full_entry();
  entry.data = {{4096, 1000}, {4095, 24}};
  EXPECT_THROW(decode_page(page_of({entry})), CorruptData);
}

TEST(Manifest, RefusesWhatATypeCannotHave) {
  auto entry = named("a");
  entry.type = FileType::fifo;
  entry.size = 1;
  EXPECT_THROW(decode_page(page_of({entry})), CorruptData);
  entry = named("a");
  entry.link_target = "b";
  EXPECT_THROW(decode_page(page_of({entry})), CorruptData);
  entry = named("a");
  entry.type = FileType::directory;
  entry.hard_link = "b";
  EXPECT_THROW(decode_page(page_of({entry})), CorruptData);
}

TEST(Manifest, LargeFilesGoOnInFurtherRecords) {
  auto first = named("disk.img");
  first.size = 1000;
  first.extents = {{ChunkId{1}, 600}};
  first.continues = true;
  auto more = named("disk.img");
  more.type = FileType::more_extents;
  more.extents = {{ChunkId{2}, 400}};
  EXPECT_EQ(decode_page(page_of({first, more, named("e")})),
            (std::vector<Entry>{first, more, named("e")}));
  ContentsCheck check;
  check.add(first);
  check.add(more);
  // The last record may say that the file became shorter.
  more.extents[0].length = 10;
  more.size = 610;
  check.add(first);
  check.add(more);
  more.size = 0;
  check.add(first);
  EXPECT_THROW(check.add(more), CorruptData);
  // Not where none was announced, nor of another file, nor none where one was.
  EXPECT_THROW(decode_page(page_of({named("d"), more})), CorruptData);
  EXPECT_THROW(decode_page(page_of({first, named("e")})), CorruptData);
  more.path = "e";
  EXPECT_THROW(decode_page(page_of({first, more})), CorruptData);
}

TEST(Manifest, SurvivesAnyBytes) {
  std::mt19937 random(7);
  const auto good = page_of({full_entry()});
  for (int round = 0; round < 20000; ++round) {
    auto page = good;
    const auto changes = random() % 4 + 1;
    for (unsigned each = 0; each < changes; ++each)
      page[random() % page.size()] = static_cast<std::uint8_t>(random());
    page.resize(page.size() - random() % 3);
    try {
      decode_page(page);
    } catch (const CorruptData&) {
    }
  }
}

TEST(Bytes, NumbersSurviveTheirEncoding) {
  for (const std::uint64_t number : {0ull, 1ull, 127ull, 128ull, 16384ull, ~0ull, 1ull << 63}) {
    Buffer bytes;
    ByteWriter writer(bytes);
    writer.varint(number);
    writer.zigzag(static_cast<std::int64_t>(number));
    ByteReader reader(bytes);
    EXPECT_EQ(reader.varint(), number);
    EXPECT_EQ(reader.zigzag(), static_cast<std::int64_t>(number));
    EXPECT_TRUE(reader.at_end());
  }
  const Buffer too_long(11, 0xff);
  EXPECT_THROW(ByteReader(too_long).varint(), CorruptData);
}

} // namespace
} // namespace intendance::backupd
