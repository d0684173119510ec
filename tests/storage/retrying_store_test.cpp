// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "storage/fault_injection.hpp"
#include "storage/retrying_store.hpp"

#include <gtest/gtest.h>

namespace intendance::storage {
namespace {

using std::chrono::milliseconds;

// Time passes only by waiting.
class WaitingClock final : public core::Clock {
public:
  core::TimePoint now() const override { return now_; }
  void sleep_until(core::TimePoint when, std::stop_token) override {
    waits.push_back(std::chrono::duration_cast<milliseconds>(when - now_));
    now_ = when;
    if (on_wait) on_wait();
  }
  std::vector<milliseconds> waits;
  std::function<void()> on_wait;

private:
  core::TimePoint now_ = core::parse_utc("2026-11-28T00:00:00Z");
};

class Retrying : public ::testing::Test {
protected:
  Retrying() {
    auto faulty = std::make_unique<FaultyStore>(*inner_);
    faulty_ = faulty.get();
    store_ = retrying(std::move(faulty), {.attempts = 4, .attempts_at_first = 2}, clock_,
                      stop_.get_token());
    inner_->put("there", core::as_bytes("hello"));
  }

  std::unique_ptr<ObjectStore> inner_ = make_memory_store();
  WaitingClock clock_;
  std::stop_source stop_;
  FaultyStore* faulty_ = nullptr;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(Retrying, EveryVerbIsTriedAgain) {
  const auto each = [&](const std::function<void()>& call) {
    faulty_->arm({.call = 1, .kind = FaultKind::transient});
    call();
    EXPECT_TRUE(faulty_->has_fired());
  };
  each([&] { store_->put("new", core::as_bytes("1")); });
  each([&] { EXPECT_EQ(core::as_text(*store_->get("there", 10)), "hello"); });
  each([&] {
    core::Buffer part(2);
    EXPECT_TRUE(store_->read("there", 3, part));
    EXPECT_EQ(core::as_text(part), "lo");
  });
  each([&] { EXPECT_TRUE(store_->head("there")); });
  each([&] {
    int found = 0;
    store_->list("", [&](const ObjectInfo&) { ++found; });
    EXPECT_EQ(found, 2);
  });
  each([&] { store_->remove("new"); });
  EXPECT_FALSE(inner_->head("new"));
  EXPECT_EQ(clock_.waits.size(), 6u);
}

TEST_F(Retrying, GivesUpSoonWhereNothingEverAnswered) {
  faulty_->arm({.call = 1, .kind = FaultKind::transient, .kill = true});
  EXPECT_THROW(store_->head("there"), core::TransientError);
  EXPECT_EQ(clock_.waits.size(), 1u);
}

TEST_F(Retrying, WaitsLongerEachTimeAndGivesUp) {
  store_->head("there"); // it answers
  faulty_->arm({.call = 1, .kind = FaultKind::transient, .kill = true});
  EXPECT_THROW(store_->head("there"), core::TransientError);
  ASSERT_EQ(clock_.waits.size(), 3u);
  milliseconds longest{500};
  for (const auto wait : clock_.waits) {
    EXPECT_GE(wait, longest / 2);
    EXPECT_LE(wait, longest);
    longest *= 2;
  }
}

TEST_F(Retrying, WhatWillNotPassIsToldAtOnce) {
  for (const auto kind : {FaultKind::denied, FaultKind::corrupt, FaultKind::other}) {
    faulty_->arm({.call = 1, .kind = kind});
    EXPECT_THROW(store_->get("there", 10), core::Error);
  }
  EXPECT_TRUE(clock_.waits.empty());
}

TEST_F(Retrying, APutWhoseAnswerWasLostIsDone) {
  faulty_->arm({.call = 1, .moment = FaultMoment::after, .kind = FaultKind::transient});
  store_->put("new", core::as_bytes("bytes"));
  EXPECT_EQ(core::as_text(*inner_->get("new", 10)), "bytes");
  EXPECT_EQ(clock_.waits.size(), 1u);
}

TEST_F(Retrying, AnObjectOfThatNameWithOtherBytesIsNoSuccess) {
  for (const char* other : {"other", "hello and more"}) {
    SCOPED_TRACE(other);
    faulty_->arm({.call = 1, .kind = FaultKind::transient});
    EXPECT_THROW(store_->put("there", core::as_bytes(other)), core::Error);
    EXPECT_EQ(core::as_text(*inner_->get("there", 10)), "hello");
  }
}

TEST_F(Retrying, AListThatBreaksShowsEachObjectOnce) {
  inner_->put("a", core::as_bytes("1"));
  std::vector<std::string> seen;
  faulty_->arm({.call = 1, .moment = FaultMoment::after, .kind = FaultKind::transient});
  store_->list("", [&](const ObjectInfo& info) { seen.push_back(info.name); });
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "there"}));
}

TEST_F(Retrying, AStopEndsTheWaiting) {
  clock_.on_wait = [&] { stop_.request_stop(); };
  faulty_->arm({.call = 1, .kind = FaultKind::transient, .kill = true});
  EXPECT_THROW(store_->head("there"), core::Cancelled);
  EXPECT_EQ(clock_.waits.size(), 1u);
}

} // namespace
} // namespace intendance::storage
