// SPDX-License-Identifier: AGPL-3.0-or-later
// What Swift alone has: segments, tokens, lists that lag. Against the server that somebody runs for
// INTENDANCE_TEST_STORE; conformance_test.cpp has what every store promises.
#include "core/crypto.hpp"
#include "core/error.hpp"
#include "storage/keystone.hpp"
#include "storage/swift_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>
#include <thread>

namespace intendance::storage {
namespace {

// Any number of bytes, each its place's; from `end` on they cannot be read.
class Pattern final : public Content {
public:
  explicit Pattern(std::uint64_t size, std::uint64_t end = UINT64_MAX) : size_(size), end_(end) {}
  std::uint64_t size() const override { return size_; }
  void read(std::uint64_t offset, std::span<std::uint8_t> into) const override {
    if (offset + into.size() > end_) throw core::Error("the source is gone");
    for (std::size_t each = 0; each < into.size(); ++each) into[each] = at(offset + each);
  }
  static std::uint8_t at(std::uint64_t place) {
    return static_cast<std::uint8_t>(place ^ place >> 8 ^ place >> 16 ^ place >> 24);
  }

private:
  std::uint64_t size_, end_;
};

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t large = 130 * mebibyte + 1; // three segments

class SwiftServer : public ::testing::Test {
protected:
  void SetUp() override {
    const char* server = std::getenv("INTENDANCE_TEST_STORE");
    if (server == nullptr || !std::string_view(server).starts_with("swift"))
      GTEST_SKIP() << "INTENDANCE_TEST_STORE names no Swift";
    std::istringstream words(server);
    words >> address_ >> credentials_;
    store_ = open(address_ + "/" + core::to_hex(core::random_bytes(8)));
  }

  KeystoneIdentity identity() const {
    return std::get<KeystoneIdentity>(read_credentials(credentials_));
  }
  std::unique_ptr<ObjectStore> open(const std::string& address) const {
    return open_swift_store(SwiftPlace::parse(address), identity(), core::system_clock());
  }
  std::vector<std::string> names(ObjectStore& store, const std::string& prefix = "") {
    std::vector<std::string> found;
    store.list(prefix, [&](const ObjectInfo& info) { found.push_back(info.name); });
    return found;
  }
  // What the store keeps for itself.
  std::size_t segments() { return names(*open(store_->address() + "/.segments")).size(); }

  std::string address_, credentials_;
  std::unique_ptr<ObjectStore> store_;
};

using Names = std::vector<std::string>;

TEST_F(SwiftServer, WhatIsLongGoesInSegmentsThatGoWithIt) {
  store_->put("packs/large", Pattern(large));
  EXPECT_EQ(segments(), 3u);
  EXPECT_EQ(names(*store_), Names{"packs/large"});
  // Ceph's gateway lists the size of the list of segments (swift_store.hpp).
  const bool is_ceph = std::getenv("INTENDANCE_TEST_STORE_IS_CEPH") != nullptr;
  store_->list("", [&](const ObjectInfo& info) {
    EXPECT_TRUE(info.size == large || (is_ceph && info.size < 65536)) << info.size;
  });
  ASSERT_TRUE(store_->head("packs/large"));
  EXPECT_EQ(store_->head("packs/large")->size, large);
  core::Buffer part(1000); // over the end of a segment
  ASSERT_TRUE(store_->read("packs/large", 64 * mebibyte - 500, part));
  for (std::size_t each = 0; each < part.size(); ++each)
    ASSERT_EQ(part[each], Pattern::at(64 * mebibyte - 500 + each)) << each;
  EXPECT_THROW(store_->read("packs/large", large - 999, part), core::CorruptData);
  const auto whole = store_->get("packs/large", large);
  ASSERT_TRUE(whole && whole->size() == large);
  EXPECT_EQ(whole->back(), Pattern::at(large - 1));
  EXPECT_THROW(store_->put("packs/large", Pattern(large)), core::Error);
  EXPECT_EQ(segments(), 3u);
  store_->put("packs/small", core::as_bytes("x"));
  store_->put("packs/kept", core::as_bytes("x"));
  store_->remove_all(Names{"packs/large", "packs/small", "packs/absent"});
  EXPECT_EQ(names(*store_, "packs/"), Names{"packs/kept"});
  EXPECT_EQ(segments(), 0u);
}

TEST_F(SwiftServer, OfAnUploadThatFailedNothingIsLeft) {
  EXPECT_THROW(store_->put("a", Pattern(large, 70 * mebibyte)), core::Error);
  EXPECT_EQ(segments(), 0u);
  EXPECT_FALSE(store_->head("a"));
}

TEST_F(SwiftServer, BytesThatChangeOnTheirWayAreNotStored) {
  class Changing final : public Content {
    std::uint64_t size() const override { return 1000; }
    void read(std::uint64_t, std::span<std::uint8_t> into) const override {
      std::fill(into.begin(), into.end(), ++times_);
    }
    mutable std::uint8_t times_ = 0;
  };
  try {
    store_->put("a", Changing());
    FAIL() << "nothing was thrown";
  } catch (const core::CorruptData& error) {
    EXPECT_NE(std::string_view(error.what()).find("received other bytes"), std::string_view::npos)
        << error.what();
  }
  EXPECT_FALSE(store_->head("a"));
}

TEST_F(SwiftServer, ListsGoOnWhereAPartEnds) {
  constexpr int many = 30;
  Names all;
  for (int each = 10; each < 10 + many; ++each) {
    all.push_back("packs/" + std::to_string(each));
    store_->put(all.back(), core::as_bytes("x"));
  }
  EXPECT_EQ(names(*store_), all);
  store_->remove_all(std::span(all).first(many - 1));
  EXPECT_EQ(names(*store_), Names{all.back()});
}

// Keystone's own tokens, of an hour. This machine's clock is far from the servers'.
class SwiftServerTokens : public SwiftServer {
protected:
  void SetUp() override {
    SwiftServer::SetUp();
    if (IsSkipped()) return;
    keystone_ = std::make_unique<Keystone>(identity(), SwiftPlace::parse(address_).origin, clock_,
                                           std::stop_token());
  }
  core::ManualClock clock_{core::parse_utc("1999-12-31T23:30:00Z")};
  std::unique_ptr<Keystone> keystone_;
};

TEST_F(SwiftServerTokens, AreRenewedSomeMinutesBeforeTheyExpire) {
  const auto first = keystone_->pass();
  clock_.advance(std::chrono::minutes(54));
  EXPECT_EQ(keystone_->pass(), first);
  clock_.advance(std::chrono::minutes(2));
  const auto second = keystone_->pass();
  EXPECT_NE(second, first);
  EXPECT_NE(second->token, first->token);
  EXPECT_EQ(keystone_->pass(), second);
}

TEST_F(SwiftServerTokens, AreRenewedOnceForAllWhoseRequestsWereRefused) {
  const auto first = keystone_->pass();
  std::array<std::shared_ptr<const KeystonePass>, 8> passes;
  {
    std::vector<std::jthread> threads;
    for (auto& pass : passes) {
      threads.emplace_back([&] {
        keystone_->refused(first);
        pass = keystone_->pass();
      });
    }
  }
  EXPECT_NE(passes[0], first);
  for (const auto& pass : passes) EXPECT_EQ(pass, passes[0]);
  keystone_->refused(first); // by somebody late
  EXPECT_EQ(keystone_->pass(), passes[0]);
}

// In two parts, between which somebody else keeps the server from striking b/2 out of its list.
class SwiftLag : public SwiftServer {};

TEST_F(SwiftLag, Before) {
  const auto store = open(address_);
  for (const char* name : {"b/1", "b/2", "b/3"}) store->put(name, core::as_bytes("x"));
  store->remove("b/1");
}

TEST_F(SwiftLag, AListDoesNotShowWhatIsGone) {
  const auto store = open(address_);
  EXPECT_EQ(names(*store, "b/"), Names{"b/3"});
  EXPECT_EQ(names(*store), Names{"b/3"});
}

// In two parts, between which somebody changes the bytes where the server keeps them.
class SwiftDamage : public SwiftServer {};

TEST_F(SwiftDamage, Before) { open(address_)->put("d/1", core::as_bytes("telltale contents")); }

TEST_F(SwiftDamage, OfWhatIsStoredIsNoticed) {
  try {
    open(address_)->get("d/1", 1000);
    FAIL() << "nothing was thrown";
  } catch (const core::CorruptData& error) {
    EXPECT_NE(std::string_view(error.what()).find("other bytes than were stored"),
              std::string_view::npos)
        << error.what();
  }
}

} // namespace
} // namespace intendance::storage
