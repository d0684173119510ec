// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/refresher.hpp"

#include "billing/ledger/session.hpp"
#include "billing/schema/migrations.hpp"
#include "core/calendar.hpp"
#include "core/log.hpp"

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

} // namespace

LedgerView read_ledger(Postgres& database, core::TimePoint now, Date today) {
  core::Transaction transaction(database);
  database.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
  LedgerView view;
  view.read_at = now;
  view.head = ledger_head(database);
  for (auto& balance : current_balances(database, today)) {
    auto work = work_by_service(database, balance.fund.name, balance.year.days);
    auto forecast = forecast_fund(database, balance).forecast;
    view.funds.push_back({std::move(balance), std::move(work), std::move(forecast)});
  }
  transaction.commit();
  return view;
}

Refresher::Refresher(std::string database, std::chrono::seconds period, core::Clock& clock)
    : database_(std::move(database)), period_(period), clock_(clock),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Refresher::refresh(std::unique_ptr<Postgres>& connection) {
  if (!connection) connection = connect(database_);
  const auto now = clock_.now();
  auto view = std::make_shared<const LedgerView>(
      read_ledger(*connection, now, core::TimeZone::local().date(now)));
  status_.set({std::move(view), true});
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
