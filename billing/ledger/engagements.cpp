// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/engagements.hpp"

#include "billing/ledger/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace intendance::billing {
namespace {

using core::Error;
using core::Postgres;
using core::PostgresRow;

Quote read_quote(const PostgresRow& row) {
  Quote quote;
  quote.vendor = row.text("vendor");
  quote.number = row.text("number");
  quote.quoted_on = core::parse_date(row.text("quoted_on"));
  quote.valid_until = optional_date(row, "valid_until");
  quote.service = row.text("service");
  quote.activity = row.text("activity");
  quote.work = optional_quantity<Minutes>(row, "minutes");
  quote.amount = optional_quantity<Cents>(row, "cents");
  quote.description = row.text("description");
  quote.document = row.optional_text("document");
  quote.engagement = row.optional_text("engagement");
  return quote;
}

Engagement read_engagement(const PostgresRow& row) {
  Engagement engagement;
  engagement.name = row.text("name");
  engagement.kind = row.text("kind");
  engagement.fund = row.text("fund");
  engagement.vendor = row.text("vendor");
  engagement.service = row.text("service");
  engagement.activity = row.optional_text("activity");
  engagement.category = row.text("category");
  engagement.quote = row.optional_text("quote_number");
  engagement.description = row.text("description");
  engagement.accepted_by = row.text("accepted_by");
  engagement.accepted_on = core::parse_date(row.text("accepted_on"));
  engagement.expected_by = optional_date(row, "expected_by");
  engagement.work = optional_quantity<Minutes>(row, "minutes");
  engagement.amount = Cents(row.integer("cents"));
  engagement.used_work = Minutes(row.integer("used_minutes"));
  engagement.used = Cents(row.integer("used_cents"));
  engagement.posted = Cents(row.integer("posted_cents"));
  engagement.voided = Cents(row.integer("voided_cents"));
  engagement.left = Cents(row.integer("left_cents"));
  engagement.over = Cents(row.integer("over_cents"));
  engagement.state = row.text("state");
  return engagement;
}

// The first that is free of those that the lab would give itself.
std::string next_name(Postgres& database, Date accepted_on) {
  database.query("SELECT ledger.lock_postings()");
  const auto year = static_cast<int>(accepted_on.year());
  const auto names = database.query("SELECT name FROM ledger.engagement WHERE name ~ $1",
                                    fmt::format("^E-{}-[0-9]{{2,6}}$", year));
  int last = 0;
  for (const auto& row : names) {
    const auto name = row.text("name");
    last = std::max(last, std::stoi(name.substr(name.rfind('-') + 1)));
  }
  return fmt::format("E-{}-{:02}", year, last + 1);
}

} // namespace

void add_quote(Postgres& database, const Quote& quote) {
  if (!quote.work && !quote.amount) {
    throw Error("a quote says how many hours, or how much, or both");
  }
  const auto there = database.query("SELECT FROM ledger.quote WHERE vendor = $1 AND number = $2",
                                    quote.vendor, quote.number);
  if (!there.empty()) {
    throw Error("the quote " + quote.number + " of " + quote.vendor +
                " has already been recorded (intendance quote show shows it)");
  }
  database.query("INSERT INTO ledger.quote (vendor, number, quoted_on, valid_until, service, "
                 "activity, minutes, cents, description, document) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, decode($10, 'hex'))",
                 quote.vendor, quote.number, core::format_date(quote.quoted_on),
                 date_parameter(quote.valid_until), quote.service, quote.activity,
                 quantity_parameter(quote.work), quantity_parameter(quote.amount),
                 quote.description, quote.document);
}

std::vector<Quote> list_quotes(Postgres& database) {
  std::vector<Quote> quotes;
  const auto rows = database.query(
      "SELECT q.vendor, q.number, q.quoted_on, q.valid_until, q.service, q.activity, q.minutes, "
      "q.cents, q.description, encode(q.document, 'hex') AS document, e.name AS engagement "
      "FROM ledger.quote q LEFT JOIN ledger.engagement e ON e.vendor = q.vendor "
      "AND e.quote_number = q.number ORDER BY q.quoted_on, q.vendor, q.number");
  for (const auto& row : rows) quotes.push_back(read_quote(row));
  return quotes;
}

Quote require_quote(Postgres& database, const std::string& vendor, const std::string& number) {
  std::string known;
  for (const auto& quote : list_quotes(database)) {
    if (quote.vendor != vendor) continue;
    if (quote.number == number) return quote;
    known += (known.empty() ? "" : " · ") + quote.number;
  }
  throw Error("there is no quote \"" + number + "\" of " + vendor + "; there are: " +
              (known.empty() ? "none yet (intendance quote add records one)" : known));
}

std::string_view kind_name(EngagementKind kind) {
  switch (kind) {
  case EngagementKind::quote: return "quote";
  case EngagementKind::purchase_order: return "purchase_order";
  case EngagementKind::contract: return "contract";
  }
  return "";
}

std::string add_engagement(Postgres& database, const NewEngagement& engagement) {
  if (!engagement.quote && !engagement.work && !engagement.amount) {
    throw Error("an engagement says how much is promised, or how many hours");
  }
  core::Transaction transaction(database);
  const auto name =
      engagement.name ? *engagement.name : next_name(database, engagement.accepted_on);
  const bool quoted = engagement.quote.has_value();
  const auto unless_quoted = [&](const std::string& text) {
    return quoted && text.empty() ? core::PostgresParameter() : core::PostgresParameter(text);
  };
  database.query(
      "INSERT INTO ledger.engagement (name, kind, fund, vendor, quote_number, service, activity, "
      "category, minutes, cents, accepted_by, accepted_on, expected_by, description, document) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, decode($15, 'hex'))",
      name, kind_name(engagement.kind), engagement.fund, engagement.vendor, engagement.quote,
      unless_quoted(engagement.service), engagement.activity, engagement.category,
      quantity_parameter(engagement.work), quantity_parameter(engagement.amount),
      engagement.accepted_by, core::format_date(engagement.accepted_on),
      date_parameter(engagement.expected_by), unless_quoted(engagement.description),
      engagement.document);
  transaction.commit();
  return name;
}

std::vector<Engagement> list_engagements(Postgres& database, Date as_of,
                                         const std::optional<std::string>& fund) {
  std::vector<Engagement> engagements;
  const auto rows = database.query(
      "SELECT e.name, e.kind, e.fund, e.vendor, e.service, e.activity, e.category, e.quote_number, "
      "e.description, e.accepted_by, e.accepted_on, e.expected_by, e.minutes, e.cents, "
      "s.used_minutes, s.used_cents, s.posted_cents, s.voided_cents, s.left_cents, s.over_cents, "
      "s.state FROM ledger.engagement e JOIN ledger.engagements($1::date) s ON s.name = e.name "
      "WHERE $2::text IS NULL OR e.fund = $2 ORDER BY e.accepted_on, e.name",
      core::format_date(as_of), fund);
  for (const auto& row : rows) engagements.push_back(read_engagement(row));
  return engagements;
}

Engagement require_engagement(Postgres& database, const std::string& name, Date as_of) {
  std::string known;
  for (const auto& engagement : list_engagements(database, as_of)) {
    if (engagement.name == name) return engagement;
    known += (known.empty() ? "" : " · ") + engagement.name;
  }
  throw Error(
      "there is no engagement \"" + name + "\"; there are: " +
      (known.empty() ? "none yet (intendance quote accept or engagement add makes one)" : known));
}

void void_engagement(Postgres& database, const std::string& name, std::optional<Cents> amount,
                     Date on, const std::string& reason) {
  if (reason.empty()) throw Error("say why the rest is not needed");
  database.query("INSERT INTO ledger.engagement_void (engagement, cents, voided_on, reason) "
                 "VALUES ($1, $2, $3, $4)",
                 name, quantity_parameter(amount), core::format_date(on), reason);
}

} // namespace intendance::billing
