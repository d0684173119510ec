// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "core/exposition.hpp"
#include "core/gzip.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <array>
#include <condition_variable>
#include <functional>
#include <latch>
#include <mutex>
#include <thread>

namespace intendance::core {
namespace {

using namespace std::chrono_literals;
using prometheus::MetricFamily;
using prometheus::MetricType;
using testing::HasSubstr;
using testing::Not;

class Given : public prometheus::Collectable {
public:
  explicit Given(std::function<std::vector<MetricFamily>()> collect)
      : collect_(std::move(collect)) {}
  std::vector<MetricFamily> Collect() const override { return collect_(); }

private:
  std::function<std::vector<MetricFamily>()> collect_;
};

std::shared_ptr<Given> given(std::function<std::vector<MetricFamily>()> collect) {
  return std::make_shared<Given>(std::move(collect));
}

MetricFamily gauge(const std::string& name, double value) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  return {name, "help", MetricType::Gauge, {metric}};
}

std::shared_ptr<Given> steady(const std::string& name, double value) {
  return given([=] { return std::vector{gauge(name, value)}; });
}

HttpRequest scrape(std::map<std::string, std::string> headers = {},
                   std::multimap<std::string, std::string> query = {}) {
  HttpRequest request;
  request.method = "GET";
  request.path = "/metrics";
  request.headers = std::move(headers);
  request.query = std::move(query);
  return request;
}

std::string success_line(const std::string& collector, int value) {
  return "intendance_collector_success{collector=\"" + collector + "\"} " + std::to_string(value);
}

TEST(MetricsPage, ShowsARegistry) {
  const auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildCounter()
      .Name("jobs_total")
      .Help("Jobs.")
      .Register(*registry)
      .Add({})
      .Increment(3);
  MetricsPage page;
  page.add("backup", registry);
  const auto response = page.answer(scrape());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("# TYPE jobs_total counter\njobs_total 3\n"));
  EXPECT_THAT(response.body, HasSubstr(success_line("backup", 1)));
  EXPECT_THAT(response.body, Not(HasSubstr("node_")));
}

TEST(MetricsPage, AnswersOpenMetricsWhenAsked) {
  MetricsPage page;
  page.add("a", steady("a_value", 1));
  const auto response = page.answer(scrape({{"accept", "application/openmetrics-text"}}));
  EXPECT_EQ(response.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_TRUE(response.body.ends_with("# EOF\n"));
}

TEST(MetricsPage, CompressesWhenAsked) {
  MetricsPage page;
  page.add("a", steady("a_value", 1));
  const auto has_encoding = [](const HttpResponse& response) {
    for (const auto& [name, value] : response.headers)
      if (name == "Content-Encoding") return value == "gzip";
    return false;
  };
  const auto packed = page.answer(scrape({{"accept-encoding", "gzip"}}));
  EXPECT_TRUE(has_encoding(packed));
  EXPECT_THAT(gunzip(packed.body), HasSubstr("a_value 1\n"));
  const auto plain = page.answer(scrape({{"accept-encoding", "gzip;q=0"}}));
  EXPECT_FALSE(has_encoding(plain));
  EXPECT_THAT(plain.body, HasSubstr("a_value 1\n"));
}

TEST(MetricsPage, JoinsFamiliesOfTwoCollectables) {
  MetricsPage page;
  page.add("a", steady("shared", 1));
  page.add("b", given([] {
             auto family = gauge("shared", 2);
             family.metric[0].label = {{"from", "b"}};
             return std::vector{family};
           }));
  const auto body = page.answer(scrape()).body;
  EXPECT_THAT(body, HasSubstr("# TYPE shared gauge\nshared 1\nshared{from=\"b\"} 2\n"));
}

TEST(MetricsPage, OneThatThrowsIsReportedAndTheRestShown) {
  bool broken = true;
  MetricsPage page;
  page.add("flaky", given([&]() -> std::vector<MetricFamily> {
             if (broken) throw Error("no figures today");
             return {gauge("flaky_value", 5)};
           }));
  page.add("foreign", given([]() -> std::vector<MetricFamily> { throw 42; }));
  page.add("well", steady("well_value", 1));
  const auto body = page.answer(scrape()).body;
  EXPECT_THAT(body, HasSubstr(success_line("flaky", 0)));
  EXPECT_THAT(body, HasSubstr(success_line("foreign", 0)));
  EXPECT_THAT(body, HasSubstr("well_value 1\n"));
  broken = false;
  const auto later = page.answer(scrape()).body;
  EXPECT_THAT(later, HasSubstr("flaky_value 5\n"));
  EXPECT_THAT(later, HasSubstr(success_line("flaky", 1)));
}

TEST(MetricsPage, OneThatCannotBeShownIsReportedAndTheRestShown) {
  MetricsPage page;
  page.add("first", steady("name", 1));
  page.add("clash", given([] {
             auto family = gauge("name", 2);
             family.type = MetricType::Counter;
             return std::vector{family};
           }));
  page.add("bad name", steady("a-b", 1));
  const auto body = page.answer(scrape()).body;
  EXPECT_THAT(body, HasSubstr("# TYPE name gauge\nname 1\n"));
  EXPECT_THAT(body, HasSubstr(success_line("clash", 0)));
  EXPECT_THAT(body, HasSubstr(success_line("bad name", 0)));
}

TEST(MetricsPage, ShowsOnlyWhatIsAskedFor) {
  MetricsPage page;
  page.add("a", steady("a_value", 1));
  page.add("b", steady("b_value", 1));
  page.add("c", steady("c_value", 1));
  const auto body = page.answer(scrape({}, {{"collect[]", "a"}, {"collect[]", "c"}})).body;
  EXPECT_THAT(body, HasSubstr("a_value"));
  EXPECT_THAT(body, HasSubstr("c_value"));
  EXPECT_THAT(body, Not(HasSubstr("b_value")));
  EXPECT_THAT(body, Not(HasSubstr(success_line("b", 1))));
  const auto refused = page.answer(scrape({}, {{"collect[]", "nowhere"}}));
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("nowhere"));
}

TEST(MetricsPage, RefusesTwoCollectorsOfOneName) {
  MetricsPage page;
  page.add("a", steady("a_value", 1));
  EXPECT_THROW(page.add("a", steady("b_value", 1)), Error);
}

TEST(MetricsPage, UsesTheReportThatItIsGiven) {
  MetricsPage page;
  page.add("a", steady("a_value", 1));
  page.set_report([](const std::vector<Collection>& collections) {
    EXPECT_EQ(collections.at(0).name, "a");
    EXPECT_TRUE(collections.at(0).success);
    return std::vector{gauge("own_report", 1)};
  });
  const auto body = page.answer(scrape()).body;
  EXPECT_THAT(body, HasSubstr("own_report 1"));
  EXPECT_THAT(body, Not(HasSubstr("intendance_collector_success")));
}

TEST(MetricsPage, AReportThatFailsIsLeftOut) {
  MetricsPage page;
  page.add("a", steady("a_value", 1));
  page.set_report([](const auto&) -> std::vector<MetricFamily> { throw Error("no report"); });
  EXPECT_EQ(page.answer(scrape()).body, "# HELP a_value help\n# TYPE a_value gauge\na_value 1\n");
}

// A collector that gives its n-th value, and hangs from the second call until it is let go.
struct Hanging {
  std::shared_ptr<std::latch> gate = std::make_shared<std::latch>(1);
  std::shared_ptr<std::atomic<int>> calls = std::make_shared<std::atomic<int>>(0);

  std::shared_ptr<Given> collectable() const {
    return given([gate = gate, calls = calls] {
      const int call = ++*calls;
      if (call == 2) gate->wait();
      return std::vector{gauge("hanging_value", call)};
    });
  }
};

TEST(MetricsPage, AStuckOneShowsItsLastGoodValuesAndHoldsNobodyUp) {
  const Hanging hanging;
  MetricsPage page;
  page.add("stuck", hanging.collectable(), Isolation::own_thread);
  page.add("well", steady("well_value", 1));
  EXPECT_THAT(page.answer(scrape()).body, HasSubstr("hanging_value 1\n"));

  // Late: its values from before are shown at once, and may count for a second.
  const auto started = std::chrono::steady_clock::now();
  const auto late = page.answer(scrape()).body;
  const auto took = std::chrono::steady_clock::now() - started;
  EXPECT_GE(took, 200ms);
  EXPECT_LT(took, 5s); // far less than the scrape's deadline
  EXPECT_THAT(late, HasSubstr("hanging_value 1\n"));
  EXPECT_THAT(late, HasSubstr("well_value 1\n"));
  const auto limit = started + 20s;
  auto later = late;
  while (later.find(success_line("stuck", 0)) == std::string::npos) {
    ASSERT_LT(std::chrono::steady_clock::now(), limit);
    later = page.answer(scrape()).body;
  }
  EXPECT_GE(std::chrono::steady_clock::now() - started, 1s);
  EXPECT_THAT(later, HasSubstr("hanging_value 1\n"));

  // Known to be stuck: nobody waits for it again, and no second thread is spent on it.
  const auto again = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i)
    EXPECT_THAT(page.answer(scrape()).body, HasSubstr(success_line("stuck", 0)));
  EXPECT_LT(std::chrono::steady_clock::now() - again, 8s); // one wait alone would be longer
  EXPECT_EQ(*hanging.calls, 2);

  hanging.gate->count_down();
  std::string body;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < deadline) {
    body = page.answer(scrape()).body;
    if (body.find(success_line("stuck", 1)) != std::string::npos) break;
  }
  EXPECT_THAT(body, HasSubstr(success_line("stuck", 1)));
  EXPECT_THAT(body, Not(HasSubstr("hanging_value 1\n")));
}

TEST(MetricsPage, OneThatHasGivenNothingYetHasUntilTheDeadline) {
  const auto gate = std::make_shared<std::latch>(1);
  MetricsPage page;
  page.add("stuck", given([gate]() -> std::vector<MetricFamily> {
             gate->wait();
             return {};
           }),
           Isolation::own_thread);
  const auto started = std::chrono::steady_clock::now();
  const auto body = page.answer(scrape({{"x-prometheus-scrape-timeout-seconds", "1.7"}})).body;
  const auto took = std::chrono::steady_clock::now() - started;
  EXPECT_GE(took, 1100ms); // 1.7 s less the half second for the way back, not less
  EXPECT_LT(took, 5s);     // and far less than it would wait without the header
  EXPECT_THAT(body, HasSubstr(success_line("stuck", 0)));
  gate->count_down();
}

TEST(MetricsPage, ManyStuckOnesCostNoMoreThanOne) {
  const std::array<Hanging, 20> hanging;
  MetricsPage page;
  for (std::size_t i = 0; i < hanging.size(); ++i)
    page.add("stuck" + std::to_string(i), given([&, i] {
               auto families = hanging[i].collectable()->Collect();
               families[0].name += std::to_string(i);
               return families;
             }),
             Isolation::own_thread);
  page.answer(scrape());
  const auto started = std::chrono::steady_clock::now();
  const auto body = page.answer(scrape()).body;
  EXPECT_LT(std::chrono::steady_clock::now() - started, 3s); // twenty in turn would take four
  for (const char* value : {"hanging_value0 1\n", "hanging_value19 1\n"})
    EXPECT_THAT(body, HasSubstr(value));
  for (const auto& one : hanging) one.gate->count_down();
}

TEST(MetricsPage, SaysHowOldIsolatedValuesAre) {
  std::vector<Collection> seen;
  MetricsPage page;
  page.add("own", steady("own_value", 1), Isolation::own_thread);
  page.add("shared", steady("shared_value", 1));
  page.set_report([&](const std::vector<Collection>& collections) {
    seen = collections;
    return std::vector<MetricFamily>{};
  });
  page.answer(scrape());
  ASSERT_EQ(seen.size(), 2u);
  ASSERT_TRUE(seen[0].age.has_value());
  EXPECT_LT(seen[0].age->count(), 5);
  EXPECT_FALSE(seen[1].age.has_value());
}

TEST(MetricsPage, AnIsolatedOneThatThrowsIsReported) {
  MetricsPage page;
  page.add("own", given([]() -> std::vector<MetricFamily> { throw Error("broken"); }),
           Isolation::own_thread);
  EXPECT_THAT(page.answer(scrape()).body, HasSubstr(success_line("own", 0)));
}

TEST(MetricsPage, IsDestroyedWhileOneIsStuck) {
  const Hanging hanging;
  {
    MetricsPage page;
    page.add("stuck", hanging.collectable(), Isolation::own_thread);
    page.answer(scrape());
    page.answer(scrape({{"x-prometheus-scrape-timeout-seconds", "0.02"}}));
    while (*hanging.calls < 2) std::this_thread::yield(); // its thread may come late
  }
  hanging.gate->count_down(); // its thread still has all that it needs
  EXPECT_EQ(*hanging.calls, 2);
}

TEST(MetricsPage, ScrapesAtOnceDoNotWaitForEachOther) {
  std::mutex mutex;
  std::condition_variable both;
  int inside = 0;
  bool met = false;
  MetricsPage page;
  page.add("meeting", given([&] {
             std::unique_lock lock(mutex);
             ++inside;
             both.notify_all();
             // Passed only by two scrapes that are here at the same time.
             met = both.wait_for(lock, 20s, [&] { return inside >= 2; });
             return std::vector{gauge("met", met ? 1 : 0)};
           }));
  std::string first, second;
  {
    const std::jthread one([&] { first = page.answer(scrape()).body; });
    const std::jthread other([&] { second = page.answer(scrape()).body; });
  }
  EXPECT_THAT(first, HasSubstr("met 1\n"));
  EXPECT_THAT(second, HasSubstr("met 1\n"));
}

TEST(MetricsPage, IgnoresATimeoutThatMakesNoSense) {
  const auto slow = given([] { return std::vector{gauge("value", 1)}; });
  MetricsPage page;
  page.add("own", slow, Isolation::own_thread);
  for (const char* timeout : {"", "abc", "-1", "0", "nan", "inf", "1e300", "5s"})
    EXPECT_THAT(page.answer(scrape({{"x-prometheus-scrape-timeout-seconds", timeout}})).body,
                HasSubstr(success_line("own", 1)))
        << timeout;
}

TEST(MetricsPage, ForeignSourcesComeLastAndEachByItself) {
  MetricsPage page;
  page.add_foreign("files", [] {
    return std::vector<ForeignFamilies>{{"good", {gauge("fine", 1)}, ""},
                                        {"known", {gauge("other", 1), gauge("mine", 2)}, ""},
                                        {"unread", {}, "no permission"},
                                        {"named", {gauge("not a name", 1)}, ""},
                                        {"report", {gauge("intendance_collector_success", 1)}, ""}};
  });
  page.add("own", steady("mine", 1)); // added later, shown first
  std::vector<Collection> seen;
  page.set_report([&](const std::vector<Collection>& collections) {
    if (!collections.empty()) seen = collections;
    return std::vector{gauge("intendance_collector_success", 1)};
  });
  const auto body = page.answer(scrape()).body;
  EXPECT_THAT(body, HasSubstr("\nmine 1\n"));
  EXPECT_THAT(body, HasSubstr("\nfine 1\n"));
  EXPECT_THAT(body, Not(HasSubstr("\nother"))); // a source is whole or not there
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_TRUE(seen[0].success);
  std::map<std::string, std::string> reasons;
  for (const auto& refusal : seen[0].refusals) reasons[refusal.source] = refusal.reason;
  EXPECT_EQ(reasons.size(), 4u);
  EXPECT_THAT(reasons["known"], HasSubstr("mine is on this page already"));
  EXPECT_EQ(reasons["unread"], "no permission");
  EXPECT_THAT(reasons["named"], HasSubstr("not a metric's name"));
  EXPECT_THAT(reasons["report"], HasSubstr("this page's own"));
}

TEST(MetricsPage, WhatIsTooOldIsNotShown) {
  for (const auto longest : {0s, std::chrono::seconds::max()}) {
    bool fails = false;
    MetricsPage page;
    page.add_foreign(
        "files",
        [&] {
          if (fails) throw Error("gone");
          return std::vector<ForeignFamilies>{{"good", {gauge("fine", 1)}, ""}};
        },
        longest);
    std::vector<Collection> seen;
    page.set_report([&](const std::vector<Collection>& collections) {
      if (!collections.empty()) seen = collections;
      return std::vector<MetricFamily>{};
    });
    page.answer(scrape());
    fails = true;
    const auto body = page.answer(scrape()).body;
    EXPECT_EQ(body.find("fine 1\n") == std::string::npos, longest == 0s);
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_FALSE(seen[0].success);
    EXPECT_EQ(seen[0].error, "gone");
    EXPECT_TRUE(seen[0].age);
  }
}

TEST(MetricsPage, OneThatFailsSlowlyHoldsUpTheFirstScrapeAlone) {
  std::latch leave(1);
  bool slow = false;
  MetricsPage page;
  page.add_foreign("far", [&]() -> std::vector<ForeignFamilies> {
    if (slow) leave.wait();
    throw Error("no route to host");
  });
  std::string reason;
  page.set_report([&](const std::vector<Collection>& collections) {
    if (!collections.empty()) reason = collections.front().error;
    return std::vector<MetricFamily>{};
  });
  page.answer(scrape());
  EXPECT_EQ(reason, "no route to host");
  slow = true;
  const auto before = std::chrono::steady_clock::now();
  page.answer(scrape());
  EXPECT_LT(std::chrono::steady_clock::now() - before, 600ms); // 200, and what the machine takes
  EXPECT_EQ(reason, "no route to host");
  leave.count_down();
}

} // namespace
} // namespace intendance::core
