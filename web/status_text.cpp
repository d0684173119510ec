// SPDX-License-Identifier: AGPL-3.0-or-later
#include "web/status_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace intendance::web {

namespace {

using core::Language;

constexpr std::string_view no_break_space = "\u00a0";

// How many columns a terminal gives to UTF-8 text: one a code point is right for what we print.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  }));
}

std::string padded(std::string text, std::size_t width) {
  text.append(width - std::min(width, width_of(text)), ' ');
  return text;
}

class Writer {
public:
  Writer(const Overview& overview, core::TimePoint now, Language language,
         const core::TimeZone& zone, Colour colour)
      : overview_(overview), now_(now), language_(language), zone_(zone), colour_(colour) {}

  std::string write() {
    machines();
    services();
    backups();
    for (const CareView& view : overview_.care) repository(view.care);
    budgets();
    for (const Finding& finding : overview_.findings)
      text_ += sign(severity_of(finding.code)) + " " + sentence(finding) + "\n";
    return std::move(text_);
  }

private:
  std::string in(std::string_view french, std::string_view english) const {
    return std::string(language_ == Language::french ? french : english);
  }

  // French puts a space before it, at which no line may break.
  std::string colon() const { return in("\u00a0: ", ": "); }

  std::string painted(std::string_view code, const std::string& text) const {
    return colour_ == Colour::ansi ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  }

  std::string sign(Severity severity) const {
    return severity == Severity::critical ? painted("31;1", "✗") : painted("33;1", "!");
  }

  void line(const std::string& label, const std::string& figure, const std::string& rest) {
    constexpr std::size_t label_width = 13;
    constexpr std::size_t figure_width = 24;
    std::string whole = padded(label, label_width) + padded(figure, figure_width) + "  " + rest;
    whole.erase(whole.find_last_not_of(' ') + 1);
    text_ += whole + "\n";
  }

  std::string share(const Counts& counts, const std::string& what) const {
    return fmt::format("{}/{} {}", counts.well, counts.total, what);
  }

  void machines() {
    if (overview_.machines.empty()) {
      line("machines", in("aucune", "none"),
           in("nommez-les dans [webd] machines", "name them in [webd] machines"));
      return;
    }
    std::string names;
    for (const MachineView& view : overview_.machines) {
      const bool silent = view.presence == Presence::silent;
      names += (names.empty() ? "" : " ") + (silent ? painted("31;1", "✗" + view.name) : view.name);
    }
    line("machines", share(overview_.machine_counts, in("répondent", "answering")), names);
  }

  void services() {
    if (overview_.services.empty()) {
      line("services", in("aucun", "none"),
           in("déclarez-en par [[service]] sur leur machine",
              "declare them by [[service]] on their machine"));
      return;
    }
    line("services", share(overview_.service_counts, in("vont bien", "well")), "");
  }

  void backups() {
    const std::string label = in("sauvegardes", "backups");
    if (overview_.jobs.empty()) {
      line(label, in("aucune", "none"),
           in("prévoyez-en par [[job]] sur leur machine", "plan them by [[job]] on their machine"));
      return;
    }
    std::string rest;
    if (overview_.oldest_success)
      rest = fmt::format("{} {} ({})", in("la moins récente il y a", "oldest"),
                         age(*overview_.oldest_success), overview_.oldest_success_machine);
    if (overview_.next_run)
      rest += (rest.empty() ? "" : "   ") + in("prochaine ", "next ") + moment(*overview_.next_run);
    line(label, share(overview_.job_counts, in("à l'heure", "on time")), rest);
  }

  void repository(const Care& care) {
    const CareTask& verify = care.verify();
    std::string rest = verify.last_success ? ago(in("vérifié", "verified"), *verify.last_success)
                                           : in("jamais vérifié", "never verified");
    if (care.oldest_unread)
      rest += in("   octet le plus longtemps non relu : ", "   oldest unread byte ") +
              age(*care.oldest_unread);
    if (care.locked && !*care.locked)
      rest += in("   non protégé contre la suppression", "   not protected against deletion");
    std::string figure = care.repository;
    if (care.snapshots && care.bytes)
      figure = fmt::format("{} {}, {}", *care.snapshots, in("instantanés", "snapshots"),
                           format_bytes(*care.bytes, language_));
    line(in("dépôt", "repository"), figure, care.repository + "   " + rest);
  }

  std::string ago(const std::string& what, core::TimePoint time) const {
    return language_ == Language::french ? what + " il y a " + age(time)
                                         : what + " " + age(time) + " ago";
  }

  void budgets() {
    if (!overview_.billing) return;
    const Billing& billing = *overview_.billing;
    if (billing.budgets.empty()) {
      line("budget", in("inconnu", "unknown"),
           billing.presence == Presence::up ? in("inscrivez-en un par intendance budget set",
                                                 "enter one by intendance budget set")
                                            : "");
      return;
    }
    for (const BudgetView& view : billing.budgets) budget_line(view);
  }

  void budget_line(const BudgetView& view) {
    const Budget& budget = view.budget;
    std::string figure = money(budget.spent_cents);
    if (budget.budget_cents) figure += in(" de ", " of ") + money(*budget.budget_cents);
    std::string rest = in("aucun budget fixé", "no budget set");
    if (budget.available_cents)
      rest = in("disponible ", "available ") + money(*budget.available_cents);
    if (view.available_minutes) rest += fmt::format(" ≈ {} h", *view.available_minutes / 60);
    line("budget", figure,
         fmt::format("{}   {} {} ({})", rest, budget.fund, budget.year, basis(budget.basis)));
    if (budget.forecast && budget.budget_cents) forecast_line(*budget.forecast);
  }

  void forecast_line(const BudgetForecast& forecast) {
    std::string lasts = in("le budget suffit", "the budget lasts");
    if (forecast.verdict == "underspent")
      lasts = in("une bonne part restera", "a good part will be left");
    else if (forecast.verdict == "may_fall_short")
      lasts = in("pourrait ne pas suffire", "may fall short");
    else if (forecast.verdict == "falls_short" && forecast.exhausted)
      lasts = in("épuisé vers le ", "used up around ") + *forecast.exhausted;
    else if (forecast.verdict == "falls_short" || forecast.verdict == "overspent")
      lasts = in("ne suffit pas", "falls short");
    // To a hundred dollars: the cent would promise more than an estimate can.
    const auto roughly = [&](std::int64_t cents) {
      return money((cents + 5'000) / 10'000 * 10'000);
    };
    line(in("prévision", "forecast"),
         roughly(forecast.low_cents) + in(" à ", " to ") + roughly(forecast.high_cents), lasts);
  }

  std::string basis(const std::string& basis) const {
    if (basis == "gross") return in("taxes comprises", "with taxes");
    if (basis == "before_tax") return in("avant taxes", "before taxes");
    return "net";
  }

  std::string money(std::int64_t cents) const { return format_money(cents, language_); }
  std::string age(core::TimePoint since) const { return format_age(now_ - since, language_); }

  // "02:15" today, "2026-11-24 02:15" on other days.
  std::string moment(core::TimePoint time) const {
    const std::string whole = zone_.format(time).substr(0, sizeof "2026-11-24 02:15" - 1);
    return zone_.date(time) == zone_.date(now_) ? whole.substr(sizeof "2026-11-24 " - 1) : whole;
  }

  std::string lasting(const Finding& finding) const {
    return finding.since ? in(" depuis ", " for ") + age(*finding.since) : std::string();
  }

  std::string last_success(const Finding& finding) const {
    if (!finding.since) return in("aucune n'a encore réussi", "none has succeeded yet");
    return language_ == Language::french ? "dernière réussite il y a " + age(*finding.since)
                                         : "last success " + age(*finding.since) + " ago";
  }

  std::string sentence(const Finding& finding) const {
    const std::string said = statement(finding);
    return finding.reason && !finding.reason->empty() ? said + colon() + *finding.reason : said;
  }

  std::string statement(const Finding& finding) const {
    const std::string& machine = finding.machine;
    const std::string& subject = finding.subject;
    const std::int64_t percent = finding.percent.value_or(0);
    switch (finding.code) {
    case FindingCode::machine_silent:
      return machine + in(" ne répond pas", " does not answer") + lasting(finding);
    case FindingCode::service_down:
      return fmt::format("{} ({}) {}{}", subject, machine, in("en panne", "down"),
                         lasting(finding));
    case FindingCode::backup_failed:
      return fmt::format("{} {} ({}) {}, {}", in("sauvegarde", "backup"), subject, machine,
                         in("échouée", "failed"), last_success(finding));
    case FindingCode::backup_overdue:
      return fmt::format("{} {} ({}) {}, {}", in("sauvegarde", "backup"), subject, machine,
                         in("en retard", "overdue"), last_success(finding));
    case FindingCode::backup_never:
      return fmt::format("{} {} ({}) {}", in("sauvegarde", "backup"), subject, machine,
                         in("jamais faite", "never made"));
    case FindingCode::repository_damaged:
      return fmt::format("{} {} ({}) {}", in("dépôt", "repository"), subject, machine,
                         in("abîmé ; intendance verify nomme ce qui est perdu",
                            "damaged; intendance verify names what is lost"));
    case FindingCode::care_failing:
      return fmt::format("{} {} {} ({}) {}, {}", finding.kind, in("du dépôt", "of repository"),
                         subject, machine, in("n'aboutit pas", "does not succeed"),
                         last_success(finding));
    case FindingCode::filesystem_full:
    case FindingCode::filesystem_low:
      return fmt::format("{} {} ({}){}{} % {}", in("disque", "disk"), subject, machine, colon(),
                         percent, in("libre", "free"));
    case FindingCode::memory_low:
      return fmt::format("{} ({}){}{} % {}", in("mémoire", "memory"), machine, colon(), percent,
                         in("libre", "free"));
    case FindingCode::backupd_silent:
      return fmt::format("backupd ({}) {}{}", machine, in("ne répond pas", "does not answer"),
                         lasting(finding));
    case FindingCode::billingd_silent:
    case FindingCode::prometheus_silent:
      return fmt::format("{} {}{}",
                         finding.code == FindingCode::billingd_silent ? "billingd" : "prometheus",
                         in("ne répond pas", "does not answer"), lasting(finding));
    case FindingCode::budget_exceeded:
      return fmt::format("budget {} {} {}", subject, in("dépassé de", "exceeded by"),
                         money(finding.cents.value_or(0)));
    case FindingCode::budget_low:
      return fmt::format("budget {}{}{} {} ({} %)", subject, colon(), in("il reste", "left"),
                         money(finding.cents.value_or(0)), percent);
    case FindingCode::budget_short: break;
    }
    return fmt::format("budget {}{}{} {}", subject, colon(),
                       in("il manquera environ", "will be short by about"),
                       money(finding.cents.value_or(0)));
  }

  const Overview& overview_;
  core::TimePoint now_;
  Language language_;
  const core::TimeZone& zone_;
  Colour colour_;
  std::string text_;
};

} // namespace

std::string format_age(std::chrono::nanoseconds age, core::Language language) {
  const auto minutes =
      std::max<std::int64_t>(std::chrono::floor<std::chrono::minutes>(age).count(), 0);
  const std::string day = language == core::Language::french ? "j" : "d";
  if (minutes < 60) return fmt::format("{} min", minutes);
  if (minutes < 24 * 60) return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
  return fmt::format("{} {} {} h", minutes / (24 * 60), day, minutes / 60 % 24);
}

std::string format_bytes(std::int64_t bytes, core::Language language) {
  const bool french = language == core::Language::french;
  constexpr std::array<const char*, 5> scales = {"", "k", "M", "G", "T"};
  auto value = static_cast<double>(std::max<std::int64_t>(bytes, 0));
  std::size_t scale = 0;
  for (; value >= 999.5 && scale + 1 < scales.size(); value /= 1000) ++scale;
  std::string number = fmt::format("{:.{}f}", value, value < 9.95 && scale > 0 ? 1 : 0);
  if (french) std::replace(number.begin(), number.end(), '.', ',');
  return fmt::format("{} {}{}", number, scales.at(scale), french ? "o" : "B");
}

std::string format_money(std::int64_t cents, core::Language language) {
  const bool french = language == core::Language::french;
  const bool negative = cents < 0;
  // Of the most negative number too: unsigned arithmetic has its opposite.
  const std::uint64_t absolute = negative ? std::uint64_t{0} - static_cast<std::uint64_t>(cents)
                                          : static_cast<std::uint64_t>(cents);
  std::string dollars = std::to_string(absolute / 100);
  for (std::size_t at = dollars.size(); at > 3; at -= 3)
    dollars.insert(at - 3, french ? no_break_space : ",");
  const std::string amount = fmt::format("{}{}{:02}", dollars, french ? "," : ".", absolute % 100);
  const std::string sign = negative ? "−" : "";
  return french ? fmt::format("{}{}{}$", sign, amount, no_break_space)
                : fmt::format("{}${}", sign, amount);
}

std::string status_text(const Overview& overview, core::TimePoint now, core::Language language,
                        const core::TimeZone& zone, Colour colour) {
  return Writer(overview, now, language, zone, colour).write();
}

} // namespace intendance::web
