// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/costs.hpp"

#include "billing/ledger/parameters.hpp"
#include "billing/ledger/taxes.hpp"
#include "billing/ledger/uuid.hpp"

#include <algorithm>
#include <map>

namespace intendance::billing {
namespace {

using core::Error;
using core::Postgres;
using core::PostgresRow;

CostKind parse_kind(const std::string& name) {
  for (const auto kind : {CostKind::recurring, CostKind::one_off, CostKind::in_kind}) {
    if (kind_name(kind) == name) return kind;
  }
  throw core::CorruptData("the ledger holds a cost of the unknown kind " + name);
}

Taxation parse_taxation(const std::string& name) {
  return name == "taxable" ? Taxation::taxable : Taxation::untaxed;
}

Cost read_cost(const PostgresRow& row) {
  Cost cost;
  cost.id = row.text("cost_id");
  cost.kind = parse_kind(row.text("kind"));
  cost.service = row.text("service");
  cost.fund = row.optional_text("fund");
  cost.vendor = row.optional_text("vendor");
  cost.category = row.text("category");
  cost.engagement = row.optional_text("engagement");
  cost.description = row.text("description");
  cost.amount = Cents(row.integer("cents"));
  cost.taxation = parse_taxation(row.text("taxation"));
  cost.first_on = core::parse_date(row.text("first_on"));
  if (const auto months = row.optional_integer("period_months")) {
    cost.period_months = static_cast<int>(*months);
  }
  cost.last_on = optional_date(row, "last_on");
  cost.expires_on = optional_date(row, "expires_on");
  cost.valuation = row.text("valuation");
  cost.document = row.optional_text("document");
  cost.ended_on = optional_date(row, "ends_on");
  cost.reverses = row.optional_text("reverses");
  return cost;
}

Charge read_charge(const PostgresRow& row) {
  Charge charge;
  charge.cost = row.text("cost_id");
  charge.due_on = core::parse_date(row.text("due_on"));
  charge.posted_on = core::parse_date(row.text("posted_on"));
  charge.kind = parse_kind(row.text("kind"));
  charge.service = row.text("service");
  charge.fund = row.optional_text("fund");
  charge.category = row.text("category");
  charge.engagement = row.optional_text("engagement");
  charge.description = row.text("description");
  charge.amount = Cents(row.integer("cents"));
  charge.taxation = parse_taxation(row.text("taxation"));
  return charge;
}

void check_cost(const NewCost& cost) {
  if (cost.description.empty()) throw Error("say what the cost is");
  const bool in_kind = cost.kind == CostKind::in_kind;
  if (in_kind && cost.valuation.empty()) {
    throw Error("what is given in kind needs the source of its valuation");
  }
  if (in_kind == cost.fund.has_value()) {
    throw Error(in_kind ? "what is given in kind is paid by no fund" : "which fund pays the cost?");
  }
  if (cost.last_on && *cost.last_on < cost.first_on) {
    throw Error("the cost would end on " + core::format_date(*cost.last_on) + ", before it begins");
  }
}

} // namespace

std::string_view kind_name(CostKind kind) {
  switch (kind) {
  case CostKind::recurring: return "recurring";
  case CostKind::one_off: return "one_off";
  case CostKind::in_kind: return "in_kind";
  }
  return "";
}

bool add_cost(Postgres& database, const NewCost& cost) {
  check_cost(cost);
  return database
             .query("INSERT INTO ledger.cost (cost_id, kind, service, fund, vendor, category, "
                    "engagement, description, cents, taxation, first_on, period_months, last_on, "
                    "expires_on, valuation, document) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
                    "$10, $11, $12, $13, $14, $15, decode($16, 'hex'))",
                    cost.id, kind_name(cost.kind), cost.service, cost.fund, cost.vendor,
                    cost.category, cost.engagement, cost.description, cost.amount.count(),
                    cost.taxation == Taxation::taxable ? "taxable" : "untaxed",
                    core::format_date(cost.first_on),
                    cost.period_months
                        ? core::PostgresParameter(std::to_string(*cost.period_months))
                        : std::nullopt,
                    date_parameter(cost.last_on), date_parameter(cost.expires_on), cost.valuation,
                    cost.document)
             .affected() > 0;
}

std::vector<Cost> list_costs(Postgres& database, const std::optional<std::string>& service) {
  std::vector<Cost> costs;
  const auto rows = database.query(
      "SELECT c.cost_id, c.kind, c.service, c.fund, c.vendor, c.category, c.engagement, "
      "c.description, c.cents, c.taxation, c.first_on, c.period_months, c.last_on, c.expires_on, "
      "c.valuation, encode(c.document, 'hex') AS document, e.ends_on, c.reverses "
      "FROM ledger.cost c LEFT JOIN ledger.cost_end e ON e.cost_id = c.cost_id "
      "WHERE $1::text IS NULL OR c.service = $1 "
      "ORDER BY c.service::text COLLATE \"C\", c.first_on, c.cost_id",
      service);
  for (const auto& row : rows) costs.push_back(read_cost(row));
  return costs;
}

Cost require_cost(Postgres& database, const std::string& id_prefix) {
  std::optional<Cost> found;
  for (const auto& cost : list_costs(database)) {
    if (id_prefix.empty() || cost.id.compare(0, id_prefix.size(), id_prefix) != 0) continue;
    if (found) {
      throw Error("several costs begin with \"" + id_prefix +
                  "\"; give more of the id (intendance cost list shows them)");
    }
    found = cost;
  }
  if (!found) {
    throw Error("there is no cost \"" + id_prefix +
                "\"; intendance cost list shows those there are");
  }
  return *found;
}

void end_cost(Postgres& database, const std::string& id, Date last_day, const std::string& reason) {
  if (reason.empty()) throw Error("say why the cost ends");
  database.query("INSERT INTO ledger.cost_end (cost_id, ends_on, reason) VALUES ($1, $2, $3)", id,
                 core::format_date(last_day), reason);
}

std::string reverse_charge(Postgres& database, const std::string& id, std::optional<Date> due_on,
                           const std::string& reason) {
  if (reason.empty()) throw Error("say why the cost is taken back");
  const auto reversal = new_uuid();
  database.query("INSERT INTO ledger.cost (cost_id, reverses, reverses_due, description) "
                 "VALUES ($1, $2, $3, $4)",
                 reversal, id, date_parameter(due_on), reason);
  return reversal;
}

std::vector<Charge> list_charges(Postgres& database, Period posted, const ChargeFilter& filter) {
  std::vector<Charge> charges;
  const auto rows = database.query(
      "SELECT * FROM ledger.cost_charges($1::date, $2::date) "
      "WHERE ($3::text IS NULL OR fund = $3) AND ($4::text IS NULL OR service = $4) "
      "ORDER BY posted_on, due_on, service COLLATE \"C\", cost_id",
      core::format_date(posted.from), core::format_date(posted.to), filter.fund, filter.service);
  for (const auto& row : rows) charges.push_back(read_charge(row));
  return charges;
}

TaxedTotal taxed_charges(Postgres& database, const std::vector<Charge>& charges) {
  std::map<std::string, std::vector<TaxRate>> rates;
  TaxedTotal total;
  for (const auto& charge : charges) {
    if (charge.taxation == Taxation::untaxed) {
      total += tax_invoice(charge.amount, {});
      continue;
    }
    const auto day = core::format_date(charge.due_on);
    if (!rates.contains(day)) rates[day] = tax_rates(database, charge.due_on);
    total += tax_invoice(charge.amount, rates[day]);
  }
  return total;
}

TaxedTotal ServiceCost::to_date() const {
  auto total = hours;
  total += recurring;
  total += one_off;
  return total;
}

ServiceCost cost_of_service(Postgres& database, const CatalogueItem& service, Period period,
                            Date as_of) {
  ServiceCost cost;
  cost.service = service;
  cost.as_of = std::min(as_of, period.to);
  cost.charges = list_charges(database, period, {std::nullopt, service.name});
  std::vector<Charge> recurring;
  std::vector<Charge> one_off;
  std::vector<Charge> to_come;
  for (const auto& charge : cost.charges) {
    if (charge.kind == CostKind::in_kind) {
      cost.in_kind += charge.amount;
    } else if (charge.posted_on > cost.as_of) {
      to_come.push_back(charge);
    } else {
      (charge.kind == CostKind::recurring ? recurring : one_off).push_back(charge);
    }
  }
  cost.recurring = taxed_charges(database, recurring);
  cost.one_off = taxed_charges(database, one_off);
  cost.to_come = taxed_charges(database, to_come);
  const auto work =
      database.query("SELECT coalesce(sum(minutes), 0) AS minutes FROM ledger.entry "
                     "WHERE service = $1 AND posted_on BETWEEN $2 AND $3",
                     service.name, core::format_date(period.from), core::format_date(cost.as_of));
  cost.work = Minutes(work.only().integer("minutes"));
  cost.hours = taxed_service(database, service.name, {period.from, cost.as_of});
  return cost;
}

} // namespace intendance::billing
