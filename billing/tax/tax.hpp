// SPDX-License-Identifier: AGPL-3.0-or-later
// Québec's sales taxes on an invoice's total and what a university gets back of them. Each tax is
// computed on the price before both and rounded to the cent, half a cent up (Revenu Québec,
// "Calculating the Taxes"); so is each rebate on its tax.
#pragma once

#include "billing/money.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace intendance::billing {

// Proportions in parts per 100 000: TVQ 9.975 % is 9975, its rebate of 47 % is 47000.
struct TaxRate {
  std::string name; // "TPS", "TVQ"
  std::int64_t parts = 0;
  std::int64_t rebate_parts = 0;
  friend bool operator==(const TaxRate&, const TaxRate&) = default;
};

struct TaxAmount {
  TaxRate rate;
  Cents tax;
  Cents rebate;
};

// What a budget pays: after rebates, with taxes, or before them.
enum class Basis { net, gross, before_tax };
std::string_view basis_name(Basis basis); // "net", "gross", "before_tax"
Basis parse_basis(std::string_view name); // throws Error that names what is allowed

// An invoice, or several added together.
struct TaxedTotal {
  Cents before_tax;
  std::vector<TaxAmount> taxes;

  Cents tax() const;
  Cents rebate() const;
  Cents gross() const { return before_tax + tax(); }
  Cents net() const { return gross() - rebate(); }
  Cents on(Basis basis) const;
  // Adds amount by amount; taxes are matched by name and rate.
  TaxedTotal& operator+=(const TaxedTotal& other);
};

// The taxes of one invoice, computed on its total and not line by line, which would drift by cents.
TaxedTotal tax_invoice(Cents before_tax, const std::vector<TaxRate>& rates);

} // namespace intendance::billing
