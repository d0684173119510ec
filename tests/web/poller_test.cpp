// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "core/gzip.hpp"
#include "tests/web/samples.hpp"
#include "web/gather.hpp"
#include "web/poller.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

namespace intendance::web {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::string token = "what the daemons want to hear";

core::SecretBytes secret() { return core::SecretBytes(core::as_bytes(token)); }

// Collects publications, and lets a test wait for one that it can recognise.
class Publications {
public:
  Poller::Publish listener() {
    return [this](const std::shared_ptr<const PublishedOverview>& published) {
      const std::scoped_lock lock(mutex_);
      latest_ = published;
      ++count_;
      changed_.notify_all();
    };
  }

  std::shared_ptr<const PublishedOverview>
  wait_for(const std::function<bool(const Overview&)>& wanted) {
    std::unique_lock lock(mutex_);
    const bool came =
        changed_.wait_for(lock, 20s, [&] { return latest_ && wanted(latest_->overview); });
    EXPECT_TRUE(came) << "the awaited overview never came: "
                      << (latest_ ? latest_->json : "none at all");
    return latest_;
  }

  int count() {
    const std::scoped_lock lock(mutex_);
    return count_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const PublishedOverview> latest_;
  int count_ = 0;
};

// Answers nothing until it is let go, as a daemon does whose disk hangs.
class HangingDaemon {
public:
  HangingDaemon()
      : server_(samples::serve([this](const core::HttpRequest&) {
          std::unique_lock lock(mutex_);
          asked_ = true;
          changed_.notify_all();
          changed_.wait_for(lock, 20s, [this] { return released_; });
          return core::HttpResponse::json("{}");
        })) {}
  ~HangingDaemon() {
    const std::scoped_lock lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  std::string address() const { return server_->address(); }
  bool wait_until_asked() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [this] { return asked_; });
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false, released_ = false;
  std::unique_ptr<core::HttpServer> server_; // last: its handlers use all the above
};

bool is_well(const Overview& overview) { return overview.verdict == VerdictState::well; }
bool is_silent(const Overview& overview) {
  return !overview.findings.empty() && overview.findings[0].code == FindingCode::machine_silent;
}

TEST(Poller, PublishesWhatTheDaemonsSay) {
  core::ManualClock clock(samples::now());
  const auto collectord = samples::serve([](const core::HttpRequest& request) {
    const bool right =
        request.path == "/api/v1/status" && request.header("authorization") == "Bearer " + token;
    return core::HttpResponse::json(right ? samples::collectord : "{}", right ? 200 : 401);
  });
  const auto backupd = samples::serve(samples::backupd);
  const auto billingd = samples::serve([](const core::HttpRequest& request) {
    return core::HttpResponse::json(samples::billingd,
                                    request.path == "/api/v1/budget" ? 200 : 404);
  });
  Publications publications;
  const Poller poller({{DaemonKind::collectord, "web-1", collectord->address()},
                       {DaemonKind::backupd, "web-1", backupd->address()},
                       {DaemonKind::billingd, "", billingd->address()}},
                      secret(), {}, clock, publications.listener());
  const auto published = publications.wait_for(is_well);
  EXPECT_EQ(published->overview.services.size(), 1U);
  EXPECT_EQ(published->overview.billing->budgets.size(), 1U);
  EXPECT_EQ(core::gunzip(published->gzipped), published->json);
  EXPECT_EQ(poller.latest()->etag, published->etag);
}

TEST(Poller, DoesNotPublishWhatDidNotChange) {
  core::ManualClock clock(samples::now());
  std::atomic<int> asked = 0;
  std::atomic<bool> down = false;
  const auto daemon = samples::serve([&](const core::HttpRequest&) {
    ++asked;
    return core::HttpResponse::json(
        down ? samples::with(samples::collectord, R"("up")", R"("down")") : samples::collectord);
  });
  Publications publications;
  const Poller poller({{DaemonKind::collectord, "web-1", daemon->address()}}, {}, {}, clock,
                      publications.listener());
  const auto first = publications.wait_for(is_well);
  const int before = publications.count();
  down = true;
  clock.advance(10s); // the next question
  const auto second =
      publications.wait_for([](const Overview& overview) { return !overview.findings.empty(); });
  EXPECT_NE(first->etag, second->etag);
  EXPECT_EQ(publications.count(), before + 1);
  // Twice more the same answer; a third that differs again shows that those were taken in.
  const int answers = asked;
  while (asked < answers + 2) clock.advance(10s);
  down = false;
  while (!is_well(poller.latest()->overview)) clock.advance(10s);
  publications.wait_for(is_well);
  EXPECT_EQ(publications.count(), before + 2);
}

TEST(Poller, IsNotDelayedByADaemonThatHangs) {
  core::ManualClock clock(samples::now());
  HangingDaemon hanging;
  const auto answering = samples::serve(samples::collectord);
  Publications publications;
  const auto begin = std::chrono::steady_clock::now();
  {
    const Poller poller({{DaemonKind::collectord, "dead", hanging.address()},
                         {DaemonKind::collectord, "web-1", answering->address()}},
                        {}, {10s, 15s}, clock, publications.listener());
    ASSERT_TRUE(hanging.wait_until_asked());
    const auto published = publications.wait_for(
        [](const Overview& overview) { return overview.machine_counts.well == 1; });
    EXPECT_EQ(published->overview.machines.at(0).presence, Presence::pending);
    EXPECT_EQ(published->overview.verdict, VerdictState::unknown);
  }
  // Neither did the end wait for the 15 seconds that the question may take.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
}

TEST(Poller, CallsADaemonSilentThatExceedsItsTime) {
  core::ManualClock clock(samples::now());
  HangingDaemon hanging;
  Publications publications;
  const Poller poller({{DaemonKind::collectord, "dead", hanging.address()}}, {}, {10s, 100ms},
                      clock, publications.listener());
  const auto published = publications.wait_for(is_silent);
  EXPECT_THAT(published->overview.machines.at(0).error, HasSubstr(hanging.address()));
}

TEST(Poller, KeepsTheLastAnswerOfADaemonThatStops) {
  core::ManualClock clock(samples::now());
  auto daemon = samples::serve(samples::collectord);
  Publications publications;
  const Poller poller({{DaemonKind::collectord, "web-1", daemon->address()}}, {}, {}, clock,
                      publications.listener());
  publications.wait_for(is_well);
  daemon.reset();
  while (poller.latest()->overview.verdict == VerdictState::well) clock.advance(10s);
  const auto published = publications.wait_for(is_silent);
  ASSERT_TRUE(published->overview.machines.at(0).status);
  EXPECT_EQ(published->overview.machines[0].status->cpus, 2);
  EXPECT_GT(clock.now() - *published->overview.machines[0].silent_since, 30s);
}

// Every way in which what listens there may not be the daemon that is meant.
struct WrongAnswer {
  std::string name, body;
  int status;
  std::string expected;
};

class AskDaemon : public testing::TestWithParam<WrongAnswer> {};

TEST_P(AskDaemon, SaysWhatIsWrong) {
  core::ManualClock clock(samples::now());
  const auto daemon = samples::serve(GetParam().body, GetParam().status);
  DaemonReport report = samples::answered_collectord();
  report.address.url = daemon->address();
  core::HttpClient client;
  ask_daemon(report, client, secret(), 15s, clock, {});
  EXPECT_THAT(report.error, HasSubstr(GetParam().expected));
  EXPECT_THAT(report.error, HasSubstr(daemon->address()));
  EXPECT_THAT(report.error, testing::Not(HasSubstr(token)));
  // What it said before stays.
  EXPECT_TRUE(std::holds_alternative<CollectordAnswer>(report.answer));
}

INSTANTIATE_TEST_SUITE_P(
    Answers, AskDaemon,
    testing::Values(WrongAnswer{"Html", "<html>\n<body>It works!</body></html>", 200,
                                "not JSON: begins with \"<html>\""},
                    WrongAnswer{"Empty", "", 200, "not JSON: an empty answer"},
                    WrongAnswer{"Truncated", R"({"machine": "web-1", )", 200, "not JSON"},
                    WrongAnswer{"OtherJson", R"({"jobs": []})", 200, "machine: is missing"},
                    WrongAnswer{"Huge", "{\"machine\": \"" + std::string(2U << 20U, 'x') + "\"}",
                                200, "longer than 1048576 bytes"},
                    WrongAnswer{"Deep", std::string(500000, '['), 200, "not JSON"},
                    WrongAnswer{"Refused", "{}", 401,
                                "does not accept the token of [webd] token_file"},
                    WrongAnswer{"Elsewhere", "", 404, "something else than the expected daemon"},
                    WrongAnswer{"NotReady", R"({"error": "the ledger was not read yet"})", 503,
                                "answered 503: the ledger was not read yet"},
                    WrongAnswer{"Redirected", "", 302, "answered 302"},
                    WrongAnswer{"Broken", "oh no", 500, "answered 500"}),
    [](const auto& each) { return each.param.name; });

TEST(AskDaemon, DoesNotShowTheTokenToPrometheus) {
  core::ManualClock clock(samples::now());
  std::atomic<bool> seen = false;
  const auto prometheus = samples::serve([&](const core::HttpRequest& request) {
    seen = request.header("authorization").has_value();
    core::HttpResponse response;
    response.status = request.path == "/-/ready" ? 200 : 404;
    return response;
  });
  DaemonReport report{{DaemonKind::prometheus, "", prometheus->address()}, {}, {}, {}, {}};
  core::HttpClient client;
  ask_daemon(report, client, secret(), 15s, clock, {});
  EXPECT_EQ(report.error, "");
  EXPECT_FALSE(seen);
}

TEST(GatherOnce, ReturnsWhenTheSlowestWasGivenUp) {
  core::ManualClock clock(samples::now());
  HangingDaemon hanging;
  const auto answering = samples::serve(samples::collectord);
  const auto begin = std::chrono::steady_clock::now();
  const auto reports = gather_once({{DaemonKind::collectord, "dead", hanging.address()},
                                    {DaemonKind::collectord, "web-1", answering->address()}},
                                   {}, 300ms, clock, {});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  EXPECT_NE(reports.at(0).error, "");
  EXPECT_EQ(reports.at(1).error, "");
}

TEST(GatherOnce, StopsWhenAsked) {
  core::ManualClock clock(samples::now());
  HangingDaemon hanging;
  std::stop_source stop;
  std::jthread stopper([&] {
    hanging.wait_until_asked();
    stop.request_stop();
  });
  EXPECT_THROW(gather_once({{DaemonKind::collectord, "dead", hanging.address()}}, {}, 15s, clock,
                           stop.get_token()),
               core::Cancelled);
}

} // namespace
} // namespace intendance::web
