// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/web/samples.hpp"
#include "web/sessions.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace intendance::web {
namespace {

using namespace std::chrono_literals;

TEST(SessionStore, FindsWhatItOpenedUntilItEnds) {
  core::ManualClock clock(samples::now());
  SessionStore store(clock, 1h);
  const SessionStore::Opened opened = store.open();
  EXPECT_EQ(opened.secret.size(), 64U);
  EXPECT_EQ(opened.session.expires, samples::now() + 1h);
  clock.advance(1h - 1ns);
  EXPECT_TRUE(store.find(opened.secret));
  clock.advance(1ns);
  EXPECT_FALSE(store.find(opened.secret));
  EXPECT_EQ(store.size(), 0U);
}

TEST(SessionStore, NeedsBothHalvesOfTheSecret) {
  core::ManualClock clock(samples::now());
  SessionStore store(clock, 1h);
  const std::string secret = store.open().secret;
  for (std::size_t place = 0; place < secret.size(); ++place) {
    std::string wrong = secret;
    wrong[place] = wrong[place] == '0' ? '1' : '0';
    EXPECT_FALSE(store.find(wrong)) << place;
  }
  EXPECT_FALSE(store.find(secret.substr(0, 32)));
  EXPECT_FALSE(store.find(secret + "0"));
  EXPECT_FALSE(store.find(""));
}

TEST(SessionStore, ForgetsWhatIsClosedAndNothingElse) {
  core::ManualClock clock(samples::now());
  SessionStore store(clock, 1h);
  const std::string first = store.open().secret;
  const std::string second = store.open().secret;
  store.close(first);
  store.close("nonsense");
  // Whoever knows the finding half only cannot sign another person out.
  store.close(second.substr(0, 32) + std::string(32, '0'));
  EXPECT_FALSE(store.find(first));
  EXPECT_TRUE(store.find(second));
}

TEST(SessionStore, MakesRoomByEndingTheOldest) {
  core::ManualClock clock(samples::now());
  SessionStore store(clock, 1h);
  const std::string oldest = store.open().secret;
  std::string newest;
  for (std::size_t i = 0; i < SessionStore::most_sessions; ++i) {
    clock.advance(1ms);
    newest = store.open().secret;
  }
  EXPECT_EQ(store.size(), SessionStore::most_sessions);
  EXPECT_FALSE(store.find(oldest));
  EXPECT_TRUE(store.find(newest));
}

TEST(SessionStore, NeverGivesTheSameSecretTwice) {
  core::ManualClock clock(samples::now());
  SessionStore store(clock, 1h);
  std::set<std::string> secrets;
  for (int i = 0; i < 100; ++i) secrets.insert(store.open().secret);
  EXPECT_EQ(secrets.size(), 100U);
}

TEST(AttemptLimiter, LetsAnAddressWaitAfterItsFailures) {
  core::ManualClock clock(samples::now());
  AttemptLimiter limiter(clock);
  for (int i = 0; i < AttemptLimiter::most_failures; ++i) {
    EXPECT_FALSE(limiter.wait("192.0.2.1")) << i;
    limiter.failed("192.0.2.1");
  }
  EXPECT_EQ(limiter.wait("192.0.2.1"), 60s);
  EXPECT_FALSE(limiter.wait("192.0.2.2"));
  clock.advance(59500ms);
  EXPECT_EQ(limiter.wait("192.0.2.1"), 1s);
  clock.advance(500ms);
  EXPECT_FALSE(limiter.wait("192.0.2.1"));
}

TEST(AttemptLimiter, ForgivesWhoeverSucceeds) {
  core::ManualClock clock(samples::now());
  AttemptLimiter limiter(clock);
  for (int i = 0; i + 1 < AttemptLimiter::most_failures; ++i) limiter.failed("192.0.2.1");
  limiter.succeeded("192.0.2.1");
  limiter.failed("192.0.2.1");
  EXPECT_FALSE(limiter.wait("192.0.2.1"));
}

TEST(AttemptLimiter, WatchesABoundedNumberOfAddresses) {
  core::ManualClock clock(samples::now());
  AttemptLimiter limiter(clock);
  for (int i = 0; i < AttemptLimiter::most_failures; ++i) limiter.failed("first");
  for (std::size_t i = 0; i < AttemptLimiter::most_addresses; ++i) {
    clock.advance(1us);
    limiter.failed("address " + std::to_string(i));
  }
  EXPECT_FALSE(limiter.wait("first"));
}

} // namespace
} // namespace intendance::web
