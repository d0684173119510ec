// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/chain.hpp"

#include "billing/ledger/entries.hpp"
#include "billing/ledger/links.hpp"

#include <fmt/format.h>

namespace intendance::billing {
namespace {

using core::Postgres;

std::string range(std::int64_t from, std::int64_t to) {
  return from == to ? fmt::format("{} is missing", from)
                    : fmt::format("{} to {} are missing", from, to);
}

// Follows the chain link by link and remembers what does not fit.
class ChainWalk {
public:
  explicit ChainWalk(std::string genesis) : previous_(std::move(genesis)) {}

  void visit(const Link& link) {
    const bool entry = link.kind == Link::Kind::entry;
    auto& expected = entry ? next_entry_ : next_fact_;
    const auto what = entry ? entry_number(link.number) : fmt::format("fact {}", link.number);
    if (link.number > expected) {
      const auto missing = entry ? entry_number(expected) : fmt::format("fact {}", expected);
      faults_.push_back({missing, (entry ? "of the entries, " : "of the facts, ") +
                                      range(expected, link.number - 1)});
    } else if (link.place != next_place_) {
      faults_.push_back({what, fmt::format("stands at place {} of the chain instead of {}",
                                           link.place, next_place_)});
    }
    if (core::to_hex(link_hash(previous_, link, memory_)) != link.hash || !priced(link)) {
      faults_.push_back({what, entry
                                   ? "the entry, or the link before it, is not what was recorded"
                                   : "the fact, or the link before it, is not what was recorded"});
    }
    previous_ = link.hash;
    expected = link.number + 1;
    next_place_ = link.place + 1;
  }
  std::vector<LedgerFault> faults() && { return std::move(faults_); }

private:
  // The amount that queries add up is the one that is hashed.
  static bool priced(const Link& link) {
    if (link.kind == Link::Kind::fact) return true;
    constexpr std::size_t cents_of_version_1 = 13; // of the hashed fields, from `number` on
    const auto at = cents_of_version_1 + (link.version == "1" ? 0 : 1);
    return link.fields.size() > at && link.fields[at] == link.stored_cents;
  }

  std::string previous_;
  std::int64_t next_entry_ = 1;
  std::int64_t next_fact_ = 1;
  std::int64_t next_place_ = 1;
  core::Buffer memory_;
  std::vector<LedgerFault> faults_;
};

// A snapshot for everything that is read inside; nothing new when one is open already.
template <class Work>
auto in_one_snapshot(Postgres& database, Work&& work) {
  core::Transaction transaction(database);
  auto result = work();
  transaction.commit();
  return result;
}

void read_faults(Postgres& database, std::vector<LedgerFault>& faults, const std::string& sql,
                 const std::string& subject) {
  for (const auto& row : database.query(sql, subject)) {
    faults.push_back({subject + " " + row.text("key"), row.text("fault")});
  }
}

} // namespace

LedgerHead ledger_head(Postgres& database) {
  const auto rows =
      database.query("SELECT number, facts, encode(hash, 'hex') AS hash FROM ledger.head()");
  return {rows.only().integer("number"), rows.only().text("hash"), rows.only().integer("facts")};
}

bool chain_holds(Postgres& database, const std::string& hash) {
  if (hash.size() != 64 || hash.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
    return false;
  }
  return database
      .query("SELECT EXISTS (SELECT FROM ledger.entry WHERE hash = decode($1, 'hex')) "
             "OR EXISTS (SELECT FROM ledger.journal WHERE hash = decode($1, 'hex')) "
             "OR ledger.genesis() = decode($1, 'hex') AS there",
             hash)
      .only()
      .boolean("there");
}

std::vector<LedgerFault> chain_faults(Postgres& database) {
  return in_one_snapshot(database, [&] {
    ChainWalk walk(
        database.query("SELECT encode(ledger.genesis(), 'hex') AS hash").only().text("hash"));
    for_each_link(database, [&](const Link& link) { walk.visit(link); });
    return std::move(walk).faults();
  });
}

const std::vector<std::string>& journaled_subjects() {
  static const std::vector<std::string> subjects = {
      "activity",        "budget_basis",    "budget_category",
      "budget_line",     "budget_version",  "cost",
      "cost_end",        "document",        "engagement",
      "engagement_void", "fiscal_calendar", "fund",
      "grant_award",     "grant_deadline",  "invoice",
      "invoice_line",    "invoice_void",    "match",
      "match_undo",      "payment",         "period_close",
      "period_report",   "quote",           "rate",
      "rebate",          "service",         "signoff",
      "tax_rule",        "vendor",          "vendor_tax_number"};
  return subjects;
}

std::vector<LedgerFault> fact_faults(Postgres& database) {
  std::vector<LedgerFault> faults;
  for (const auto& subject : journaled_subjects()) {
    read_faults(
        database, faults,
        "SELECT coalesce(f.key, l.key) AS key, CASE "
        "WHEN l.key IS NULL THEN 'was never recorded' "
        "WHEN l.action = 'removed' THEN 'was removed once and is there again' "
        "WHEN f.key IS NULL THEN 'was recorded and is not there' "
        "ELSE 'is not what was recorded' END AS fault "
        "FROM ledger.current_facts($1) f FULL JOIN "
        "(SELECT DISTINCT ON (key) key, action, names, contents FROM ledger.journal "
        " WHERE subject = $1 ORDER BY key, number DESC) l ON l.key = f.key "
        "WHERE CASE WHEN l.action = 'removed' THEN f.key IS NOT NULL "
        "ELSE f.names IS DISTINCT FROM l.names OR f.contents IS DISTINCT FROM l.contents END "
        "ORDER BY 1",
        subject);
  }
  read_faults(
      database, faults,
      "SELECT encode(d.sha256, 'hex') AS key, 'does not hold what its fingerprint names' AS "
      "fault FROM ledger.document d LEFT JOIN ledger.document_content c USING (sha256) "
      "WHERE $1 = 'document' AND (c.content IS NULL OR sha256(c.content) <> d.sha256)",
      "document");
  return faults;
}

std::vector<LedgerFault> guard_faults(Postgres& database) {
  std::vector<LedgerFault> faults;
  const auto off = database.query(
      "SELECT c.relname AS subject, t.tgname AS name FROM pg_trigger t "
      "JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'ledger'::regnamespace "
      "AND NOT t.tgisinternal AND t.tgenabled <> 'A' ORDER BY 1, 2");
  for (const auto& row : off) {
    faults.push_back({row.text("subject"), "its guard " + row.text("name") + " is switched off"});
  }
  const auto guarded = [&](const std::string& subject, const std::string& trigger) {
    const auto there =
        database.query("SELECT FROM pg_trigger WHERE tgrelid = to_regclass('ledger.' || $1) "
                       "AND tgname = $2",
                       subject, trigger);
    if (there.empty()) faults.push_back({subject, "its guard " + trigger + " is gone"});
  };
  for (const auto& subject : journaled_subjects()) guarded(subject, "journal");
  guarded("entry", "post_entry");
  guarded("entry", "append_only");
  guarded("journal", "append_only");
  return faults;
}

std::vector<LedgerFault> ledger_faults(Postgres& database) {
  core::Transaction transaction(database);
  database.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
  auto faults = chain_faults(database);
  for (auto more : {fact_faults(database), guard_faults(database)}) {
    faults.insert(faults.end(), more.begin(), more.end());
  }
  transaction.commit();
  return faults;
}

} // namespace intendance::billing
