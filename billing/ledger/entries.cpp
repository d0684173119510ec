// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/entries.hpp"

#include <fmt/format.h>

namespace intendance::billing {
namespace {

using core::Error;
using core::Postgres;

constexpr Minutes most_work{24 * 60};
constexpr std::size_t most_text = 2000; // bytes, as in the schema

const std::string select_entries =
    "SELECT e.number, e.entry_id, e.minutes, e.worked_on, e.posted_on, e.fund, e.vendor, "
    "e.activity, e.service, e.person, e.description, e.engagement, e.cents_per_hour, e.cents, "
    "original.number AS reverses, reversal.number AS reversed_by, e.recorded_by, "
    "to_char(e.recorded_at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS recorded_at "
    "FROM ledger.entry e "
    "LEFT JOIN ledger.entry original ON original.entry_id = e.reverses "
    "LEFT JOIN ledger.entry reversal ON reversal.reverses = e.entry_id ";

Entry read_entry(const core::PostgresRow& row) {
  Entry entry;
  entry.number = row.integer("number");
  entry.id = row.text("entry_id");
  entry.work = Minutes(row.integer("minutes"));
  entry.worked_on = core::parse_date(row.text("worked_on"));
  entry.posted_on = core::parse_date(row.text("posted_on"));
  entry.fund = row.text("fund");
  entry.vendor = row.text("vendor");
  entry.activity = row.text("activity");
  entry.service = row.text("service");
  entry.person = row.text("person");
  entry.description = row.text("description");
  entry.engagement = row.optional_text("engagement");
  entry.per_hour = Cents(row.integer("cents_per_hour"));
  entry.amount = Cents(row.integer("cents"));
  entry.reverses = row.optional_integer("reverses");
  entry.reversed_by = row.optional_integer("reversed_by");
  entry.recorded_by = row.text("recorded_by");
  entry.recorded_at = row.text("recorded_at");
  return entry;
}

void check_text(const char* what, const std::string& text) {
  if (text.empty()) throw Error(fmt::format("{} is missing", what));
  if (text.size() > most_text) {
    throw Error(
        fmt::format("{} is {} bytes long; at most {} are kept", what, text.size(), most_text));
  }
  for (const char character : text) {
    if (static_cast<unsigned char>(character) < 0x20) {
      throw Error(fmt::format("{} holds a line break or another control character; write it on one "
                              "line",
                              what));
    }
  }
}

void check_new(const NewEntry& entry, Date today) {
  if (entry.work > most_work) {
    throw Error(fmt::format("{} minutes are more than one day holds; log each day by itself",
                            entry.work.count()));
  }
  if (entry.worked_on > today) {
    throw Error(fmt::format("{} is in the future (today is {}); log work when it is done",
                            core::format_date(entry.worked_on), core::format_date(today)));
  }
  check_text("what was done", entry.description);
  check_text("who did it", entry.person);
}

Posting posting(Postgres& database, const std::string& id, bool added) {
  return {read_entry(database.query(select_entries + "WHERE e.entry_id = $1", id).only()), !added};
}

} // namespace

std::string entry_number(std::int64_t number) { return fmt::format("{:04}", number); }

Posting add_entry(Postgres& database, const NewEntry& entry, Date today) {
  check_new(entry, today);
  core::Transaction transaction(database);
  const auto inserted = database.query(
      "INSERT INTO ledger.entry (entry_id, minutes, worked_on, fund, vendor, activity, service, "
      "person, description, engagement) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      entry.id, entry.work.count(), core::format_date(entry.worked_on), entry.fund, entry.vendor,
      entry.activity, entry.service, entry.person, entry.description, entry.engagement);
  auto result = posting(database, entry.id, inserted.affected() > 0);
  transaction.commit();
  return result;
}

Posting reverse_entry(Postgres& database, std::int64_t number, const std::string& reason,
                      const std::string& id) {
  check_text("the reason", reason);
  const auto found = database.query("SELECT entry_id FROM ledger.entry WHERE number = $1", number);
  if (found.empty()) throw Error("there is no entry " + entry_number(number));
  core::Transaction transaction(database);
  const auto inserted = database.query("INSERT INTO ledger.entry (entry_id, reverses, description) "
                                       "VALUES ($1, $2, $3)",
                                       id, found.only().text("entry_id"), reason);
  auto result = posting(database, id, inserted.affected() > 0);
  transaction.commit();
  return result;
}

std::vector<Entry> list_entries(Postgres& database, const EntryFilter& filter) {
  core::PostgresParameter from;
  core::PostgresParameter to;
  if (filter.posted) {
    from = core::format_date(filter.posted->from);
    to = core::format_date(filter.posted->to);
  }
  core::PostgresParameter numbers;
  if (filter.numbers) numbers = fmt::format("{{{}}}", fmt::join(*filter.numbers, ","));
  std::vector<Entry> entries;
  const auto rows =
      database.query(select_entries + "WHERE ($1::text IS NULL OR e.fund = $1) "
                                      "AND ($2::date IS NULL OR e.posted_on >= $2) "
                                      "AND ($3::date IS NULL OR e.posted_on <= $3) "
                                      "AND ($4::bigint[] IS NULL OR e.number = ANY($4)) "
                                      "ORDER BY e.number",
                     filter.fund, from, to, numbers);
  for (const auto& row : rows) entries.push_back(read_entry(row));
  return entries;
}

} // namespace intendance::billing
