// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/show.hpp"

#include "collectors/probes/probe_json.hpp"
#include "core/calendar.hpp"
#include "core/printable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace intendance::collectors {

namespace {

class Screen {
public:
  Screen(std::ostream& out, core::Language language, Colour colour)
      : out_(out), language_(language), colour_(colour) {}

  void show(const Service& service, const ProbeOutcome& outcome, const Failures& failures) {
    out_ << fmt::format("{}  {}  {}\n", service.name, service.kind, service.place());
    for (const auto& check : outcome.checks) width_ = std::max(width_, check.check.size());
    for (const auto& check : outcome.checks) show(check);
    out_ << fmt::format("{}  ({:.3f} s)\n", verdict(outcome), outcome.duration.count());
    if (!failures.empty()) show(failures);
  }

private:
  std::string in(std::string_view french, std::string_view english) const {
    return std::string(language_ == core::Language::french ? french : english);
  }

  std::string painted(const char* code, const std::string& text) const {
    return colour_ == Colour::ansi ? std::string("\033[") + code + "m" + text + "\033[0m" : text;
  }

  void line(const std::string& text) { out_ << fmt::format("    {:<{}}  {}\n", "", width_, text); }

  void show(const CheckOutcome& check) {
    const auto mark = check.failure                        ? painted("31", "✗")
                      : check.not_asked == NotAsked::asked ? painted("32", "✓")
                                                           : painted("33", "–");
    out_ << fmt::format("  {} {:<{}}  {} {}\n", mark, check.check, width_, check.verb, check.url);
    if (check.not_asked == NotAsked::no_answer_before)
      line(in("pas demandé : la vérification précédente n'a eu aucune réponse",
              "not asked: the check before got no answer"));
    if (check.not_asked == NotAsked::not_permitted)
      line(in("pas permis à cet utilisateur ; ni en panne ni en marche",
              "not permitted to this user; neither up nor down"));
    if (check.not_asked != NotAsked::asked) return;
    line(answer_text(check));
    if (!check.failure) return;
    const auto& failure = *check.failure;
    line(fmt::format("{}/{}{}{}", name_of(failure.phase), name_of(failure.reason),
                     failure.detail.empty() ? "" : in(" : ", ": "), failure.detail));
    line(std::string(meaning_of(failure.reason, language_)));
    line("→ " + std::string(advice_for(failure.reason, language_)));
  }

  // The newest first. The file may be another's: its words are printed with care.
  void show(const Failures& failures) {
    const auto zone = core::TimeZone::local();
    out_ << "\n" << in("derniers échecs", "last failures") << "\n";
    for (auto each = failures.rbegin(); each != failures.rend(); ++each) {
      const auto first = zone.format(each->first), last = zone.format(each->last);
      constexpr std::size_t to_the_minute = sizeof "2026-11-23 02:15" - 1;
      auto when = first.substr(0, to_the_minute);
      if (last.substr(0, to_the_minute) != when)
        when += " – " + (zone.date(each->first) == zone.date(each->last)
                             ? last.substr(to_the_minute - 5, 5)
                             : last.substr(0, to_the_minute));
      const auto reason = probe_reason_of(each->reason);
      out_ << core::printable(fmt::format(
                  "  {}  {}×  {}  {}/{}{}{}", when, each->times, each->check, each->phase,
                  each->reason, in(" : ", ": "),
                  each->detail.empty() && reason ? meaning_of(*reason, language_) : each->detail))
           << "\n";
    }
  }

  // "200, 15 bytes: {"status":"ok"}"
  std::string answer_text(const CheckOutcome& check) const {
    if (!check.answer && !check.said.empty()) return check.said;
    if (!check.answer && !check.failure) return in("répond", "answers");
    if (!check.answer) return in("aucune réponse", "no answer");
    const auto& answer = *check.answer;
    auto text = std::to_string(answer.status);
    if (!answer.location.empty()) text += in(" vers ", " to ") + answer.location;
    text += fmt::format(", {:.0f} {}", answer.body_bytes, in("octets", "bytes"));
    if (!answer.first_line.empty()) text += in(" : ", ": ") + answer.first_line;
    return text;
  }

  std::string verdict(const ProbeOutcome& outcome) const {
    if (!outcome.is_known()) return painted("33", in("inconnu", "unknown"));
    const auto& failure = outcome.shown().failure;
    if (!failure) return painted("32", in("en marche", "up"));
    return painted("31", in("en panne", "down")) + "  " + std::string(name_of(failure->phase)) +
           in(" : ", ": ") + std::string(meaning_of(failure->reason, language_));
  }

  std::ostream& out_;
  core::Language language_;
  Colour colour_;
  std::size_t width_ = 0;
};

} // namespace

void show_probe(std::ostream& out, const Service& service, const ProbeOutcome& outcome,
                const Failures& failures, core::Language language, Colour colour) {
  Screen(out, language, colour).show(service, outcome, failures);
}

void show_probe_json(std::ostream& out, const Service& service, const ProbeOutcome& outcome,
                     const Failures& failures) {
  using Json = nlohmann::ordered_json;
  Json json = {{"name", service.name},
               {"kind", service.kind},
               {"url", service.place()},
               {"state", !outcome.is_known() ? "unknown"
                         : outcome.success() ? "up"
                                             : "down"},
               {"checked", core::format_utc(outcome.checked)}};
  add_failure(json, outcome.shown().failure);
  json["duration_seconds"] = outcome.duration.count();
  json["checks"] = checks_json(outcome);
  json["failures"] = failures_json(failures);
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

} // namespace intendance::collectors
