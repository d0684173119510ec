// SPDX-License-Identifier: AGPL-3.0-or-later
// For the oracle beside it: a line of input is an invoice, the cents of its lines between blanks; a
// line of output what the room makes of it, in cents.
#include "billing/invoices/rounding.hpp"

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

using namespace intendance::billing;

int main() {
  const std::vector<TaxRate> rates = {{"TPS", 5000, 67000}, {"TVQ", 9975, 47000}};
  std::ios::sync_with_stdio(false);
  for (std::string text; std::getline(std::cin, text);) {
    Invoice invoice;
    std::istringstream words(text);
    for (std::int64_t cents = 0; words >> cents;) {
      InvoiceLine line;
      line.amount = Cents(cents);
      invoice.lines.push_back(line);
    }
    const auto total = tax_invoice(invoice.before_tax(), rates);
    std::cout << total.before_tax.count() << ' ' << total.taxes[0].tax.count() << ' '
              << total.taxes[1].tax.count() << ' ' << total.taxes[0].rebate.count() << ' '
              << total.taxes[1].rebate.count() << ' ' << total.gross().count() << ' '
              << total.net().count();
    for (const auto& trial : try_taxes(invoice, rates)) {
      std::cout << ' ' << trial.tps.count() << ' ' << trial.tvq.count();
    }
    std::cout << '\n';
  }
  return 0;
}
