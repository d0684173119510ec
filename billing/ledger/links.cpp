// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/links.hpp"

#include "core/sha256.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace intendance::billing {
namespace {

using core::Postgres;
using core::PostgresRow;

constexpr int batch = 5000;

// Reads a query's rows through a cursor.
class RowStream {
public:
  RowStream(Postgres& database, std::string name, const std::string& sql)
      : database_(database), fetch_("FETCH " + std::to_string(batch) + " FROM " + name),
        close_("CLOSE " + name) {
    database_.query("DECLARE " + name + " NO SCROLL CURSOR FOR " + sql);
    advance();
  }
  void close() { database_.query(close_); }
  const PostgresRow* row() const { return row_; }
  void advance() {
    if (rows_ && ++row_ != &*rows_->begin() + rows_->size()) return;
    rows_ = database_.query(fetch_);
    row_ = rows_->empty() ? nullptr : &*rows_->begin();
  }

private:
  Postgres& database_;
  std::string fetch_;
  std::string close_;
  std::optional<core::PostgresResult> rows_;
  const PostgresRow* row_ = nullptr;
};

const std::string microseconds = "(extract(epoch FROM recorded_at) * 1000000)::bigint";

// Behind the first four columns stand the hashed fields in their order.
const std::string select_entries =
    "SELECT coalesce(place, number), number, hash_version, encode(hash, 'hex'), cents, place, "
    "number, "
    "entry_id, minutes, worked_on, posted_on, fund, vendor, activity, service, person, "
    "description, "
    "rate_id, cents_per_hour, ledger.price(minutes, cents_per_hour), reverses, recorded_by, " +
    microseconds + ", engagement FROM ledger.entry ORDER BY number";
constexpr int entry_place = 5;
constexpr int entry_end = 24;

const std::string select_facts = "SELECT place, number, hash_version, encode(hash, 'hex'), "
                                 "array_to_json(ARRAY[names, contents]), "
                                 "place, number, subject, key, action, recorded_by, " +
                                 microseconds +
                                 ", cardinality(names) FROM ledger.journal ORDER BY number";
constexpr int fact_names = 4;
constexpr int fact_end = 13;

std::int64_t number_of(const PostgresRow& row, int column) {
  return std::stoll(std::string(row.view(column)));
}

Link begin_link(Link::Kind kind, const PostgresRow& row) {
  Link link;
  link.kind = kind;
  link.place = number_of(row, 0);
  link.number = number_of(row, 1);
  link.version = row.view(2);
  link.hash = row.view(3);
  return link;
}

void visit_entry(const PostgresRow& row, const std::function<void(const Link&)>& visit) {
  auto link = begin_link(Link::Kind::entry, row);
  link.stored_cents = row.view(4);
  const bool first_version = link.version == "1";
  const int end = first_version ? entry_end - 1 : entry_end;
  for (int column = first_version ? entry_place + 1 : entry_place; column < end; ++column) {
    link.fields.push_back(row.view(column));
  }
  visit(link);
}

void visit_fact(const PostgresRow& row, const std::function<void(const Link&)>& visit) {
  auto link = begin_link(Link::Kind::fact, row);
  for (int column = fact_names + 1; column < fact_end; ++column) {
    link.fields.push_back(row.view(column));
  }
  const auto pairs = nlohmann::json::parse(row.view(fact_names));
  if (pairs.size() == 2) {
    for (std::size_t index = 0; index < pairs[0].size(); ++index) {
      for (const auto& part : pairs) {
        link.fields.push_back(part.at(index).get_ref<const std::string&>());
      }
    }
  }
  visit(link);
}

void add_field(core::Buffer& bytes, std::string_view field) {
  const auto size = static_cast<std::uint32_t>(field.size());
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<std::uint8_t>(size >> shift));
  }
  bytes.insert(bytes.end(), field.begin(), field.end());
}

} // namespace

void for_each_link(Postgres& database, const std::function<void(const Link&)>& visit) {
  RowStream entries(database, "entries_of_the_chain", select_entries);
  RowStream facts(database, "facts_of_the_chain", select_facts);
  while (entries.row() != nullptr || facts.row() != nullptr) {
    const bool entry_first =
        facts.row() == nullptr ||
        (entries.row() != nullptr && number_of(*entries.row(), 0) < number_of(*facts.row(), 0));
    if (entry_first) {
      visit_entry(*entries.row(), visit);
      entries.advance();
    } else {
      visit_fact(*facts.row(), visit);
      facts.advance();
    }
  }
  entries.close();
  facts.close();
}

core::Digest link_hash(std::string_view previous, const Link& link, core::Buffer& memory) {
  memory.clear();
  const std::string kind = link.kind == Link::Kind::entry ? "entry " : "fact ";
  add_field(memory, "intendance ledger " + kind + std::string(link.version));
  add_field(memory, previous);
  for (const auto& field : link.fields) add_field(memory, field);
  return core::sha256(memory);
}

} // namespace intendance::billing
