// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/chunker.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace intendance::backupd {
namespace {

constexpr ChunkSizes small_sizes{2048, 8192, 32768};

// The same at each run: where cuts fall decides how soon they are found again.
core::SecretBytes secret(std::uint8_t which) {
  core::SecretBytes bytes(32);
  bytes.writable()[0] = which;
  return bytes;
}

core::Buffer random_contents(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  core::Buffer bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

std::vector<core::Digest> chunks_of(const Chunker& chunker, core::ByteView bytes) {
  std::vector<core::Digest> found;
  while (!bytes.empty()) {
    const auto length = chunker.cut(bytes);
    found.push_back(core::blake2b(bytes.first(length)));
    bytes = bytes.subspan(length);
  }
  return found;
}

TEST(Chunker, KeepsItsSizes) {
  const Chunker chunker(secret(1), small_sizes);
  const auto contents = random_contents(4'000'000, 1);
  core::ByteView rest = contents;
  std::size_t count = 0;
  for (; !rest.empty(); ++count) {
    const auto length = chunker.cut(rest);
    EXPECT_TRUE(length >= small_sizes.least || length == rest.size());
    EXPECT_LE(length, small_sizes.most);
    rest = rest.subspan(length);
  }
  const auto average = contents.size() / count;
  EXPECT_GT(average, small_sizes.average / 2);
  EXPECT_LT(average, small_sizes.average * 2);
}

TEST(Chunker, FindsItsCutsAgainAfterAnInsertion) {
  const Chunker chunker(secret(2), small_sizes);
  auto contents = random_contents(2'000'000, 2);
  const auto before = chunks_of(chunker, contents);
  contents.insert(contents.begin() + 1'000'000, {1, 2, 3});
  const auto after = chunks_of(chunker, contents);
  const std::set<core::Digest> known(before.begin(), before.end());
  const auto fresh = std::count_if(after.begin(), after.end(),
                                   [&](const auto& each) { return !known.contains(each); });
  EXPECT_LE(fresh, 3);
  EXPECT_GE(fresh, 1);
}

TEST(Chunker, CutsElsewhereInAnotherRepository) {
  const auto contents = random_contents(1'000'000, 3);
  const auto one = chunks_of(Chunker(secret(3), small_sizes), contents);
  const auto two = chunks_of(Chunker(secret(4), small_sizes), contents);
  const std::set<core::Digest> known(one.begin(), one.end());
  EXPECT_LE(
      std::count_if(two.begin(), two.end(), [&](const auto& each) { return known.contains(each); }),
      1);
}

TEST(Chunker, ManagesContentsWithoutVariety) {
  const Chunker chunker(secret(5), small_sizes);
  const core::Buffer zeros(1'000'000);
  const auto chunks = chunks_of(chunker, zeros);
  const std::set<core::Digest> different(chunks.begin(), chunks.end());
  EXPECT_LE(different.size(), 2u);
}

} // namespace
} // namespace intendance::backupd
