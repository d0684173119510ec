// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "core/exposition.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <random>

namespace intendance::core {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily gauge(const std::string& name, double value,
                   std::vector<ClientMetric::Label> labels = {}) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  return {name, "help of " + name, MetricType::Gauge, {metric}};
}

MetricFamily counter(const std::string& name, double value) {
  ClientMetric metric;
  metric.counter.value = value;
  return {name, "help of " + name, MetricType::Counter, {metric}};
}

std::vector<MetricFamily> one_of_each() {
  ClientMetric untyped, summary, histogram;
  untyped.untyped.value = 0.1;
  untyped.timestamp_ms = 1795448039123;
  summary.label = {{"job", "a"}};
  summary.summary = {3, 1.5, {{0.5, 0.25}, {1, 1}}};
  histogram.histogram = {4, 10.5, {{1, 0.1}, {3, 1}, {4, std::numeric_limits<double>::infinity()}}};
  return {counter("jobs_total", 7),
          counter("odd_counter", 8),
          gauge("temperature", -1.5, {{"room", "attic"}, {"side", "north"}}),
          gauge("build_info", 1, {{"version", "0.1.0"}}),
          {"latency", "", MetricType::Histogram, {histogram}},
          {"duration", "Of a job.", MetricType::Summary, {summary}},
          {"anything", "Unknown.", MetricType::Untyped, {untyped}},
          {"nothing", "Has no samples.", MetricType::Gauge, {}}};
}

TEST(Exposition, WritesEveryTypeAsText) {
  EXPECT_EQ(serialize(one_of_each(), ExpositionFormat::text),
            R"(# HELP jobs_total help of jobs_total
# TYPE jobs_total counter
jobs_total 7
# HELP odd_counter help of odd_counter
# TYPE odd_counter counter
odd_counter 8
# HELP temperature help of temperature
# TYPE temperature gauge
temperature{room="attic",side="north"} -1.5
# HELP build_info help of build_info
# TYPE build_info gauge
build_info{version="0.1.0"} 1
# TYPE latency histogram
latency_bucket{le="0.1"} 1
latency_bucket{le="1"} 3
latency_bucket{le="+Inf"} 4
latency_sum 10.5
latency_count 4
# HELP duration Of a job.
# TYPE duration summary
duration{job="a",quantile="0.5"} 0.25
duration{job="a",quantile="1"} 1
duration_sum{job="a"} 1.5
duration_count{job="a"} 3
# HELP anything Unknown.
# TYPE anything untyped
anything 0.1 1795448039123
)");
}

TEST(Exposition, WritesEveryTypeAsOpenMetrics) {
  EXPECT_EQ(serialize(one_of_each(), ExpositionFormat::openmetrics),
            R"(# HELP jobs help of jobs_total
# TYPE jobs counter
jobs_total 7
# HELP odd_counter help of odd_counter
# TYPE odd_counter unknown
odd_counter 8
# HELP temperature help of temperature
# TYPE temperature gauge
temperature{room="attic",side="north"} -1.5
# HELP build help of build_info
# TYPE build info
build_info{version="0.1.0"} 1
# TYPE latency histogram
latency_bucket{le="0.1"} 1
latency_bucket{le="1.0"} 3
latency_bucket{le="+Inf"} 4
latency_sum 10.5
latency_count 4
# HELP duration Of a job.
# TYPE duration summary
duration{job="a",quantile="0.5"} 0.25
duration{job="a",quantile="1.0"} 1
duration_sum{job="a"} 1.5
duration_count{job="a"} 3
# HELP anything Unknown.
# TYPE anything unknown
anything 0.1 1795448039.123
# EOF
)");
}

TEST(Exposition, ClosesAHistogramThatHasNoLastBucket) {
  ClientMetric metric;
  metric.histogram = {5, 1, {{2, 0.5}}};
  const auto page =
      serialize({{"open", "", MetricType::Histogram, {metric}}}, ExpositionFormat::text);
  EXPECT_NE(page.find("open_bucket{le=\"0.5\"} 2\nopen_bucket{le=\"+Inf\"} 5\n"), std::string::npos)
      << page;
}

TEST(Exposition, AnInfoThatIsNotOneStaysAGauge) {
  const auto page = serialize({gauge("odd_info", 2)}, ExpositionFormat::openmetrics);
  EXPECT_NE(page.find("# TYPE odd_info gauge\n"), std::string::npos) << page;
}

TEST(Exposition, SpellsWhatIsNotFinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  const auto page = serialize(
      {gauge("a", infinity), gauge("b", -infinity), gauge("c", std::nan("")), gauge("d", -0.0)},
      ExpositionFormat::text);
  for (const char* line : {"\na +Inf\n", "\nb -Inf\n", "\nc NaN\n", "\nd -0\n"})
    EXPECT_NE(page.find(line), std::string::npos) << line << page;
}

TEST(Exposition, EscapesHelpAndLabels) {
  auto family = gauge("m", 1, {{"l", "a\\b\"c\nd"}});
  family.help = "a\\b\"c\nd";
  EXPECT_EQ(serialize({family}, ExpositionFormat::text),
            "# HELP m a\\\\b\"c\\nd\n# TYPE m gauge\nm{l=\"a\\\\b\\\"c\\nd\"} 1\n");
  EXPECT_EQ(serialize({family}, ExpositionFormat::openmetrics),
            "# HELP m a\\\\b\\\"c\\nd\n# TYPE m gauge\nm{l=\"a\\\\b\\\"c\\nd\"} 1\n# EOF\n");
}

TEST(Exposition, ReplacesBytesThatAreNotUtf8) {
  const std::string replaced = "\xEF\xBF\xBD";
  const std::pair<std::string, std::string> cases[] = {
      {"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x8F\xA0", "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x8F\xA0"},
      {"a\xFFz", "a" + replaced + "z"},
      {"cut \xC3", "cut " + replaced},
      {"overlong \xC0\xAF", "overlong " + replaced + replaced},
      {"surrogate \xED\xA0\x80", "surrogate " + replaced + replaced + replaced},
      {"too high \xF4\x90\x80\x80", "too high " + replaced + replaced + replaced + replaced}};
  for (const auto& [bytes, shown] : cases)
    EXPECT_NE(serialize({gauge("m", 1, {{"l", bytes}})}, ExpositionFormat::text)
                  .find("m{l=\"" + shown + "\"} 1\n"),
              std::string::npos)
        << shown;
}

// --- a reader of its own, to hold the writer to what a scraper would understand
// --------------------

struct Sample {
  std::string name;
  std::map<std::string, std::string> labels;
  std::string value;
};

Sample read_sample(const std::string& line) {
  Sample sample;
  std::size_t at = line.find_first_of("{ ");
  sample.name = line.substr(0, at);
  if (line[at] == '{') {
    while (line[at] != '}') {
      const auto equals = line.find('=', at + 1);
      const auto name = line.substr(at + 1, equals - at - 1);
      std::string value;
      for (at = equals + 2; line.at(at) != '"'; ++at) {
        if (line[at] != '\\') {
          value += line[at];
          continue;
        }
        ++at;
        value += line.at(at) == 'n' ? '\n' : line[at];
      }
      ++at; // the closing quote; a comma or the closing brace is next
      sample.labels[name] = value;
    }
    ++at;
  }
  sample.value = line.substr(at + 1);
  return sample;
}

std::vector<Sample> read_page(const std::string& page) {
  std::vector<Sample> samples;
  for (std::size_t at = 0; at < page.size();) {
    const auto end = page.find('\n', at);
    if (page[at] != '#') samples.push_back(read_sample(page.substr(at, end - at)));
    at = end + 1;
  }
  return samples;
}

std::string random_text(std::mt19937_64& random) {
  static const char* const pieces[] = {"a",
                                       "Z",
                                       "\\",
                                       "\"",
                                       "\n",
                                       "{",
                                       "}",
                                       ",",
                                       "=",
                                       " ",
                                       "#",
                                       "\xC3\xA9",
                                       "0",
                                       "\\n",
                                       "\t",
                                       "é",
                                       "/",
                                       "_",
                                       "\xF0\x9F\x8F\xA0"};
  std::string text;
  for (std::size_t length = random() % 12; length > 0; --length)
    text += pieces[random() % std::size(pieces)];
  return text;
}

void expect_read_back(unsigned seed, ExpositionFormat format) {
  std::mt19937_64 random(seed);
  MetricFamily family{"m", "", MetricType::Gauge, {}};
  for (int i = 0; i < 50000; ++i) {
    ClientMetric metric;
    metric.gauge.value = std::bit_cast<double>(random());
    metric.label = {{"a", random_text(random)}, {"b", random_text(random)}};
    family.metric.push_back(metric);
  }
  family.help = "line\nbreak";
  const auto samples = read_page(serialize({family}, format));
  ASSERT_EQ(samples.size(), family.metric.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto& wanted = family.metric[i];
    ASSERT_EQ(samples[i].labels.at("a"), wanted.label[0].value);
    ASSERT_EQ(samples[i].labels.at("b"), wanted.label[1].value);
    const double read = std::strtod(samples[i].value.c_str(), nullptr);
    if (std::isnan(wanted.gauge.value))
      ASSERT_TRUE(std::isnan(read));
    else
      ASSERT_EQ(std::bit_cast<std::uint64_t>(read),
                std::bit_cast<std::uint64_t>(wanted.gauge.value))
          << samples[i].value;
  }
}

TEST(Exposition, ReadsBackRandomDoublesAndTexts) {
  expect_read_back(20261123, ExpositionFormat::text);
  expect_read_back(20261123, ExpositionFormat::openmetrics);
}

// Ten million of each: for a quiet hour, --gtest_also_run_disabled_tests.
TEST(Exposition, DISABLED_ReadsBackTenMillionDoublesAndTexts) {
  for (unsigned seed = 0; seed < 200 && !HasFailure(); ++seed)
    expect_read_back(seed, seed % 2 == 0 ? ExpositionFormat::text : ExpositionFormat::openmetrics);
}

TEST(NegotiateFormat, GivesTextUnlessOpenMetricsIsWantedAtLeastAsMuch) {
  EXPECT_EQ(negotiate_format(std::nullopt), ExpositionFormat::text);
  for (const char* accept :
       {"", "*/*", "text/plain", "text/html", "application/json",
        "application/openmetrics-text;q=0.1, text/plain", "application/openmetrics-text;q=0",
        "application/openmetrics-text;version=2.0.0", "application/openmetrics-text;q=x",
        "application/openmetrics-text;q=0.5,*/*;q=0.6", "application/vnd.google.protobuf"})
    EXPECT_EQ(negotiate_format(accept), ExpositionFormat::text) << accept;
  for (const char* accept :
       {"application/openmetrics-text", "application/openmetrics-text; version=1.0.0",
        "application/openmetrics-text; version=\"1.0.0\"; charset=utf-8",
        "text/plain;q=0.5, application/openmetrics-text;version=0.0.1;q=0.5",
        // what Prometheus 2.42 sends
        "application/openmetrics-text;version=1.0.0,application/"
        "openmetrics-text;version=0.0.1;q=0.75,"
        "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        // the exact range counts, not the widest
        "application/openmetrics-text;q=0.4, text/plain;q=0.3, */*;q=0.9"})
    EXPECT_EQ(negotiate_format(accept), ExpositionFormat::openmetrics) << accept;
}

// --- families of several collectables
// --------------------------------------------------------------

TEST(FamilySet, JoinsFamiliesOfOneNameAndSortsThem) {
  FamilySet set;
  set.add({gauge("b", 1, {{"from", "x"}}), gauge("c", 2)});
  set.add({gauge("b", 3, {{"from", "y"}}), gauge("a", 4)});
  const auto families = set.take();
  ASSERT_EQ(families.size(), 3u);
  EXPECT_EQ(families[0].name, "a");
  ASSERT_EQ(families[1].metric.size(), 2u);
  EXPECT_EQ(families[1].metric[1].gauge.value, 3);
  EXPECT_TRUE(set.take().empty());
}

TEST(FamilySet, RefusesAnotherTypeAndKeepsWhatItHad) {
  FamilySet set;
  set.add({gauge("a", 1)});
  EXPECT_THROW(set.add({gauge("fresh", 1), counter("a", 2)}), Error);
  EXPECT_THROW(set.add({gauge("twice", 1), counter("twice", 2)}), Error);
  const auto families = set.take();
  ASSERT_EQ(families.size(), 1u);
  EXPECT_EQ(families[0].name, "a");
}

TEST(FamilySet, RefusesNamesThatNoScraperReads) {
  FamilySet set;
  for (const char* name : {"", "1st", "a-b", "a b", "é"})
    EXPECT_THROW(set.add({gauge(name, 1)}), Error) << name;
  for (const char* label : {"", "1st", "a:b", "a-b"})
    EXPECT_THROW(set.add({gauge("ok", 1, {{label, "v"}})}), Error) << label;
  set.add({gauge("a:b_C9", 1, {{"_ok9", "v"}})});
  EXPECT_EQ(set.take().size(), 1u);
}

} // namespace
} // namespace intendance::core
