// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/export.hpp"

#include "billing/ledger/links.hpp"

#include <nlohmann/json.hpp>

#include <ostream>

namespace intendance::billing {
namespace {

using core::Postgres;
using Json = nlohmann::ordered_json;

void write_line(std::ostream& out, const Json& line) { out << line.dump() << '\n'; }

void write_rows(Postgres& database, const std::string& subject, std::ostream& out) {
  const auto rows = database.query("SELECT key, array_to_json(ARRAY[names, contents]) AS columns "
                                   "FROM ledger.current_facts($1) ORDER BY key COLLATE \"C\"",
                                   subject);
  for (const auto& row : rows) {
    const auto pairs = Json::parse(row.text("columns"));
    Json columns = Json::array();
    if (pairs.size() == 2) {
      for (std::size_t index = 0; index < pairs[0].size(); ++index) {
        for (const auto& part : pairs) columns.push_back(part.at(index));
      }
    }
    write_line(out, {{"row", {subject, row.text("key")}}, {"columns", columns}});
  }
}

} // namespace

LedgerHead export_ledger(Postgres& database, std::ostream& out) {
  core::Transaction transaction(database);
  database.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const auto head = ledger_head(database);
  write_line(out, {{"format", "intendance ledger export 1"},
                   {"entries", std::to_string(head.entries)},
                   {"facts", std::to_string(head.facts)},
                   {"head", head.hash}});
  for_each_link(database, [&](const Link& link) {
    Json fields = Json::array();
    for (const auto& field : link.fields) fields.push_back(field);
    write_line(out, {{link.kind == Link::Kind::entry ? "entry" : "fact", std::move(fields)},
                     {"version", link.version},
                     {"hash", link.hash}});
  });
  for (const auto& subject : journaled_subjects()) write_rows(database, subject, out);
  transaction.commit();
  return head;
}

} // namespace intendance::billing
