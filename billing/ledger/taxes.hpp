// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "billing/dates.hpp"
#include "billing/tax/tax.hpp"
#include "core/postgres.hpp"

#include <string>
#include <vector>

namespace intendance::billing {

// The taxes and their rebates that hold on a day, by name.
std::vector<TaxRate> tax_rates(core::Postgres& database, Date day);

// What the work posted to a fund in a period costs. Taxes are those of an invoice's total, and the
// co-op bills by the month: until invoices are recorded, a month of one vendor counts as one
// invoice, taxed as on the month's last day. The estimate can differ by a few cents from invoices
// cut otherwise.
// An invoice's adjustments (a quarter's hours rounded up) are part of it.
TaxedTotal taxed_postings(core::Postgres& database, const std::string& fund, Period posted);
// The same of the work on a service, whoever pays, without adjustments, which are no service's.
TaxedTotal taxed_service(core::Postgres& database, const std::string& service, Period posted);

} // namespace intendance::billing
