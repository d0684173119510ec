// SPDX-License-Identifier: AGPL-3.0-or-later
// The month's report by mail: which one is due, and what the mail says.
#pragma once

#include "billing/dates.hpp"
#include "billing/report/model.hpp"
#include "core/clock.hpp"
#include "core/command.hpp"
#include "core/smtp_client.hpp"

#include <set>
#include <string>
#include <vector>

namespace intendance::billing {

// [billingd.mail]
struct MailSettings {
  core::SmtpServer server;
  std::string from;
  std::vector<std::string> to;
  core::Schedule on = core::Schedule::parse("monthly 5 08:00"); // of the month after the report's
  core::Language language = core::Language::french;
  std::vector<std::string> formats = {"pdf"}; // what is attached
};

// One fund's report of one month, as it was when the month was open or closed: a provisional one is
// followed by another when the month closes.
struct MailedReport {
  Month month;
  std::string fund;
  ReportStatus status = ReportStatus::provisional;
  std::string key() const; // "2026-10 closed F-1234"
};

// What was mailed before, and the first month of all to be mailed.
struct MailMemory {
  Month since;
  std::set<std::string> sent; // keys
};

// The first month whose report would be mailed if this were the first day.
Month first_mailed_month(const core::Schedule& on, core::TimePoint now, const core::TimeZone& zone);

// Those whose time has come and that were not sent, oldest first; nothing older than three months.
// `first_open` is the first day that can still be posted to.
std::vector<MailedReport> due_reports(const core::Schedule& on, const std::vector<Fund>& funds,
                                      std::optional<Date> first_open, const MailMemory& memory,
                                      core::TimePoint now, const core::TimeZone& zone);

// Without attachments: the figures that matter, what is attached by name and SHA-256, and the head
// of the ledger.
core::Mail compose_report_mail(const MailSettings& settings, const MailedReport& mailed,
                               const MonthlyReport& report,
                               std::vector<core::MailAttachment> attachments, core::TimePoint now);

} // namespace intendance::billing
