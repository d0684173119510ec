// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/reader.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>

namespace intendance::collectors {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<ReaderConfig> configured(const std::string& text) {
  return read_readers(core::ConfigDocument::parse(text, "/etc/test.toml"));
}

std::string refusal(const std::string& text) {
  try {
    configured(text);
  } catch (const core::ConfigError& error) {
    return error.what();
  }
  return "(no error)";
}

// What a test wants a service to answer.
ReaderConfig reader_of(const std::string& service, const std::string& kind,
                       std::function<Families()> answer) {
  class Given : public Reader {
  public:
    explicit Given(std::function<Families()> answer) : answer_(std::move(answer)) {}
    Families read() override { return answer_(); }

  private:
    std::function<Families()> answer_;
  };
  return {service, kind, [answer] { return std::make_unique<Given>(answer); }};
}

Families one_gauge(const std::string& name, double value, Labels labels = {}) {
  auto family = gauge_family(name, "help");
  add_sample(family, value, std::move(labels));
  return {std::move(family)};
}

std::string page_of(const core::MetricsPage& page) {
  core::HttpRequest request;
  request.method = "GET";
  request.headers = {{"x-prometheus-scrape-timeout-seconds", "2"}};
  return page.answer(request).body;
}

TEST(Readers, SayWhatIsWrongAndWhatIsAllowed) {
  const std::string good = "[[reader]]\nservice = \"notes\"\nkind = \"prometheus\"\n"
                           "url = \"http://127.0.0.1:3000/metrics\"\nfamilies = [\"up\"]\n";
  EXPECT_EQ(configured(good).size(), 1u);
  EXPECT_THAT(refusal("[[reader]]\nkind = \"prometheus\"\n"), HasSubstr("service: is missing"));
  EXPECT_THAT(refusal("[[reader]]\nservice = \"\"\nkind = \"prometheus\"\n"),
              HasSubstr("is empty"));
  EXPECT_THAT(refusal("[[reader]]\nservice = \"a\"\nkind = \"oracle\"\n"),
              testing::AllOf(HasSubstr("/etc/test.toml:3:8: [[reader]] kind = \"oracle\""),
                             HasSubstr("\n  allowed: "), HasSubstr("prometheus")));
  EXPECT_THAT(refusal(good + "colour = \"red\"\n"), HasSubstr("is not a known key"));
  EXPECT_THAT(refusal(good + good), HasSubstr("has two readers of the kind prometheus"));
  std::string many;
  for (int i = 0; i < 65; ++i)
    many += "[[reader]]\nservice = \"s" + std::to_string(i) +
            "\"\nkind = \"prometheus\"\nurl = \"http://a/\"\nfamilies = [\"up\"]\n";
  EXPECT_THAT(refusal(many), HasSubstr("at most 64 readers"));
}

TEST(Readers, PageAddressesHoldNoSecrets) {
  const auto with = [](const std::string& keys) {
    return refusal("[[reader]]\nservice = \"a\"\nkind = \"prometheus\"\nfamilies = [\"up\"]\n" +
                   keys);
  };
  EXPECT_THAT(with(""), HasSubstr("url: is missing"));
  EXPECT_THAT(with("url = \"file:///etc/passwd\"\n"), HasSubstr("allowed: http://"));
  EXPECT_THAT(with("url = \"http://me:secret@a/\"\n"), HasSubstr("password_file"));
  const std::string url = "url = \"http://a/\"\n";
  EXPECT_EQ(with(url), "(no error)");
  EXPECT_EQ(with(url + "user = \"me\"\npassword_file = \"p\"\n"), "(no error)");
  EXPECT_THAT(with(url + "user = \"me\"\n"), HasSubstr("go together"));
  EXPECT_THAT(with(url + "password_file = \"p\"\n"), HasSubstr("go together"));
  EXPECT_THAT(with(url + "user = \"me\"\npassword_file = \"p\"\ntoken_file = \"t\"\n"),
              HasSubstr("one of them"));
}

TEST(Readers, EverySampleNamesItsServiceAndKeepsItsLabels) {
  auto families = one_gauge("a", 1, {{"service", "theirs"}, {"x", "1"}});
  add_sample(families[0], 2, {{"service", "theirs"}, {"exported_service", "elsewhere"}});
  add_sample(families[0], 3);
  label_service(families, "ours");
  EXPECT_EQ(
      sample(families, "a", {{"service", "ours"}, {"exported_service", "theirs"}, {"x", "1"}}), 1);
  EXPECT_EQ(sample(families, "a",
                   {{"service", "ours"},
                    {"exported_exported_service", "theirs"},
                    {"exported_service", "elsewhere"}}),
            2);
  EXPECT_EQ(sample(families, "a", {{"service", "ours"}}), 3);
}

TEST(Readers, OneThatFailsIsNamedAndItsLastValuesStay) {
  bool down = false;
  core::MetricsPage page;
  add_readers(page, {reader_of("notes", "prometheus",
                               [&] {
                                 if (down) throw core::Error("connection refused");
                                 return one_gauge("notes_total_seen", 7);
                               }),
                     reader_of("site", "prometheus", [] { return one_gauge("hits_seen", 1); })});
  auto body = page_of(page);
  EXPECT_THAT(body, HasSubstr("notes_total_seen{service=\"notes\"} 7\n"));
  EXPECT_THAT(body,
              HasSubstr("intendance_reader_success{service=\"notes\",kind=\"prometheus\"} 1\n"));
  EXPECT_THAT(body, Not(HasSubstr("intendance_reader_failure_info{")));

  down = true;
  body = page_of(page);
  EXPECT_THAT(body, HasSubstr("notes_total_seen{service=\"notes\"} 7\n"));
  EXPECT_THAT(body,
              HasSubstr("intendance_reader_success{service=\"notes\",kind=\"prometheus\"} 0\n"));
  EXPECT_THAT(body, HasSubstr("intendance_reader_failure_info{service=\"notes\","
                              "kind=\"prometheus\",reason=\"connection refused\"} 1\n"));
  EXPECT_THAT(body, HasSubstr("intendance_collector_values_age_seconds{collector="
                              "\"prometheus/notes\"}"));
  EXPECT_THAT(body, HasSubstr("node_scrape_collector_success{collector=\"prometheus/notes\"} 0\n"));
  EXPECT_THAT(body,
              HasSubstr("intendance_reader_success{service=\"site\",kind=\"prometheus\"} 1\n"));
}

TEST(Readers, AStuckOneHoldsNobodyUp) {
  std::latch leave(1);
  bool stuck = false;
  core::MetricsPage page;
  add_readers(page, {reader_of("db", "prometheus", [&] {
                if (stuck) leave.wait();
                return one_gauge("rows_seen", 3);
              })});
  page_of(page);
  stuck = true;
  std::string body;
  // Late is not stuck yet: a second goes by until it is.
  for (int i = 0; i < 12 && body.find("failure_info{") == std::string::npos; ++i) {
    const auto before = std::chrono::steady_clock::now();
    body = page_of(page);
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(450));
  }
  EXPECT_THAT(body, HasSubstr("rows_seen{service=\"db\"} 3\n"));
  EXPECT_THAT(body, HasSubstr("reason=\"has not come back\"} 1\n"));
  leave.count_down();
}

TEST(Readers, AFamilyThatDoesNotGoWithOursTakesNoOtherWithIt) {
  core::MetricsPage page;
  add_readers(page, {reader_of("a", "prometheus",
                               [] {
                                 auto families = one_gauge("fine_seen", 1);
                                 auto own = one_gauge("intendance_reader_success", 1);
                                 families.push_back(own.front());
                                 auto typed = counter_family("other_seen", "");
                                 add_sample(typed, 1);
                                 families.push_back(typed);
                                 return families;
                               }),
                     reader_of("b", "prometheus", [] { return one_gauge("other_seen", 1); })});
  const auto body = page_of(page);
  EXPECT_THAT(body, HasSubstr("fine_seen{service=\"a\"} 1\n"));
  EXPECT_THAT(body, HasSubstr("intendance_collector_refused_info{collector=\"prometheus/a\","
                              "source=\"intendance_reader_success\",reason="));
  EXPECT_THAT(body, HasSubstr("other_seen{service=\"a\"} 1\n"));
  EXPECT_THAT(body, HasSubstr("intendance_collector_refused_info{collector=\"prometheus/b\","
                              "source=\"other_seen\",reason="));
}

} // namespace
} // namespace intendance::collectors
