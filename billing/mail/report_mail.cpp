// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/mail/report_mail.hpp"

#include "billing/report/words.hpp"
#include "core/crypto.hpp"
#include "core/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace intendance::billing {
namespace {

using core::Language;

constexpr std::chrono::months oldest_mailed{3};

// When the report of a month is due: the first time of the schedule after its last day.
core::TimePoint due_time(Month month, const core::Schedule& on, const core::TimeZone& zone) {
  const auto next = month + std::chrono::months(1);
  const auto end = zone.moment(next / std::chrono::day(1), std::chrono::seconds(0));
  return on.next(end - std::chrono::nanoseconds(1), zone);
}

std::string_view status_name(ReportStatus status) {
  return status == ReportStatus::closed ? "closed" : "provisional";
}

struct MailWords {
  const char* subject; // with a month, a fund and a status
  const char* closed;
  const char* provisional;
  const char* open_month; // with a month's code
  const char* attached;
  const char* ledger; // with a count of entries
  const char* keep;
};

const MailWords& mail_words(Language language) {
  static const MailWords french = {
      "Rapport mensuel, {}, fonds {} ({})",
      "clos",
      "provisoire",
      "Ce mois n'est pas encore clos : les montants peuvent changer. Un autre courriel suivra\n"
      "quand il le sera (« intendance month close {} »).",
      "Pièces jointes, avec leur SHA-256 :",
      "Tête du registre ({} écritures) :",
      "Gardez ce courriel : « intendance ledger verify --head » prouve avec cette empreinte que\n"
      "rien n'a été changé ni retiré depuis.",
  };
  static const MailWords english = {
      "Monthly report, {}, fund {} ({})",
      "closed",
      "provisional",
      "This month is not closed yet: amounts may change. Another mail follows when it is\n"
      "(intendance month close {}).",
      "Attached, with their SHA-256:",
      "Head of the ledger ({} entries):",
      "Keep this mail: with this hash, intendance ledger verify --head proves that nothing was\n"
      "changed or removed since.",
  };
  return language == Language::french ? french : english;
}

template <class... Arguments>
std::string filled(const char* text, const Arguments&... arguments) {
  return fmt::format(fmt::runtime(text), arguments...);
}

void add_amounts(std::string& text, const MonthlyReport& report, Language language) {
  const auto& words = report_words(language);
  const auto& balance = report.balance;
  const auto line = [&](const char* name, Cents amount) {
    text += fmt::format("{}{} {}\n", name, language == Language::french ? " :" : ":",
                        format_money(amount, language));
  };
  if (balance.budget) line(words.budget, *balance.budget);
  line(words.spent, balance.spent());
  if (const auto left = balance.available()) line(words.available, *left);
  text += fmt::format("({})\n\n", basis_words(words, balance.basis));
}

} // namespace

std::string MailedReport::key() const {
  return fmt::format("{} {} {}", month_code(month), status_name(status), fund);
}

Month first_mailed_month(const core::Schedule& on, core::TimePoint now,
                         const core::TimeZone& zone) {
  const auto running = month_of(zone.date(now));
  const auto before = running - std::chrono::months(1);
  return due_time(before, on, zone) <= now ? running : before;
}

std::vector<MailedReport> due_reports(const core::Schedule& on, const std::vector<Fund>& funds,
                                      std::optional<Date> first_open, const MailMemory& memory,
                                      core::TimePoint now, const core::TimeZone& zone) {
  std::vector<MailedReport> due;
  const auto running = month_of(zone.date(now));
  for (auto month = std::max(memory.since, running - oldest_mailed); month < running;
       month += std::chrono::months(1)) {
    if (now < due_time(month, on, zone)) continue;
    const bool closed = first_open && month / std::chrono::day(1) < *first_open;
    for (const auto& fund : funds) {
      MailedReport report{month, fund.name,
                          closed ? ReportStatus::closed : ReportStatus::provisional};
      if (!memory.sent.contains(report.key())) due.push_back(std::move(report));
    }
  }
  return due;
}

core::Mail compose_report_mail(const MailSettings& settings, const MailedReport& mailed,
                               const MonthlyReport& report,
                               std::vector<core::MailAttachment> attachments, core::TimePoint now) {
  const auto language = settings.language;
  const auto& words = mail_words(language);
  const bool closed = mailed.status == ReportStatus::closed;
  core::Mail mail;
  mail.from = settings.from;
  mail.to = settings.to;
  mail.date = now;
  mail.subject = filled(words.subject, month_title(mailed.month, language), mailed.fund,
                        closed ? words.closed : words.provisional);
  mail.text = mail.subject + "\n\n";
  if (!closed) mail.text += filled(words.open_month, month_code(mailed.month)) + "\n\n";
  add_amounts(mail.text, report, language);
  if (!attachments.empty()) {
    mail.text += std::string(words.attached) + "\n";
    for (const auto& each : attachments)
      mail.text += fmt::format("{}\n  {}\n", each.name,
                               core::to_hex(core::sha256(core::as_bytes(each.bytes))));
    mail.text += "\n";
  }
  mail.text += filled(words.ledger, report.head.entries) + "\n" + report.head.hash + "\n" +
               words.keep + "\n";
  // The same report is the same mail, however often a line that breaks has it sent.
  mail.id = core::to_hex(
      core::ByteView(core::blake2b(core::as_bytes(mailed.key() + "\n" + report.head.hash)))
          .first(16));
  mail.attachments = std::move(attachments);
  return mail;
}

} // namespace intendance::billing
