// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/tax/tax.hpp"

#include "core/error.hpp"

#include <algorithm>

namespace intendance::billing {
namespace {

constexpr std::int64_t whole = 100000;

} // namespace

std::string_view basis_name(Basis basis) {
  switch (basis) {
  case Basis::net: return "net";
  case Basis::gross: return "gross";
  case Basis::before_tax: return "before_tax";
  }
  return "net";
}

Basis parse_basis(std::string_view name) {
  for (const auto basis : {Basis::net, Basis::gross, Basis::before_tax}) {
    if (name == basis_name(basis)) return basis;
  }
  throw core::Error("\"" + std::string(name) +
                    "\" is not a basis of amounts; allowed: net · gross · before_tax");
}

Cents TaxedTotal::tax() const {
  Cents sum;
  for (const auto& amount : taxes) sum += amount.tax;
  return sum;
}

Cents TaxedTotal::rebate() const {
  Cents sum;
  for (const auto& amount : taxes) sum += amount.rebate;
  return sum;
}

Cents TaxedTotal::on(Basis basis) const {
  switch (basis) {
  case Basis::net: return net();
  case Basis::gross: return gross();
  case Basis::before_tax: return before_tax;
  }
  return net();
}

TaxedTotal& TaxedTotal::operator+=(const TaxedTotal& other) {
  before_tax += other.before_tax;
  for (const auto& added : other.taxes) {
    const auto mine = std::find_if(taxes.begin(), taxes.end(), [&](const TaxAmount& amount) {
      return amount.rate == added.rate;
    });
    if (mine == taxes.end()) {
      taxes.push_back(added);
    } else {
      mine->tax += added.tax;
      mine->rebate += added.rebate;
    }
  }
  return *this;
}

TaxedTotal tax_invoice(Cents before_tax, const std::vector<TaxRate>& rates) {
  TaxedTotal total;
  total.before_tax = before_tax;
  for (const auto& rate : rates) {
    const auto tax = proportion(before_tax.count(), rate.parts, whole);
    total.taxes.push_back({rate, Cents(tax), Cents(proportion(tax, rate.rebate_parts, whole))});
  }
  return total;
}

} // namespace intendance::billing
