// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/imports/timesheet.hpp"

#include "billing/imports/headings.hpp"
#include "core/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace intendance::billing {
namespace {

using core::Error;

constexpr Minutes most_work{24 * 60};
constexpr std::size_t most_text = 2000; // bytes, as in the schema

const std::vector<ColumnRole>& roles() {
  static const std::vector<ColumnRole> all = {
      {"id", {"id", "external_id", "external id", "#", "no", "numero"}},
      {"day", {"date", "day", "jour", "worked_on", "spent_on"}},
      {"person", {"user", "utilisateur", "person", "personne", "by", "par"}},
      {"activity", {"activity", "activite"}},
      {"service", {"service", "project", "projet"}},
      {"issue", {"issue", "demande", "ticket"}},
      {"description", {"comment", "comments", "commentaire", "commentaires", "description"}},
      {"hours", {"hours", "heures", "duration", "duree", "spent time", "temps passe"}},
      {"minutes", {"minutes"}},
      {"created", {"created", "cree", "created_on"}},
      {"engagement", {"engagement"}},
      {"fund", {"fund", "fonds"}}};
  return all;
}

template <class Items>
std::string names_of(const Items& items) {
  std::string names;
  for (const auto& item : items) names += (names.empty() ? "" : " · ") + item.name;
  return names.empty() ? "none yet" : names;
}

// Control characters, those of Latin-1 and Unicode's own line breaks too.
std::size_t control_length(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text[0]);
  if (byte <= 0x20 || byte == 0x7f) return 1;
  const bool second = text.size() > 1 && static_cast<unsigned char>(text[1]) <= 0x9f;
  if (byte == 0xc2 && second) return 2;
  return text.starts_with("\u2028") || text.starts_with("\u2029") ? 3 : 0;
}

// On one line: line breaks, other control characters and runs of blanks become one blank.
std::string one_line(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    if (const auto length = control_length(text); length > 0) {
      if (!line.empty() && line.back() != ' ') line += ' ';
      text.remove_prefix(length);
    } else {
      line += text.front();
      text.remove_prefix(1);
    }
  }
  return std::string(trimmed(line));
}

class TimesheetReader {
public:
  TimesheetReader(const CsvTable& table, const ImportMap& map, const TimesheetTerms& terms,
                  InputFaults& faults)
      : table_(table), map_(map), terms_(terms), faults_(faults),
        headings_(table.heading, roles(), map.columns, faults) {}

  Timesheet read() {
    Timesheet sheet;
    if (!columns_are_there()) return sheet;
    sheet.ignored = headings_.others();
    order_ = day_order();
    for (const auto& row : table_.rows) read_row(row, sheet);
    return sheet;
  }

private:
  bool columns_are_there() {
    const auto before = faults_.total();
    headings_.require({"day"}, faults_);
    headings_.require({"hours", "minutes"}, faults_);
    if (!map_.person) headings_.require({"person"}, faults_);
    if (!map_.service && !terms_.service) headings_.require({"service"}, faults_);
    headings_.require({"description", "issue"}, faults_);
    return faults_.total() == before;
  }

  std::optional<DayOrder> day_order() {
    if (map_.days) return map_.days;
    std::vector<std::string_view> texts;
    for (const auto& row : table_.rows) texts.emplace_back(headings_.cell(row, "day")->text);
    try {
      return day_order_of(texts);
    } catch (const Error& error) {
      faults_.add({}, headings_.heading("day"), error.what());
      return DayOrder::day_first; // one fault is enough for all of them
    }
  }

  template <class Read>
  bool take(const CsvRow& row, std::string_view role, Read&& read) {
    return headings_.take(row, role, faults_, std::forward<Read>(read));
  }

  void read_row(const CsvRow& row, Timesheet& sheet) {
    TimesheetRow read;
    read.place = row.front().place;
    auto& entry = read.entry;
    bool good = take(row, "day", [&](const std::string& text) { entry.worked_on = day(text); });
    good &= take(row, headings_.has("minutes") ? "minutes" : "hours",
                 [&](const std::string& text) { entry.work = work(text); });
    good &= take(row, "service", [&](const std::string& text) { entry.service = service(text); });
    good &=
        take(row, "activity", [&](const std::string& text) { entry.activity = activity(text); });
    good &= take(row, "person", [&](const std::string& text) { entry.person = person(text); });
    good &= take(row, "fund", [&](const std::string& text) { entry.fund = fund(text); });
    good &=
        take(row, "description", [&](const std::string&) { entry.description = description(row); });
    entry.vendor = terms_.vendor;
    if (!good) return;
    good = take(row, "engagement",
                [&](const std::string& text) { entry.engagement = engagement(row, text, entry); });
    good &= take(row, "day", [&](const std::string&) { require_rate(entry); });
    good &= take(row, "id", [&](const std::string& text) { read.id = id(text, read.place); });
    if (!good) return;
    if (entry.work == Minutes(0)) {
      ++sheet.without_work;
      return;
    }
    if (!take(row, headings_.has("minutes") ? "minutes" : "hours",
              [&](const std::string&) { count_day(entry); })) {
      return;
    }
    read.identity = identity(row, entry);
    if (!sheet.days) sheet.days = Period{entry.worked_on, entry.worked_on};
    sheet.days = Period{std::min(sheet.days->from, entry.worked_on),
                        std::max(sheet.days->to, entry.worked_on)};
    sheet.rows.push_back(std::move(read));
  }

  Date day(const std::string& text) const {
    if (text.empty()) throw Error("the day is missing");
    const auto day = parse_day(text, order_);
    if (day > terms_.today) {
      throw Error(fmt::format("{} is in the future (today is {})", core::format_date(day),
                              core::format_date(terms_.today)));
    }
    return day;
  }

  Minutes work(const std::string& text) const {
    if (text.empty()) throw Error("how long the work took is missing");
    const auto work = headings_.has("minutes") ? parse_hours(text + " min") : parse_hours(text);
    if (work > most_work) {
      throw Error(fmt::format("\"{}\" is more than one day holds; log each day by itself", text));
    }
    return work;
  }

  std::string service(const std::string& text) const {
    if (text.empty()) {
      const auto& usual = terms_.service ? terms_.service : map_.service;
      if (usual) return known(*usual, terms_.services, "service");
      throw Error("the service is missing");
    }
    return mapped(text, map_.services, terms_.services, "service");
  }

  std::string activity(const std::string& text) const {
    if (text.empty()) {
      return known(terms_.activity, terms_.activities, "activity");
    }
    return mapped(text, map_.activities, terms_.activities, "activity");
  }

  std::string person(const std::string& text) const {
    if (text.empty()) {
      if (map_.person) return *map_.person;
      throw Error("who did it is missing");
    }
    if (!map_.people) return limited(one_line(text));
    const auto found = map_.people->find(text);
    if (found == map_.people->end()) {
      throw Error(
          fmt::format("\"{}\" is not among the [people] of {}; add the line \"{}\" = \"NAME\"",
                      text, map_.name, text));
    }
    return found->second;
  }

  std::string fund(const std::string& text) const {
    const auto name = !text.empty() ? std::optional(text) : terms_.fund ? terms_.fund : map_.fund;
    if (!name && terms_.funds.size() == 1) return terms_.funds.front().name;
    if (!name)
      throw Error("there are several funds; choose one with --fund: " + names_of(terms_.funds));
    for (const auto& fund : terms_.funds) {
      if (fund.name == *name) return fund.name;
    }
    throw Error("there is no fund \"" + *name + "\"; there are: " + names_of(terms_.funds));
  }

  std::string description(const CsvRow& row) const {
    auto text = one_line(headings_.text(row, "issue"));
    const auto comment = one_line(headings_.text(row, "description"));
    if (!comment.empty()) text += (text.empty() ? "" : " · ") + comment;
    if (text.empty()) text = one_line(headings_.text(row, "activity"));
    if (text.empty()) throw Error("what was done is missing");
    return limited(text);
  }

  static std::string limited(std::string text) {
    if (text.size() > most_text) {
      throw Error(
          fmt::format("the text is {} bytes long; at most {} are kept", text.size(), most_text));
    }
    return text;
  }

  std::optional<std::string> engagement(const CsvRow& row, const std::string& text,
                                        const NewEntry& entry) const {
    auto name = text;
    for (const auto* role : {"issue", "service"}) {
      const auto found = map_.engagements.find(headings_.text(row, role));
      if (name.empty() && found != map_.engagements.end()) name = found->second;
    }
    if (name.empty()) return std::nullopt;
    for (const auto& engagement : terms_.engagements) {
      if (engagement.name != name) continue;
      if (engagement.fund != entry.fund || engagement.vendor != entry.vendor) {
        throw Error(fmt::format("the engagement {} is of the fund {} with {}, not of {} with {}",
                                name, engagement.fund, engagement.vendor, entry.fund,
                                entry.vendor));
      }
      if (engagement.voided > Cents(0) && engagement.left == Cents(0)) {
        throw Error("what was left of the engagement " + name + " was voided");
      }
      return name;
    }
    throw Error("there is no engagement \"" + name +
                "\"; there are: " + names_of(terms_.engagements));
  }

  void require_rate(const NewEntry& entry) const {
    for (const auto& rate : terms_.rates) {
      const bool holds =
          rate.vendor == entry.vendor && (!rate.activity || *rate.activity == entry.activity) &&
          rate.from <= entry.worked_on && (!rate.until || entry.worked_on <= *rate.until);
      if (holds) return;
    }
    const auto day = core::format_date(entry.worked_on);
    throw Error(
        fmt::format("no rate of {} for {} on {}; record it with: intendance rate set --vendor {} "
                    "--amount DOLLARS --from {}",
                    entry.vendor, entry.activity, day, entry.vendor, day));
  }

  std::string id(const std::string& text, Place place) {
    if (!headings_.has("id")) return "";
    if (text.empty()) throw Error("the id is missing");
    if (text.starts_with('~'))
      throw Error("an id cannot begin with ~"); // rows without one have such
    const auto [there, added] = ids_.emplace(limited(one_line(text)), place.line);
    if (!added)
      throw Error(fmt::format("the id {} stands in line {} already", text, there->second));
    return there->first;
  }

  // Nobody works more than a day a day, however many rows say so.
  void count_day(const NewEntry& entry) {
    auto& worked = days_[{entry.person, core::format_date(entry.worked_on)}];
    worked += entry.work;
    if (worked > most_work) {
      throw Error(fmt::format(
          "with this row, {} would have worked {} minutes on {}; a day holds {}", entry.person,
          worked.count(), core::format_date(entry.worked_on), most_work.count()));
    }
  }

  // Redmine writes the moment at which work was logged when asked to; without it the day, the
  // person and the issue tell rows apart, and those alike are told apart by what they say.
  std::string identity(const CsvRow& row, const NewEntry& entry) const {
    const auto created = headings_.text(row, "created");
    const auto person = headings_.text(row, "person");
    if (!created.empty()) return "created\n" + created + "\n" + person;
    return "day\n" + core::format_date(entry.worked_on) + "\n" + person + "\n" +
           headings_.text(row, "service") + "\n" + headings_.text(row, "issue");
  }

  std::string mapped(const std::string& text, const NameMap& names,
                     const std::vector<CatalogueItem>& items, const char* kind) const {
    const auto found = names.find(text);
    if (found != names.end()) return known(found->second, items, kind);
    for (const auto& item : items) {
      if (item.name == text || item.label_french == text || item.label_english == text)
        return item.name;
    }
    throw Error(fmt::format(
        "there is no {} \"{}\"; there are: {}; say in the map which of them it is, or add it "
        "with: intendance {} add",
        kind, text, names_of(items), kind));
  }

  static std::string known(const std::string& name, const std::vector<CatalogueItem>& items,
                           const char* kind) {
    for (const auto& item : items) {
      if (item.name == name) return name;
    }
    throw Error(fmt::format(
        "there is no {} \"{}\", which the map or the configuration names; there are: {}", kind,
        name, names_of(items)));
  }

  const CsvTable& table_;
  const ImportMap& map_;
  const TimesheetTerms& terms_;
  InputFaults& faults_;
  Headings headings_;
  std::optional<DayOrder> order_;
  std::map<std::string, std::size_t> ids_; // and the line of each
  std::map<std::pair<std::string, std::string>, Minutes> days_;
};

} // namespace

Timesheet read_timesheet(const CsvTable& table, const ImportMap& map, const TimesheetTerms& terms,
                         InputFaults& faults) {
  return TimesheetReader(table, map, terms, faults).read();
}

} // namespace intendance::billing
