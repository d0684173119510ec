// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/mail/mailer.hpp"

#include "billing/ledger/closing.hpp"
#include "billing/report/kept.hpp"
#include "billing/report/pdf.hpp"
#include "billing/report/render.hpp"
#include "core/file.hpp"
#include "core/log.hpp"
#include "core/postgres.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace intendance::billing {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::minutes look_period{1};
constexpr std::chrono::minutes longest_pause{60};
constexpr std::size_t longest_memory = std::size_t{1} << 20;

struct Remembered {
  MailMemory memory;
  std::optional<core::TimePoint> last_success;
};

// Absent: nothing was ever mailed. Throws CorruptData: to mail everything again would be worse than
// to mail nothing.
std::optional<Remembered> read_memory(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return std::nullopt;
  return core::with_context(file.string(), [&] {
    try {
      const auto json = Json::parse(core::read_file(file, longest_memory));
      Remembered remembered;
      remembered.memory.since = parse_month(json.at("since").get<std::string>());
      remembered.memory.sent = json.at("sent").get<std::set<std::string>>();
      if (const auto& last = json.at("last_success"); !last.is_null())
        remembered.last_success = core::parse_utc(last);
      return std::optional(std::move(remembered));
    } catch (const Json::exception&) {
      throw core::CorruptData("does not say which reports were mailed; remove it, and those of the "
                              "months to come are mailed");
    }
  });
}

void write_memory(const std::filesystem::path& file, const Remembered& remembered) {
  const Json json = {{"since", month_code(remembered.memory.since)},
                     {"sent", remembered.memory.sent},
                     {"last_success", remembered.last_success
                                          ? Json(core::format_utc(*remembered.last_success))
                                          : Json()}};
  core::write_file_atomically(file, json.dump(1) + "\n");
}

const Fund& fund_named(const std::vector<Fund>& funds, const std::string& name) {
  return *std::find_if(funds.begin(), funds.end(),
                       [&](const Fund& each) { return each.name == name; });
}

// A closed month's report is the file that was kept when it closed, and nothing else.
core::MailAttachment attachment(core::Postgres& database, const MailSettings& settings,
                                const MailedReport& mailed, const MonthlyReport& report,
                                const std::string& name) {
  const auto& format = require_format(name);
  core::MailAttachment attachment;
  attachment.name = report_file_name(mailed.month, mailed.fund, settings.language, format);
  attachment.media_type = format.media_type;
  std::optional<std::string> kept;
  if (mailed.status == ReportStatus::closed)
    kept = kept_form(database, mailed.month, mailed.fund, language_code(settings.language), name);
  attachment.bytes = kept ? std::move(*kept) : format.render(report, settings.language);
  return attachment;
}

std::vector<core::MailAttachment> attachments(core::Postgres& database,
                                              const MailSettings& settings,
                                              const MailedReport& mailed,
                                              const MonthlyReport& report) {
  std::vector<core::MailAttachment> all;
  for (const auto& format : settings.formats) {
    try {
      all.push_back(attachment(database, settings, mailed, report, format));
    } catch (const PdfFailure& error) { // better in another form than not at all
      core::log::warning("a report goes out as HTML, for it cannot be made a PDF",
                         {{"reason", error.what()}});
      all.push_back(attachment(database, settings, mailed, report, "html"));
    }
  }
  return all;
}

core::Mail write_mail(core::Postgres& database, const BillingConfig& config,
                      const MailedReport& mailed, const Fund& fund, core::TimePoint now) {
  ReportRequest request;
  request.month = mailed.month;
  request.fund = fund;
  request.vendor = config.vendor;
  request.today = core::TimeZone::local().date(now);
  const auto report = draw_up_report(database, request);
  return compose_report_mail(*config.mail, mailed, report,
                             attachments(database, *config.mail, mailed, report), now);
}

} // namespace

Mailer::Mailer(BillingConfig config, std::filesystem::path state, core::Clock& clock)
    : config_(std::move(config)), memory_file_(state / "report-mail.json"), clock_(clock),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Mailer::send_due(const std::stop_token& stop) {
  const auto zone = core::TimeZone::local();
  const auto now = clock_.now();
  auto remembered = read_memory(memory_file_);
  if (!remembered) {
    remembered.emplace();
    remembered->memory.since = first_mailed_month(config_.mail->on, now, zone);
    write_memory(memory_file_, *remembered);
  }
  status_.with([&](Status& status) { status.last_success = remembered->last_success; });
  core::Postgres database(config_.database);
  database.query("SET statement_timeout = '60s'");
  const auto funds = list_funds(database);
  for (const auto& due : due_reports(config_.mail->on, funds, first_open_day(database),
                                     remembered->memory, now, zone)) {
    core::with_context("mailing the report of " + due.key(), [&] {
      const auto mail = write_mail(database, config_, due, fund_named(funds, due.fund), now);
      core::send_mail(config_.mail->server, mail, stop);
      remembered->memory.sent.insert(due.key());
      remembered->last_success = now;
      write_memory(memory_file_, *remembered);
      core::log::info(
          "mailed a report",
          {{"report", due.key()}, {"server", config_.mail->server.address()}, {"id", mail.id}});
    });
  }
}

// The boundary of one look: whatever it throws is logged once, and the next one is another try.
void Mailer::run(const std::stop_token& stop) {
  std::string last_failure;
  int failures = 0;
  while (!stop.stop_requested()) {
    std::chrono::minutes pause = look_period;
    try {
      send_due(stop);
      failures = 0;
      last_failure.clear();
    } catch (const core::Cancelled&) {
      return;
    } catch (const std::exception& error) {
      ++failures;
      pause = std::min(longest_pause, look_period * (1 << std::min(failures - 1, 6)));
      if (error.what() != last_failure)
        core::log::error("a report could not be mailed, trying again",
                         {{"error", error.what()}, {"minutes", std::to_string(pause.count())}});
      last_failure = error.what();
    }
    status_.with([&](Status& status) { status.failures = failures; });
    clock_.sleep_until(clock_.now() + pause, stop);
  }
}

} // namespace intendance::billing
