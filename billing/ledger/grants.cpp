// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/grants.hpp"

#include "billing/ledger/parameters.hpp"

namespace intendance::billing {
namespace {

using core::Error;
using core::Postgres;
using core::PostgresError;

constexpr const char* already_there = "23505";
constexpr const char* not_allowed = "23514";

} // namespace

std::vector<GrantAward> list_awards(Postgres& database, const std::optional<std::string>& fund) {
  std::vector<GrantAward> awards;
  for (const auto& row : database.query(
           "SELECT name, fund, funder, number, starts_on, ends_on FROM ledger.grant_award "
           "WHERE $1::text IS NULL OR fund = $1 ORDER BY name",
           fund)) {
    awards.push_back(
        {row.text("name"),
         row.text("fund"),
         row.text("funder"),
         row.text("number"),
         {core::parse_date(row.text("starts_on")), core::parse_date(row.text("ends_on"))}});
  }
  for (const auto& row : database.query("SELECT award, due_on, report, label_fr, label_en, state "
                                        "FROM ledger.grant_deadline ORDER BY due_on, report")) {
    for (auto& award : awards) {
      if (award.name != row.text("award")) continue;
      award.deadlines.push_back({award.name, core::parse_date(row.text("due_on")),
                                 row.text("report"), row.text("label_fr"), row.text("label_en"),
                                 row.text("state")});
    }
  }
  return awards;
}

GrantAward require_award(Postgres& database, const std::string& name) {
  std::string names;
  for (const auto& award : list_awards(database, std::nullopt)) {
    if (award.name == name) return award;
    names += (names.empty() ? "" : " · ") + award.name;
  }
  throw Error("there is no grant \"" + name + "\"; there are: " +
              (names.empty() ? "none yet" : names) + "; add it with: intendance grant add " + name);
}

void add_award(Postgres& database, const GrantAward& award) {
  if (award.funder.empty() || award.number.empty())
    throw Error("a grant has a funder and the funder's number");
  if (award.days.to <= award.days.from) throw Error("the grant would end before it begins");
  try {
    database.query(
        "INSERT INTO ledger.grant_award (name, fund, funder, number, starts_on, ends_on) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        award.name, award.fund, award.funder, award.number, core::format_date(award.days.from),
        core::format_date(award.days.to));
  } catch (const PostgresError& error) {
    if (error.sqlstate() == already_there) {
      throw Error("the grant " + award.name +
                  " is recorded already; only its end may change (intendance grant extend)");
    }
    if (error.sqlstate() == not_allowed) {
      throw Error("the grant \"" + award.name +
                  "\" is refused; its name is letters without accents, digits, . _ -, "
                  "and its days lie between 1990 and 2199");
    }
    throw;
  }
}

void extend_award(Postgres& database, const std::string& name, Date last_day) {
  try {
    database.query("UPDATE ledger.grant_award SET ends_on = $2 WHERE name = $1", name,
                   core::format_date(last_day));
  } catch (const PostgresError& error) {
    if (error.sqlstate() != not_allowed) throw;
    throw Error("the grant " + name + " cannot end on " + core::format_date(last_day) +
                ", before it begins");
  }
}

void add_deadline(Postgres& database, const GrantDeadline& deadline) {
  try {
    database.query("INSERT INTO ledger.grant_deadline (award, due_on, report, label_fr, label_en) "
                   "VALUES ($1, $2, $3, $4, $5)",
                   deadline.award, core::format_date(deadline.due_on), deadline.report,
                   deadline.label_french, deadline.label_english);
  } catch (const PostgresError& error) {
    if (error.sqlstate() == already_there) {
      throw Error("the deadline of " + deadline.report + " on " +
                  core::format_date(deadline.due_on) + " is recorded already");
    }
    if (error.sqlstate() == not_allowed) {
      throw Error("\"" + deadline.report +
                  "\" cannot be a report's name; allowed: letters without accents, digits, . _ -");
    }
    throw;
  }
}

void set_deadline(Postgres& database, const std::string& award, const std::string& report,
                  Date due_on, const std::string& state) {
  const auto changed = database.query("UPDATE ledger.grant_deadline SET state = $4 "
                                      "WHERE award = $1 AND report = $2 AND due_on = $3",
                                      award, report, core::format_date(due_on), state);
  if (changed.affected() == 0) {
    throw Error("the grant " + award + " has no deadline of " + report + " on " +
                core::format_date(due_on) + "; intendance grant list shows those there are");
  }
}

std::vector<TaxNumber> list_tax_numbers(Postgres& database) {
  std::vector<TaxNumber> numbers;
  for (const auto& row : database.query("SELECT vendor, tax, since, number FROM "
                                        "ledger.vendor_tax_number ORDER BY vendor, tax, since")) {
    numbers.push_back({row.text("vendor"), row.text("tax"), core::parse_date(row.text("since")),
                       row.text("number")});
  }
  return numbers;
}

void add_tax_number(Postgres& database, const TaxNumber& number) {
  try {
    database.query(
        "INSERT INTO ledger.vendor_tax_number (vendor, tax, since, number) VALUES ($1, $2, $3, $4)",
        number.vendor, number.tax, core::format_date(number.since), number.number);
  } catch (const PostgresError& error) {
    if (error.sqlstate() == not_allowed) {
      throw Error("\"" + number.number + "\" is not a number of the " + number.tax +
                  "; allowed: 123456789RT0001 for the TPS, 1234567890TQ0001 for the TVQ");
    }
    if (error.sqlstate() == already_there) {
      throw Error("a number of the " + number.tax + " of " + number.vendor + " since " +
                  core::format_date(number.since) +
                  " is recorded already; give the day from which the new one holds "
                  "with --since");
    }
    throw;
  }
}

bool add_category(Postgres& database, const CatalogueItem& category) {
  try {
    return database
               .query("INSERT INTO ledger.budget_category (name, label_fr, label_en) VALUES ($1, "
                      "$2, $3) "
                      "ON CONFLICT DO NOTHING",
                      category.name, category.label_french, category.label_english)
               .affected() > 0;
  } catch (const PostgresError& error) {
    if (error.sqlstate() != not_allowed) throw;
    throw Error("\"" + category.name +
                "\" cannot be a line of budgets; allowed: letters without accents, digits, "
                ". _ -, at most 63 (the labels are free)");
  }
}

void set_basis(Postgres& database, const std::string& fund, Basis basis, Date from) {
  core::Transaction transaction(database);
  database.query("UPDATE ledger.budget_basis SET valid = daterange(lower(valid), $2::date) "
                 "WHERE fund = $1 AND valid @> $2::date AND lower(valid) < $2::date",
                 fund, core::format_date(from));
  try {
    database.query("INSERT INTO ledger.budget_basis (fund, valid, basis) VALUES ($1, "
                   "daterange($2::date, NULL), $3)",
                   fund, core::format_date(from), basis_name(basis));
  } catch (const PostgresError& error) {
    if (error.constraint() != "budget_basis_overlap") throw;
    throw Error("a basis of " + fund + " from a day not before " + core::format_date(from) +
                " is recorded already; choose a later day");
  }
  transaction.commit();
}

} // namespace intendance::billing
