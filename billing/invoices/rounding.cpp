// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/invoices/rounding.hpp"

#include <map>

namespace intendance::billing {
namespace {

constexpr std::int64_t whole = 100000;
constexpr std::int64_t hour = 60;

std::int64_t parts_of(const std::vector<TaxRate>& rates, std::string_view name) {
  for (const auto& rate : rates) {
    if (rate.name == name) return rate.parts;
  }
  return 0;
}

Cents tax_on(Cents amount, std::int64_t parts) {
  return Cents(proportion(amount.count(), parts, whole));
}

} // namespace

std::string_view method_name(TaxMethod method) {
  switch (method) {
  case TaxMethod::per_invoice: return "per_invoice";
  case TaxMethod::per_line: return "per_line";
  case TaxMethod::one_step: return "one_step";
  }
  return "";
}

std::string_view method_name(AmountMethod method) {
  switch (method) {
  case AmountMethod::exact: return "exact";
  case AmountMethod::whole_line: return "whole_line";
  case AmountMethod::each_entry: return "each_entry";
  }
  return "";
}

std::vector<TaxTrial> try_taxes(const Invoice& invoice, const std::vector<TaxRate>& rates,
                                const std::set<int>& untaxed_lines) {
  const auto tps = parts_of(rates, "TPS");
  const auto tvq = parts_of(rates, "TVQ");
  TaxTrial per_line{TaxMethod::per_line, Cents(), Cents()};
  Cents total;
  for (const auto& line : invoice.lines) {
    if (untaxed_lines.contains(line.number)) continue;
    total += line.amount;
    per_line.tps += tax_on(line.amount, tps);
    per_line.tvq += tax_on(line.amount, tvq);
  }
  TaxTrial per_invoice{TaxMethod::per_invoice, tax_on(total, tps), tax_on(total, tvq)};
  TaxTrial one_step{TaxMethod::one_step, per_invoice.tps,
                    tax_on(total, tps + tvq) - per_invoice.tps};
  for (auto* trial : {&per_invoice, &per_line}) {
    trial->agrees = trial->tps == invoice.tps && trial->tvq == invoice.tvq;
  }
  one_step.agrees = one_step.tps + one_step.tvq == invoice.tps + invoice.tvq;
  return {per_invoice, per_line, one_step};
}

std::optional<AmountMethod> amount_method(Cents amount, const std::vector<const Entry*>& entries) {
  std::map<std::int64_t, Minutes> by_rate;
  Cents each;
  for (const auto* entry : entries) {
    by_rate[entry->per_hour.count()] += entry->work;
    each += entry->amount;
  }
  Cents together;
  for (const auto& [per_hour, work] : by_rate) together += price(work, Cents(per_hour));
  if (amount == together && amount == each) return AmountMethod::exact;
  if (amount == together) return AmountMethod::whole_line;
  if (amount == each) return AmountMethod::each_entry;
  return std::nullopt;
}

std::optional<Minutes> quarter_rounding(Cents amount, Minutes billed, Cents per_hour) {
  const auto rest = billed.count() % hour;
  if (billed <= Minutes(0) || rest == 0) return std::nullopt;
  const Minutes added(hour - rest);
  if (price(added, per_hour) != amount) return std::nullopt;
  return added;
}

bool ends_quarter(Date period_end) { return static_cast<unsigned>(period_end.month()) % 3 == 2; }

} // namespace intendance::billing
