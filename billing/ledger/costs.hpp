// SPDX-License-Identifier: AGPL-3.0-or-later
// Costs beside hours: what recurs, what is bought once, and what is given in kind and consumes no
// budget. Amounts are before tax.
#pragma once

#include "billing/dates.hpp"
#include "billing/ledger/catalogue.hpp"
#include "billing/money.hpp"
#include "billing/tax/tax.hpp"
#include "core/postgres.hpp"

#include <optional>
#include <string>
#include <vector>

namespace intendance::billing {

enum class CostKind { recurring, one_off, in_kind };
std::string_view kind_name(CostKind kind); // "recurring", "one_off", "in_kind"
enum class Taxation { taxable, untaxed };  // by TPS and TVQ

// `id` is made by whoever records it, once: with the same id a retry is harmless.
struct NewCost {
  std::string id;
  CostKind kind = CostKind::one_off;
  std::string service;
  std::optional<std::string> fund; // absent: in kind
  std::optional<std::string> vendor;
  std::string category = "hosting";
  std::optional<std::string> engagement;
  std::string description;
  Cents amount; // each time
  Taxation taxation = Taxation::taxable;
  Date first_on;
  std::optional<int> period_months; // absent: once
  std::optional<Date> last_on;
  std::optional<Date> expires_on; // when a domain or a licence lapses
  std::string valuation;          // in kind: who says that it is worth so much
  std::optional<std::string> document;
};

struct Cost : NewCost {
  std::optional<Date> ended_on; // nothing is due behind it
  std::optional<std::string> reverses;
};

// False when it was there already: a retry.
bool add_cost(core::Postgres& database, const NewCost& cost);
std::vector<Cost> list_costs(core::Postgres& database,
                             const std::optional<std::string>& service = std::nullopt);
// By the beginning of its id. Throws Error when none or several begin so.
Cost require_cost(core::Postgres& database, const std::string& id_prefix);

// Nothing is due behind that day any more.
void end_cost(core::Postgres& database, const std::string& id, Date last_day,
              const std::string& reason);
// Takes back what was due on a day; of a cost that does not recur no day is needed. Returns the new
// cost's id.
std::string reverse_charge(core::Postgres& database, const std::string& id,
                           std::optional<Date> due_on, const std::string& reason);

// One time that a cost falls due.
struct Charge {
  std::string cost;
  Date due_on;
  Date posted_on; // in which month it counts
  CostKind kind = CostKind::one_off;
  std::string service;
  std::optional<std::string> fund;
  std::string category;
  std::optional<std::string> engagement;
  std::string description;
  Cents amount; // negative in a reversal
  Taxation taxation = Taxation::taxable;
};

struct ChargeFilter {
  std::optional<std::string> fund; // only what consumes that fund's budget
  std::optional<std::string> service;
};
// Those that count in the period, by the day on which they do; those to come too.
std::vector<Charge> list_charges(core::Postgres& database, Period posted,
                                 const ChargeFilter& filter);

// What the charges come to with taxes, each taken for an invoice of its own.
TaxedTotal taxed_charges(core::Postgres& database, const std::vector<Charge>& charges);

// What a service costs in a period, whoever pays.
struct ServiceCost {
  CatalogueItem service;
  Minutes work;
  TaxedTotal hours;
  std::vector<Charge> charges; // of the whole period, in kind too
  TaxedTotal recurring;        // due until `as_of`
  TaxedTotal one_off;
  TaxedTotal to_come; // of either, due later in the period
  Cents in_kind;      // memo, of the whole period; consumes nothing
  Date as_of;

  TaxedTotal to_date() const;
};
ServiceCost cost_of_service(core::Postgres& database, const CatalogueItem& service, Period period,
                            Date as_of);

} // namespace intendance::billing
