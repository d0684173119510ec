// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "core/gzip.hpp"

#include <gtest/gtest.h>

#include <random>

namespace intendance::core {
namespace {

std::string random_bytes(std::mt19937_64& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

TEST(Gzip, GivesBackWhatItWasGiven) {
  std::mt19937_64 random(1);
  for (const std::size_t size : {0u, 1u, 100u, 16384u, 16385u, 300000u}) {
    const auto text = random_bytes(random, size);
    for (const int level : {1, 6, 9}) EXPECT_EQ(gunzip(gzip(text, level)), text) << size;
  }
}

TEST(Gzip, MakesRepeatedTextSmall) {
  const std::string text(100000, 'a');
  EXPECT_LT(gzip(text).size(), 1000u);
}

TEST(Gzip, RefusesALevelThatThereIsNot) { EXPECT_THROW(gzip("text", 12), Error); }

TEST(Gunzip, RefusesEveryCutMember) {
  const auto whole = gzip("what a page of metrics would hold, more or less");
  for (std::size_t kept = 0; kept < whole.size(); ++kept)
    EXPECT_THROW(gunzip(whole.substr(0, kept)), CorruptData) << kept;
}

TEST(Gunzip, RefusesWhatFollowsTheEnd) { EXPECT_THROW(gunzip(gzip("a") + "b"), CorruptData); }

TEST(Gunzip, RefusesADamagedByte) {
  auto bytes = gzip("text");
  bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] ^ 1); // in its checksum
  EXPECT_THROW(gunzip(bytes), CorruptData);
}

TEST(Gunzip, StopsAtTheLimit) {
  const auto bomb = gzip(std::string(1 << 20, '\0'));
  EXPECT_THROW(gunzip(bomb, 1000), CorruptData);
  EXPECT_EQ(gunzip(bomb, 1 << 20).size(), std::size_t{1} << 20);
}

TEST(AcceptsGzip, FollowsTheHeader) {
  EXPECT_FALSE(accepts_gzip(std::nullopt));
  for (const char* yes : {"gzip", "GZIP", "deflate, gzip", "gzip;q=0.5", "gzip ; q=1", "*",
                          "x-gzip", "br;q=1.0, gzip;q=0.8, *;q=0.1"})
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  for (const char* no : {"", "identity", "gzip;q=0", "gzip;q=0.000", "gzip;Q=0", "*;q=0", "deflate",
                         "*, gzip;q=0", "gzip;q=x", "gzipped"})
    EXPECT_FALSE(accepts_gzip(no)) << no;
}

} // namespace
} // namespace intendance::core
