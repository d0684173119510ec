// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/rates.hpp"

namespace intendance::billing {
namespace {

using core::Error;
using core::Postgres;

Date day_before(Date day) { return Date(std::chrono::sys_days(day) - std::chrono::days(1)); }

void end_running_rate(Postgres& database, const Rate& rate) {
  database.query("UPDATE ledger.rate SET valid = daterange(lower(valid), $3::date) "
                 "WHERE vendor = $1 AND activity IS NOT DISTINCT FROM $2 "
                 "AND valid @> $3::date AND lower(valid) < $3::date",
                 rate.vendor, rate.activity, core::format_date(rate.from));
}

[[noreturn]] void throw_overlap(Postgres& database, const Rate& rate) {
  const auto there =
      database.query("SELECT lower(valid) AS since FROM ledger.rate WHERE vendor = $1 "
                     "AND activity IS NOT DISTINCT FROM $2 AND valid && daterange($3::date, NULL) "
                     "ORDER BY lower(valid) LIMIT 1",
                     rate.vendor, rate.activity, core::format_date(rate.from));
  const auto since = there.empty() ? std::string("that day") : there.only().text("since");
  throw Error("a rate of " + rate.vendor + (rate.activity ? " for " + *rate.activity : "") +
              " from " + core::format_date(rate.from) + " would overlap the one from " + since +
              "; two rates never hold on one day (intendance rate list shows them)");
}

} // namespace

std::vector<Rate> list_rates(Postgres& database) {
  std::vector<Rate> rates;
  const auto rows = database.query(
      "SELECT vendor, activity, lower(valid) AS first, upper(valid) AS behind, cents_per_hour, "
      "source FROM ledger.rate ORDER BY vendor, activity NULLS FIRST, lower(valid)");
  for (const auto& row : rows) {
    Rate rate;
    rate.vendor = row.text("vendor");
    rate.activity = row.optional_text("activity");
    rate.from = core::parse_date(row.text("first"));
    if (const auto behind = row.optional_text("behind")) {
      rate.until = day_before(core::parse_date(*behind));
    }
    rate.per_hour = Cents(row.integer("cents_per_hour"));
    rate.source = row.text("source");
    rates.push_back(std::move(rate));
  }
  return rates;
}

void set_rate(Postgres& database, const Rate& rate) {
  if (rate.per_hour <= Cents(0)) throw Error("a rate must be above zero");
  if (rate.until && *rate.until < rate.from) {
    throw Error("the rate would end on " + core::format_date(*rate.until) + ", before it begins");
  }
  core::PostgresParameter last;
  if (rate.until) last = core::format_date(*rate.until);
  try {
    core::Transaction transaction(database);
    end_running_rate(database, rate);
    database.query("INSERT INTO ledger.rate (vendor, activity, valid, cents_per_hour, source) "
                   "VALUES ($1, $2, daterange($3::date, $4::date + 1), $5, $6)",
                   rate.vendor, rate.activity, core::format_date(rate.from), last,
                   rate.per_hour.count(), rate.source);
    transaction.commit();
  } catch (const core::PostgresError& error) {
    if (error.constraint() == "rate_overlap") throw_overlap(database, rate);
    if (error.sqlstate() == "23503") {
      throw Error("there is no vendor \"" + rate.vendor +
                  "\"; add it with: intendance vendor add " + rate.vendor);
    }
    if (error.sqlstate() == "23514") {
      throw Error("a rate of " + format_decimal(rate.per_hour) +
                  " dollars an hour is refused; allowed: 0.01 to 100000.00");
    }
    throw;
  }
}

std::optional<Cents> highest_rate(Postgres& database, const std::string& vendor, Date day) {
  const auto highest = database
                           .query("SELECT max(cents_per_hour) AS cents FROM ledger.rate "
                                  "WHERE vendor = $1 AND valid @> $2::date",
                                  vendor, core::format_date(day))
                           .only()
                           .optional_integer("cents");
  if (!highest) return std::nullopt;
  return Cents(*highest);
}

} // namespace intendance::billing
