// SPDX-License-Identifier: AGPL-3.0-or-later
// The daemon itself, with a database that comes and goes.
#include "billing/ledger/budget.hpp"
#include "core/clock.hpp"
#include "core/file.hpp"
#include "core/http_client.hpp"
#include "tests/billing/ledger_fixture.hpp"
#include "tests/support/child_process.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <csignal>

namespace intendance::billing {
namespace {

using testing::HasSubstr;

class Billingd : public LedgerTest {
protected:
  Billingd() {
    core::write_file_atomically(folder_.path() / "token", "a-token-for-this-test\n", 0600);
    core::write_file_atomically(config_, "[billingd]\nlisten = \"127.0.0.1:0\"\n"
                                         "token_file = \"token\"\nrefresh = \"1s\"\n"
                                         "database = \"" +
                                             address_ + "\"\n");
  }
  void start() {
    daemon_ = std::make_unique<test::ChildProcess>(
        std::vector<std::string>{BILLINGD, "--config", config_.string(), "--state",
                                 folder_.path().string()},
        folder_.path() / "log");
    url_ = daemon_->wait_for("answering on ");
  }
  core::HttpReply get(const std::string& path, const std::string& token = "a-token-for-this-test") {
    core::HttpCall call;
    call.url = url_ + path;
    call.headers = {{"Authorization", "Bearer " + token}};
    return client_.send(call);
  }
  bool page_says(const std::string& text) {
    return test::eventually([&] { return get("/metrics").body.find(text) != std::string::npos; });
  }

  core::TemporaryDirectory folder_;
  std::filesystem::path config_ = folder_.path() / "intendance.toml";
  std::string url_;
  core::HttpClient client_;
  std::unique_ptr<test::ChildProcess> daemon_;
};

TEST_F(Billingd, ShowsTheBudgetToWhoeverHasTheToken) {
  add("2024-11-20", 90);
  start();
  ASSERT_TRUE(page_says("intendance_ledger_entries 1\n")) << daemon_->output();
  const auto reply = get("/api/v1/budget");
  EXPECT_EQ(reply.status, 200);
  const auto json = nlohmann::json::parse(reply.body);
  EXPECT_EQ(json["budgets"][0]["fund"], "F-1234");
  EXPECT_EQ(json["ledger"]["head"], ledger_head(database_).hash);
  EXPECT_EQ(get("/api/v1/budget", "wrong").status, 401);
  EXPECT_EQ(get("/metrics", "wrong").status, 401);
  EXPECT_EQ(get("/healthz", "wrong").status, 200);
  daemon_->send(SIGTERM);
  EXPECT_EQ(daemon_->wait(), 0) << daemon_->output();
}

TEST_F(Billingd, PassesThePrometheusLint) {
  // Every family shows: there is work, and a budget, in the fiscal year that runs.
  const auto today = core::TimeZone::local().date(core::system_clock().now());
  add_entry(database_, work(core::format_date(today), 90), today);
  const auto year = fiscal_year_of(today, 4).year;
  set_budget(database_, {"F-1234", year, Cents(2400000), ""});
  start();
  ASSERT_TRUE(page_says("intendance_work_seconds{")) << daemon_->output();
  EXPECT_TRUE(page_says("intendance_budget_available_dollars{"));
  EXPECT_TRUE(page_says("intendance_billing_forecast_dollars{"));
  core::write_file_atomically(folder_.path() / "page", get("/metrics").body);
  test::ChildProcess lint(
      {"/bin/sh", "-c", "exec promtool check metrics < \"$0\"", (folder_.path() / "page").string()},
      folder_.path() / "lint");
  EXPECT_EQ(lint.wait(), 0) << lint.output();
}

TEST_F(Billingd, KeepsServingWhileTheDatabaseIsAway) {
  add("2024-11-20", 90);
  start();
  ASSERT_TRUE(page_says("intendance_ledger_up 1\n")) << daemon_->output();
  cluster().stop();
  EXPECT_TRUE(page_says("intendance_ledger_up 0\n")) << daemon_->output();
  // The last figures stay, with their age.
  const auto page = get("/metrics").body;
  EXPECT_THAT(page, HasSubstr("intendance_ledger_entries 1\n"));
  EXPECT_THAT(page, HasSubstr("intendance_ledger_last_refresh_timestamp_seconds"));
  EXPECT_EQ(get("/api/v1/budget").status, 200);
  EXPECT_EQ(get("/healthz").status, 200);
  cluster().start();
  database_ = core::Postgres(address_);
  add("2024-11-21", 30);
  EXPECT_TRUE(page_says("intendance_ledger_entries 2\n")) << daemon_->output();
  EXPECT_TRUE(page_says("intendance_ledger_up 1\n"));
}

TEST_F(Billingd, StartsWithoutADatabaseAndMigratesWhenItComes) {
  const auto name = cluster().create_database();
  core::write_file_atomically(config_, "[billingd]\nlisten = \"127.0.0.1:0\"\n"
                                       "token_file = \"token\"\nrefresh = \"1s\"\n"
                                       "database = \"" +
                                           cluster().address(name) + "\"\n");
  cluster().stop();
  start();
  EXPECT_TRUE(page_says("intendance_ledger_up 0\n"));
  EXPECT_EQ(get("/api/v1/budget").status, 503);
  cluster().start();
  database_ = core::Postgres(address_);
  EXPECT_TRUE(page_says("intendance_ledger_up 1\n")) << daemon_->output();
  EXPECT_THAT(daemon_->output(), HasSubstr("0001_reference"));
}

TEST_F(Billingd, RefusesAConfigurationThatItDoesNotUnderstand) {
  core::write_file_atomically(config_, "[billingd]\nlisten = \"0.0.0.0:9712\"\n");
  test::ChildProcess daemon({BILLINGD, "--config", config_.string()}, folder_.path() / "log");
  EXPECT_EQ(daemon.wait(), 2);
  EXPECT_THAT(daemon.output(), HasSubstr("intendance.toml:2:"));
}

} // namespace
} // namespace intendance::billing
