// SPDX-License-Identifier: AGPL-3.0-or-later
// Reads the ledger in the background, so that no request ever waits for the database.
#pragma once

#include "billing/forecast/ledger_input.hpp"
#include "billing/ledger/budget.hpp"
#include "billing/ledger/chain.hpp"
#include "billing/ledger/entries.hpp"
#include "billing/ledger/work.hpp"
#include "core/clock.hpp"
#include "core/synchronized.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace intendance::billing {

struct FundView {
  Balance balance; // of the fiscal year that runs
  std::vector<WorkShare> work;
  std::optional<Forecast> forecast;
  std::string forecast_failure; // why there is none
};

// What the ledger said at one moment.
struct LedgerView {
  core::TimePoint read_at;
  std::vector<FundView> funds;
  LedgerHead head;
  // The first month that is not closed; absent before anything was recorded.
  std::optional<Month> open_month;
};

// Throws as the queries do.
LedgerView read_ledger(core::Postgres& database, core::TimePoint now, Date today);

// Connects, migrates, and reads every `period` until destroyed. A database that is away is logged
// once and tried again every few seconds; the last view stays. Any thread may ask for status().
// The head of the ledger goes into `head_file` when it changes, as "HASH TIME ENTRIES FACTS": a
// copy outside the database, which backups keep, for `intendance ledger verify --head`.
class Refresher {
public:
  struct Status {
    std::shared_ptr<const LedgerView> view; // null before the first success
    bool up = false;                        // the last attempt succeeded
  };

  Refresher(std::string database, std::chrono::seconds period, core::Clock& clock,
            std::filesystem::path head_file);
  Refresher(const Refresher&) = delete;
  Refresher& operator=(const Refresher&) = delete;
  Status status() const { return status_.copy(); }

private:
  void run(const std::stop_token& stop);
  void refresh(std::unique_ptr<core::Postgres>& connection);
  void keep_head(const LedgerView& view);

  const std::string database_;
  const std::chrono::seconds period_;
  core::Clock& clock_;
  const std::filesystem::path head_file_;
  std::string kept_head_;         // what that file was seen to hold, in hexadecimal
  std::string kept_head_failure_; // what the log says already
  std::string last_forecast_failure_;
  core::Synchronized<Status> status_;
  std::jthread thread_; // last: stops and joins before what it uses goes away
};

} // namespace intendance::billing
