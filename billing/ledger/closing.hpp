// SPDX-License-Identifier: AGPL-3.0-or-later
// Months that are closed, the files of their reports, and who signed.
#pragma once

#include "billing/dates.hpp"
#include "core/postgres.hpp"

#include <optional>
#include <string>
#include <vector>

namespace intendance::billing {

struct KeptReport {
  std::string fund;
  std::string language; // "fr", "en"
  std::string format;   // "pdf"
  std::string sha256;   // of the document
  std::int64_t bytes = 0;
};

enum class SignOffStep { prepared, approved };
std::string_view step_name(SignOffStep step); // "prepared", "approved"

struct SignOff {
  std::string fund;
  std::string step;
  std::string signed_by; // the login
  std::string signed_at; // UTC, ISO 8601
  std::string comment;
};

struct ClosedMonth {
  Month month;
  std::int64_t entries = 0; // in the ledger when it closed, and its head
  std::string head;
  std::string closed_by;
  std::string closed_at;
  std::vector<KeptReport> reports;
  std::vector<SignOff> signatures;
};

// By month, the newest last.
std::vector<ClosedMonth> list_closed_months(core::Postgres& database);

// The first day that can still be posted to; absent before any month was closed.
std::optional<Date> first_open_day(core::Postgres& database);

// Nothing is posted to the month or an earlier one any more. Whoever closes keeps its reports
// (keep_report) in the same transaction.
void close_month(core::Postgres& database, Month month);
void keep_report(core::Postgres& database, Month month, const KeptReport& report);

// The bytes of a closed month's report; absent when the month is open or has no such file.
std::optional<std::string> kept_report(core::Postgres& database, Month month,
                                       const std::string& fund, const std::string& language,
                                       const std::string& format);

// As the login of this connection.
void sign_off(core::Postgres& database, Month month, const std::string& fund, SignOffStep step,
              const std::string& comment);

} // namespace intendance::billing
