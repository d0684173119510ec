// SPDX-License-Identifier: AGPL-3.0-or-later
// What the stores do that stand before another; conformance_test.cpp shows that they keep its
// promises.
#include "core/error.hpp"
#include "core/synchronized.hpp"
#include "storage/counting_store.hpp"
#include "storage/fault_injection.hpp"
#include "storage/limited_store.hpp"
#include "storage/stoppable_store.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

namespace intendance::storage {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

core::ByteView bytes(std::string_view text) { return core::as_bytes(text); }

std::vector<std::string> names_in(ObjectStore& store) {
  std::vector<std::string> names;
  store.list("", [&](const ObjectInfo& info) { names.push_back(info.name); });
  return names;
}

// --- FaultyStore
// ----------------------------------------------------------------------------------

class FaultInjection : public ::testing::Test {
protected:
  using Names = std::vector<std::string>;
  std::unique_ptr<ObjectStore> inner_ = make_memory_store();
  FaultyStore store_{*inner_};
};

TEST_F(FaultInjection, FailsTheCallThatWasChosenAndNoOther) {
  store_.arm({.call = 2, .verbs = {Verb::put}, .prefix = "packs/"});
  store_.put("packs/a", bytes("1"));
  store_.put("indexes/a", bytes("1"));
  store_.get("packs/a", 10);
  EXPECT_FALSE(store_.has_fired());
  EXPECT_THROW(store_.put("packs/b", bytes("1")), core::TransientError);
  EXPECT_TRUE(store_.has_fired());
  store_.put("packs/c", bytes("1"));
  EXPECT_EQ(names_in(*inner_), (Names{"indexes/a", "packs/a", "packs/c"}));
  EXPECT_EQ(store_.calls(), 5u);
}

TEST_F(FaultInjection, FailsAfterTheCallTookEffect) {
  store_.arm({.moment = FaultMoment::after, .kind = FaultKind::denied});
  EXPECT_THROW(store_.put("a", bytes("1")), core::AccessDenied);
  store_.arm({.moment = FaultMoment::after, .kind = FaultKind::corrupt});
  EXPECT_EQ(names_in(*inner_), Names{"a"});
  EXPECT_THROW(store_.remove("a"), core::CorruptData);
  EXPECT_EQ(names_in(*inner_), Names());
}

TEST_F(FaultInjection, NothingGetsThroughAfterItWasKilled) {
  inner_->put("a", bytes("1"));
  store_.arm({.call = 2, .kill = true});
  EXPECT_TRUE(store_.head("a"));
  EXPECT_THROW(store_.put("b", bytes("1")), core::TransientError);
  EXPECT_THROW(store_.remove("a"), core::TransientError);
  EXPECT_THROW(store_.get("a", 10), core::TransientError);
  core::Buffer part(1);
  EXPECT_THROW(store_.read("a", 0, part), core::TransientError);
  EXPECT_THROW(store_.head("a"), core::TransientError);
  EXPECT_THROW(names_in(store_), core::TransientError);
  EXPECT_EQ(names_in(*inner_), Names{"a"});
  store_.disarm();
  EXPECT_EQ(names_in(store_), Names{"a"});
}

TEST_F(FaultInjection, SomebodyElseMayActBetweenTwoCalls) {
  store_.arm({.call = 2, .kind = FaultKind::other});
  store_.set_hook([&](const StoreCall& call) {
    if (call.verb == Verb::get && call.name == "a") store_.remove("a"); // not counted
  });
  store_.put("a", bytes("1"));
  EXPECT_THROW(store_.get("a", 10), core::Error);
  EXPECT_FALSE(store_.get("a", 10));
  EXPECT_EQ(store_.calls(), 3u);
}

TEST_F(FaultInjection, OneCallFailsHoweverManyThreadsCall) {
  store_.arm({.call = 40});
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int each = 0; each < 4; ++each) {
      threads.emplace_back([&] {
        for (int number = 0; number < 25; ++number) {
          try {
            store_.head("a");
          } catch (const core::TransientError&) {
            ++failures;
          }
        }
      });
    }
  }
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(store_.calls(), 100u);
}

// --- CountingStore
// --------------------------------------------------------------------------------

TEST(CountingStore, CountsRequestsBytesAndFailures) {
  const auto inner = make_memory_store();
  CountingStore store(*inner);
  store.put("a", bytes("12345"));
  EXPECT_THROW(store.put("a", bytes("12345")), core::Error);
  store.get("a", 10);
  core::Buffer part(2);
  EXPECT_TRUE(store.read("a", 1, part));
  store.get("b", 10);
  store.head("a");
  names_in(store);
  store.remove("a");
  store.remove_all(std::vector<std::string>{"b", "c"});
  const auto counts = store.counts();
  EXPECT_EQ(counts.of(Verb::put).calls, 2u);
  EXPECT_EQ(counts.of(Verb::get).calls, 3u);
  EXPECT_EQ(counts.of(Verb::head).calls, 1u);
  EXPECT_EQ(counts.of(Verb::list).calls, 1u);
  EXPECT_EQ(counts.of(Verb::remove).calls, 2u);
  EXPECT_EQ(counts.requests(), 9u);
  EXPECT_EQ(counts.of(Verb::put).failures, 1u);
  EXPECT_EQ(counts.failures(), 1u);
  EXPECT_EQ(counts.of(Verb::put).bytes, 5u);
  EXPECT_EQ(counts.of(Verb::get).bytes, 7u);
}

TEST(StoreMeter, SortsCallsByHowLongTheyTook) {
  using namespace std::chrono_literals;
  StoreMeters meters;
  const auto meter = meters.of("web-1");
  for (const std::chrono::nanoseconds took : {1ms, 2ms, 3ms, 2'000'000ms})
    meter->note(Verb::get, took, StoreMeter::Result::done, 10);
  meters.of("web-1")->note(Verb::get, 31ms, StoreMeter::Result::failed, 0);
  meters.of("web-2");
  const auto counts = meters.counts();
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts.at("web-2").requests(), 0u);
  const auto& figures = counts.at("web-1").of(Verb::get);
  EXPECT_EQ(figures.calls, 5u);
  EXPECT_EQ(figures.failures, 1u);
  EXPECT_EQ(figures.bytes, 40u);
  EXPECT_EQ(figures.time, 2'000'037ms);
  EXPECT_EQ(figures.by_latency.front(), 2u) << "1 ms, and 2 ms, which is the bound";
  EXPECT_EQ(figures.by_latency[1], 1u);
  EXPECT_EQ(figures.by_latency[3], 1u);
  EXPECT_EQ(figures.by_latency.back(), 1u);
}

// --- limit_bandwidth
// ------------------------------------------------------------------------------

// Does not wait, but remembers until when it would have.
class ImpatientClock final : public core::Clock {
public:
  core::TimePoint now() const override { return now_; }
  void sleep_until(core::TimePoint when, std::stop_token) override { now_ = std::max(now_, when); }
  core::TimePoint now_ = core::parse_utc("2026-11-23T02:15:00Z");
};

class BandwidthLimit : public ::testing::Test {
protected:
  milliseconds time_of(const std::function<void()>& work) {
    const auto before = clock_.now();
    work();
    return std::chrono::duration_cast<milliseconds>(clock_.now() - before);
  }
  ImpatientClock clock_;
  std::unique_ptr<ObjectStore> inner_ = make_memory_store();
  std::string kilobyte_ = std::string(1000, 'x');
};

TEST_F(BandwidthLimit, HoldsItsRateAfterASecondsWorth) {
  const auto store = limit_bandwidth(*inner_, {.put = 2000, .get = 500}, clock_);
  clock_.now_ += seconds(60); // idleness is not saved up for later
  EXPECT_EQ(time_of([&] {
              for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
                store->put(name, bytes(kilobyte_));
              }
            }),
            seconds(2)); // 6000 bytes, of which 2000 pass at once
  EXPECT_EQ(time_of([&] {
              EXPECT_EQ(store->get("a", 2000)->size(), 1000u);
              core::Buffer part(500);
              EXPECT_TRUE(store->read("a", 10, part));
            }),
            seconds(2)); // 1500 bytes, of which 500 pass at once
}

TEST_F(BandwidthLimit, LeavesAloneWhatHasNoLimit) {
  const auto store = limit_bandwidth(*inner_, {.put = 1}, clock_);
  inner_->put("a", bytes(kilobyte_));
  EXPECT_EQ(time_of([&] {
              for (int each = 0; each < 100; ++each) store->get("a", 2000);
              store->head("a");
              store->remove("a");
            }),
            seconds(0));
}

TEST_F(BandwidthLimit, AClockThatIsSetBackStopsNothing) {
  const auto store = limit_bandwidth(*inner_, {.put = 1000}, clock_);
  store->put("a", bytes(kilobyte_));
  clock_.now_ -= std::chrono::hours(24 * 365);
  EXPECT_LE(time_of([&] { store->put("b", bytes(kilobyte_)); }), std::chrono::hours(2));
}

// The same for several threads, whose waiting adds up.
class SharedImpatientClock final : public core::Clock {
public:
  core::TimePoint now() const override { return now_.copy(); }
  void sleep_until(core::TimePoint when, std::stop_token) override {
    now_.with([&](core::TimePoint& now) { now = std::max(now, when); });
  }

private:
  core::Synchronized<core::TimePoint> now_{core::parse_utc("2026-11-23T02:15:00Z")};
};

TEST_F(BandwidthLimit, HoldsForAllThreadsTogether) {
  constexpr int threads = 8, each_puts = 20;
  SharedImpatientClock clock;
  const auto store = limit_bandwidth(*inner_, {.put = 10'000}, clock);
  const auto before = clock.now();
  {
    std::vector<std::jthread> all;
    for (int thread = 0; thread < threads; ++thread) {
      all.emplace_back([&, thread] {
        for (int put = 0; put < each_puts; ++put)
          store->put(std::to_string(thread) + "/" + std::to_string(put), bytes(kilobyte_));
      });
    }
  }
  const std::chrono::duration<double> took = clock.now() - before;
  const double rate = threads * each_puts * 1000 / took.count();
  EXPECT_NEAR(rate, 10'000, 1'000);
}

TEST_F(BandwidthLimit, HoldsByTheTimeThatReallyPasses) {
  for (const char* name : {"a", "b", "c"}) inner_->put(name, bytes(kilobyte_));
  const auto before = std::chrono::steady_clock::now();
  const auto store = limit_bandwidth(std::move(inner_), {.get = 10'000}, {});
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(store->get(name, 2000));
  EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds(300)); // 3000 bytes
}

TEST_F(BandwidthLimit, WithoutLimitsTheStoreIsItself) {
  const auto* store = inner_.get();
  EXPECT_EQ(limit_bandwidth(std::move(inner_), {}, {}).get(), store);
}

TEST_F(BandwidthLimit, WaitingEndsWhenItIsStopped) {
  core::ManualClock clock(core::parse_utc("2026-11-23T02:15:00Z"));
  std::stop_source stop;
  const auto store = limit_bandwidth(*inner_, {.put = 1}, clock, stop.get_token());
  auto stored = std::async(std::launch::async, [&] { store->put("a", bytes(kilobyte_)); });
  stop.request_stop();
  EXPECT_THROW(stored.get(), core::Cancelled);
  EXPECT_FALSE(inner_->head("a"));
}

TEST(ByteSize, ReadsWhatPeopleWrite) {
  EXPECT_EQ(parse_byte_size("10GB"), 10'000'000'000u);
  EXPECT_EQ(parse_byte_size("512KiB"), 524'288u);
  EXPECT_EQ(parse_byte_size("7"), 7u);
  EXPECT_EQ(parse_byte_rate("2MiB/s"), 2'097'152u);
  for (const char* text : {"", "0", "0GB", "GB", "-1", "1.5GB", "10 GB", "10gb", "99999999999TB"}) {
    EXPECT_THROW(parse_byte_size(text), core::ConfigError) << text;
  }
  for (const char* text : {"2MiB", "/s", "0MB/s", "2MiB/h", "2MiB/s "}) {
    EXPECT_THROW(parse_byte_rate(text), core::ConfigError) << text;
  }
}

// --- stoppable()
// ------------------------------------------------------------------------------------

TEST(StoppableStore, RefusesEveryCallOnceItIsAsked) {
  std::stop_source stop;
  const auto store = stoppable(make_memory_store(), stop.get_token());
  store->put("packs/a", bytes("one"));
  store->put("packs/b", bytes("two"));
  std::size_t seen = 0;
  const auto stop_at_the_first = [&](const ObjectInfo&) {
    ++seen;
    stop.request_stop();
  };
  EXPECT_THROW(store->list("packs/", stop_at_the_first), core::Cancelled);
  EXPECT_EQ(seen, 1u);
  EXPECT_THROW(store->put("packs/c", bytes("three")), core::Cancelled);
  EXPECT_THROW(store->get("packs/a", 10), core::Cancelled);
  core::Buffer part(1);
  EXPECT_THROW(store->read("packs/a", 0, part), core::Cancelled);
  EXPECT_THROW(store->head("packs/a"), core::Cancelled);
  EXPECT_THROW(store->remove("packs/a"), core::Cancelled);
}

} // namespace
} // namespace intendance::storage
