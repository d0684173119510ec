// SPDX-License-Identifier: AGPL-3.0-or-later
// hours import
#include "billing/command_support.hpp"
#include "billing/imports/posting.hpp"
#include "billing/report/columns.hpp"
#include "core/file.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ostream>
#include <set>

namespace intendance::billing {
namespace {

using core::CommandContext;
using core::ConfigError;
using core::ExitStatus;
using core::Postgres;
using Json = nlohmann::ordered_json;

constexpr std::size_t most_shown = 20; // changes; --json holds them all

std::optional<Period> asked_scope(const CommandContext& context) {
  const bool days = context.has("from") || context.has("until");
  if (context.has("month")) {
    if (days)
      throw ConfigError("--month, or --from and --until: one says which days the file holds");
    return days_of(parsed_option(context, "month", parse_month));
  }
  if (!days) return std::nullopt;
  if (!context.has("from") || !context.has("until")) {
    throw ConfigError(
        "--from and --until go together: the first and the last day that the file holds");
  }
  const Period scope{parsed_option(context, "from", core::parse_date),
                     parsed_option(context, "until", core::parse_date)};
  if (scope.to < scope.from) throw ConfigError("--until lies before --from");
  return scope;
}

TimesheetTerms terms_of(const CommandContext& context, const ImportMap& map, Postgres& database) {
  const auto config = settings(context);
  TimesheetTerms terms;
  terms.today = today();
  terms.services = list_services(database);
  terms.activities = list_activities(database);
  terms.funds = list_funds(database);
  terms.engagements = list_engagements(database, terms.today);
  terms.rates = list_rates(database);
  // What was typed goes before the map, and that before the configuration.
  terms.fund = optional_text(context, "fund");
  if (!terms.fund) terms.fund = map.fund ? map.fund : config.fund;
  const auto vendor = context.text("vendor", map.vendor.value_or(config.vendor));
  terms.vendor = require_vendor(database, vendor).name;
  if (context.has("service"))
    terms.service = require_service(database, context.text("service")).name;
  const auto activity = context.text("activity", map.activity.value_or(config.activity));
  terms.activity = require_activity(database, activity).name;
  // Services of the configuration are known, as they are to hours add.
  for (const auto& name : config.services) {
    const bool there = std::any_of(terms.services.begin(), terms.services.end(),
                                   [&](const CatalogueItem& item) { return item.name == name; });
    if (!there) terms.services.push_back({name, "", ""});
  }
  return terms;
}

// Those of the configuration that nobody has used yet.
void add_new_services(Postgres& database, const Timesheet& sheet) {
  std::set<std::string> used;
  for (const auto& row : sheet.rows) used.insert(row.entry.service);
  for (const auto& item : list_services(database)) used.erase(item.name);
  for (const auto& name : used) add_service(database, name, "");
}

ExitStatus answer_faults(const CommandContext& context, const std::string& file,
                         const InputFaults& faults) {
  context.err() << faults.text(file)
                << fmt::format("intendance: nothing was imported: {} fault{} in {}\n",
                               faults.total(), faults.total() == 1 ? "" : "s", file);
  if (context.json()) {
    Json array = Json::array();
    for (const auto& fault : faults.first()) {
      array.push_back({{"line", fault.place.line},
                       {"column", fault.place.column},
                       {"heading", fault.heading},
                       {"message", fault.message}});
    }
    print_json(context, {{"imported", false}, {"faults", array}, {"fault_count", faults.total()}});
  }
  return ExitStatus::failed;
}

struct Import {
  std::string file;
  std::string source;
  TextEncoding encoding = TextEncoding::utf8;
  Timesheet sheet;
  Period scope;
  bool dry_run = false;
  ImportResult result;
};

Json entry_of(const ImportedEntry& imported) {
  const auto& entry = imported.entry;
  return {{"external_id", imported.external_id},
          {"entry_id", entry.id},
          {"worked_on", core::format_date(entry.worked_on)},
          {"minutes", entry.work.count()},
          {"service", entry.service},
          {"activity", entry.activity},
          {"person", entry.person},
          {"fund", entry.fund},
          {"description", entry.description},
          {"replaces", imported.before ? Json(*imported.before->number) : Json(nullptr)}};
}

Json remembered(const std::vector<RememberedItem>& items) {
  Json array = Json::array();
  for (const auto& item : items) {
    array.push_back({{"external_id", item.external_id},
                     {"entry", *item.number},
                     {"worked_on", core::format_date(*item.worked_on)}});
  }
  return array;
}

void print_import_json(const CommandContext& context, const Import& import) {
  const auto& plan = import.result.plan;
  Json added = Json::array();
  Json changed = Json::array();
  for (const auto& entry : plan.added) added.push_back(entry_of(entry));
  for (const auto& entry : plan.changed) changed.push_back(entry_of(entry));
  print_json(context, {{"imported", !import.dry_run},
                       {"source", import.source},
                       {"from", core::format_date(import.scope.from)},
                       {"to", core::format_date(import.scope.to)},
                       {"encoding", encoding_name(import.encoding)},
                       {"rows", import.sheet.rows.size()},
                       {"unchanged", plan.unchanged},
                       {"added", added},
                       {"changed", changed},
                       {"vanished", remembered(plan.vanished)},
                       {"taken_back_here", remembered(plan.taken_back)},
                       {"reversed_entries", import.result.reversed},
                       {"late", import.result.late},
                       {"without_work", import.sheet.without_work},
                       {"ignored_columns", import.sheet.ignored}});
}

void print_changes(const CommandContext& context, const ImportPlan& plan) {
  const auto language = context.language();
  std::size_t shown = 0;
  const auto line = [&](std::string_view what, const std::string& text) {
    if (++shown <= most_shown) context.out() << "  " << pad_right(what, 10) << text << '\n';
  };
  const auto described = [&](const NewEntry& entry) {
    return fmt::format("{} · {} · {} · {} · {}", short_day(entry.worked_on, language),
                       format_work(entry.work, language), entry.service, entry.person,
                       shorten(entry.description, 60));
  };
  for (const auto& item : plan.vanished) {
    line(say(language, "disparue", "vanished"),
         fmt::format("{} · {} {}", short_day(*item.worked_on, language),
                     say(language, "entrée contre-passée :", "entry reversed:"),
                     entry_number(*item.number)));
  }
  for (const auto& changed : plan.changed) {
    line(say(language, "modifiée", "changed"),
         described(changed.entry) + "  (↩ " + entry_number(*changed.before->number) + ")");
  }
  for (const auto& added : plan.added)
    line(say(language, "ajoutée", "added"), described(added.entry));
  if (shown > most_shown) {
    context.out() << "  "
                  << fmt::format(
                         fmt::runtime(say(language, "… et {} autres (--json les donne toutes)",
                                          "… and {} more (--json gives them all)")),
                         shown - most_shown)
                  << '\n';
  }
}

void print_import(const CommandContext& context, const Import& import) {
  const auto language = context.language();
  const auto& plan = import.result.plan;
  context.out() << fmt::format(
      fmt::runtime(say(language,
                       "{} · {} – {} · lignes : {} ({}) · ajoutées {}, modifiées {}, disparues {}, "
                       "inchangées {}\n",
                       "{} · {} – {} · rows: {} ({}) · added {}, changed {}, vanished {}, "
                       "unchanged {}\n")),
      import.source, short_day(import.scope.from, language), short_day(import.scope.to, language),
      import.sheet.rows.size(), encoding_name(import.encoding), plan.added.size(),
      plan.changed.size(), plan.vanished.size(), plan.unchanged);
  print_changes(context, plan);
  const auto note = [&](std::size_t count, std::string_view french, std::string_view english) {
    if (count == 0) return;
    context.out() << "  " << fmt::format(fmt::runtime(say(language, french, english)), count)
                  << '\n';
  };
  note(import.result.late, "comptent dans le premier mois ouvert, le leur étant clos : {}",
       "count in the first open month, theirs being closed: {}");
  note(plan.taken_back.size(), "contre-passées ici à la main et laissées ainsi : {}",
       "taken back here by hand, and left so: {}");
  note(import.sheet.without_work, "lignes de zéro heure, sans effet : {}",
       "rows of zero hours, without effect: {}");
  if (!import.sheet.ignored.empty()) {
    std::string names;
    for (const auto& name : import.sheet.ignored) names += (names.empty() ? "" : " · ") + name;
    context.out() << "  " << say(language, "colonnes sans usage : ", "columns without use: ")
                  << names << '\n';
  }
  if (import.dry_run) {
    context.out() << say(language, "essai : rien n'a été inscrit\n",
                         "dry run: nothing was recorded\n");
  }
}

// What left the source is an alarm: hours that were reported once are gone.
bool warn_vanished(const CommandContext& context, const Import& import) {
  const auto& vanished = import.result.plan.vanished;
  if (vanished.empty()) return false;
  std::string numbers;
  for (std::size_t index = 0; index < std::min(vanished.size(), most_shown); ++index) {
    numbers += (numbers.empty() ? "" : ", ") + entry_number(*vanished[index].number);
  }
  if (vanished.size() > most_shown) numbers += ", …";
  context.err() << fmt::format(
      fmt::runtime(
          say(context.language(),
              "attention : {} entrées ne sont plus dans {} et ont été contre-passées : {} ; "
              "demandez pourquoi\n",
              "warning: {} entries are no longer in {} and were reversed: {}; ask why\n")),
      vanished.size(), import.source, numbers);
  return true;
}

bool warn_overspent(const CommandContext& context, Postgres& database, const Import& import) {
  std::set<std::string> funds;
  for (const auto* part : {&import.result.plan.added, &import.result.plan.changed}) {
    for (const auto& imported : *part) funds.insert(imported.entry.fund);
  }
  bool overspent = false;
  for (const auto& balance : current_balances(database, import.scope.to)) {
    if (!funds.contains(balance.fund.name) || !balance.overspent()) continue;
    overspent = true;
    context.err() << fmt::format(
        fmt::runtime(say(context.language(),
                         "attention : le budget {} de l'exercice {} est dépassé de {}\n",
                         "warning: the budget {} of the fiscal year {} is overspent by {}\n")),
        balance.fund.name, balance.year.year,
        money_on_basis(-*balance.available(), balance.basis, context.language()));
  }
  return overspent;
}

// The days that the file answers for: as asked, in which case every row must lie there, or from its
// first to its last.
Period scope_of(const CommandContext& context, const Timesheet& sheet, InputFaults& faults) {
  const auto asked = asked_scope(context);
  if (!sheet.days) {
    if (faults.empty()) {
      faults.add({}, "",
                 "the table holds no work; a snapshot without any would take everything back: "
                 "to do that, reverse the entries with intendance hours correct");
    }
    return {};
  }
  if (!asked) return *sheet.days;
  for (const auto& row : sheet.rows) {
    const auto day = row.entry.worked_on;
    if (day < asked->from || asked->to < day) {
      faults.add(row.place, "",
                 fmt::format("{} lies outside of {} to {}, the days that the file should hold",
                             core::format_date(day), core::format_date(asked->from),
                             core::format_date(asked->to)));
    }
  }
  return *asked;
}

std::string source_of(const CommandContext& context) {
  if (!context.has("source")) {
    throw ConfigError(
        "--source is missing: the name of where the hours come from, always the same for one "
        "export, as in --source redmine");
  }
  return context.text("source");
}

ExitStatus import_hours(CommandContext& context) {
  Import import;
  import.file = required_word(context, "file", "the file to import");
  import.source = source_of(context);
  import.dry_run = context.has("dry-run");
  asked_scope(context);
  const auto map = context.has("map") ? read_import_map(context.text("map")) : ImportMap();
  const auto decoded = core::with_context(
      import.file, [&] { return decode_text(core::read_file(import.file, most_csv_bytes)); });
  import.encoding = decoded.encoding;
  auto database = open_ledger(context);
  InputFaults faults;
  const auto table = parse_csv(decoded.text, faults);
  import.sheet = read_timesheet(table, map, terms_of(context, map, database), faults);
  import.scope = scope_of(context, import.sheet, faults);
  if (!faults.empty()) return answer_faults(context, import.file, faults);

  const auto language = context.language();
  const ImportWords words = {
      std::string(say(language, "modifié dans ", "changed in ")) + import.source,
      std::string(say(language, "disparu de ", "gone from ")) + import.source};
  core::Transaction transaction(database);
  add_new_services(database, import.sheet);
  import.result = core::with_context("importing " + import.file, [&] {
    return import_timesheet(database, import.source, import.sheet.rows, import.scope, words);
});
if (!import.dry_run) transaction.commit();
if (context.json()) {
  print_import_json(context, import);
} else {
  print_import(context, import);
}
const bool vanished = warn_vanished(context, import);
const bool overspent = warn_overspent(context, database, import);
return vanished || overspent ? ExitStatus::warnings : ExitStatus::done;
} // namespace

} // namespace intendance::billing

void register_import_commands(core::CommandLine& line) {
  auto command = ledger_command(
      "hours import",
      "Bring the ledger to what a timesheet says now: Redmine's export, or plain CSV", import_hours,
      "intendance hours import timelog.csv --source redmine --month 2026-10 --map redmine.toml\n"
      "intendance hours import heures.csv --source cahier --dry-run");
  command.arguments = "FILE --source NAME";
  add_text_option(command, "source", "NAME",
                  "where the hours come from, always the same for one export");
  add_text_option(command, "map", "FILE", "TOML: what its columns and names mean here");
  add_text_option(command, "month", "YYYY-MM",
                  "the days that the file answers for: what was in it and is gone is reversed "
                  "(default: from its first day to its last)");
  add_text_option(command, "from", "YYYY-MM-DD", "likewise, the first of these days");
  add_text_option(command, "until", "YYYY-MM-DD", "and the last");
  add_text_option(command, "fund", "NAME",
                  "who pays, of rows that say nothing (default: the configured or only fund)");
  add_text_option(command, "vendor", "NAME", "whose rate holds (default: koumbit)");
  add_text_option(command, "service", "NAME", "of rows that say nothing");
  add_text_option(command, "activity", "NAME", "of rows that say nothing (default: maintenance)");
  command.options.add_options()("dry-run", "try everything, keep nothing");
  add_positional(command, {{"file", 1}});
  line.add(std::move(command));
}

} // namespace intendance::billing
