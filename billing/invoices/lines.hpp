// SPDX-License-Identifier: AGPL-3.0-or-later
// Lines of an invoice as somebody types them, or as a table holds them.
#pragma once

#include "billing/imports/csv.hpp"
#include "billing/ledger/catalogue.hpp"
#include "billing/ledger/invoices.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace intendance::billing {

// What the ledger knows, for names.
struct LineTerms {
  std::vector<CatalogueItem> services;
  std::vector<CatalogueItem> activities;
  std::vector<Fund> funds;
  std::string fund; // of lines that say none
};

// "hours;SERVICE;ACTIVITY;WORK;AMOUNT[;WHAT[;DAY]]", "cost;SERVICE;AMOUNT;WHAT" or
// "adjustment;AMOUNT;WHY". An empty service or activity is any. Throws Error.
InvoiceLine parse_invoice_line(const std::string& text, const LineTerms& terms);

// A table with a heading: kind, service, activity, hours or minutes, amount, description, day,
// fund. A row without a kind is of hours when it has some. Faults are counted, and their rows left
// out.
std::vector<InvoiceLine> read_invoice_lines(const CsvTable& table, const LineTerms& terms,
                                            InputFaults& faults);

// As parse_money, with a sign in front for a credit: "-120.00".
Cents parse_signed_money(std::string_view text);

} // namespace intendance::billing
