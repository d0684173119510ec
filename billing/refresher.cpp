// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/refresher.hpp"

#include "billing/ledger/closing.hpp"
#include "billing/ledger/parameters.hpp"
#include "billing/ledger/session.hpp"
#include "billing/schema/migrations.hpp"
#include "core/calendar.hpp"
#include "core/file.hpp"
#include "core/log.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace intendance::billing {
namespace {

using core::Postgres;

constexpr std::chrono::seconds retry_period{5};

std::unique_ptr<Postgres> connect(const std::string& address) {
  auto database = std::make_unique<Postgres>(address);
  // Another program that migrates, or one that hangs with a lock, is waited for in moderation.
  database->query("SET lock_timeout = '10s'");
  for (const auto& name : migrate(*database)) {
    core::log::info("applied a migration to the ledger", {{"migration", name}});
  }
  narrow_rights(*database);
  database->query("SET statement_timeout = '30s'");
  return database;
}

// What the ledger holds may be more than can be forecast; the rest is shown all the same.
FundView view_of(Postgres& database, Balance&& balance) {
  FundView fund;
  fund.work = work_by_service(database, balance.fund.name, balance.year.days);
  const auto input = read_forecast_input(database, balance);
  try {
    fund.forecast = forecast_year(input);
  } catch (const core::Error& error) {
    fund.forecast_failure = balance.fund.name + ": " + error.what();
  }
  fund.balance = std::move(balance);
  return fund;
}

std::optional<Month> first_open_month(Postgres& database) {
  auto day = first_open_day(database);
  if (!day) {
    const auto first = database.query("SELECT min(posted_on) AS day FROM ledger.entry");
    day = optional_date(first.only(), "day");
  }
  return day ? std::optional(month_of(*day)) : std::nullopt;
}

} // namespace

LedgerView read_ledger(Postgres& database, core::TimePoint now, Date today) {
  core::Transaction transaction(database);
  database.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
  LedgerView view;
  view.read_at = now;
  view.head = ledger_head(database);
  view.open_month = first_open_month(database);
  for (auto& balance : current_balances(database, today))
    view.funds.push_back(view_of(database, std::move(balance)));
  transaction.commit();
  return view;
}

Refresher::Refresher(std::string database, std::chrono::seconds period, core::Clock& clock,
                     std::filesystem::path head_file)
    : database_(std::move(database)), period_(period), clock_(clock),
      head_file_(std::move(head_file)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Refresher::refresh(std::unique_ptr<Postgres>& connection) {
  if (!connection) connection = connect(database_);
  const auto now = clock_.now();
  auto view = std::make_shared<const LedgerView>(
      read_ledger(*connection, now, core::TimeZone::local().date(now)));
  keep_head(*view);
  std::string forecast_failure;
  for (const auto& fund : view->funds) {
    if (!fund.forecast_failure.empty()) forecast_failure = fund.forecast_failure;
  }
  if (!forecast_failure.empty() && forecast_failure != last_forecast_failure_)
    core::log::warning("a fund's year cannot be forecast, showing the rest",
                       {{"fund", forecast_failure}});
  last_forecast_failure_ = std::move(forecast_failure);
  status_.set({std::move(view), true});
}

// A disk that is full must not keep anybody from the figures.
void Refresher::keep_head(const LedgerView& view) {
  if (view.head.hash == kept_head_) return;
  try {
    core::write_file_atomically(head_file_, fmt::format("{} {} {} {}\n", view.head.hash,
                                                        core::format_utc(view.read_at),
                                                        view.head.entries, view.head.facts));
    kept_head_ = view.head.hash;
  } catch (const core::Error& error) {
    if (kept_head_failure_ != error.what())
      core::log::warning("the head of the ledger cannot be kept outside of it",
                         {{"error", error.what()}});
    kept_head_failure_ = error.what();
  }
}

// The boundary of one billing run: whatever it throws is logged, and the next one is another try.
void Refresher::run(const std::stop_token& stop) {
  std::unique_ptr<Postgres> connection;
  std::string last_failure;
  while (!stop.stop_requested()) {
    auto pause = period_;
    try {
      refresh(connection);
      if (!last_failure.empty()) core::log::info("the ledger can be read again");
      last_failure.clear();
    } catch (const std::exception& error) {
      connection.reset();
      status_.with([](Status& status) { status.up = false; });
      if (error.what() != last_failure) {
        core::log::error("the ledger cannot be read, trying again every few seconds",
                         {{"error", error.what()}});
        last_failure = error.what();
      }
      pause = std::min(period_, retry_period);
    }
    clock_.sleep_until(clock_.now() + pause, stop);
  }
}

} // namespace intendance::billing
