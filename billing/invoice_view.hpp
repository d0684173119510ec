// SPDX-License-Identifier: AGPL-3.0-or-later
// What the commands about invoices share: how they look, and which one is meant.
#pragma once

#include "billing/ledger/invoices.hpp"
#include "core/command.hpp"

#include <string>
#include <string_view>

namespace intendance::billing {

std::string line_text(const InvoiceLine& line, core::Language language);
void print_invoice_line(const core::CommandContext& context, const Invoice& invoice);

// One invoice entirely. Exit status 3 when it lacks what Revenu Québec wants on it.
core::ExitStatus answer_invoice(const core::CommandContext& context, core::Postgres& database,
                                const Invoice& invoice);

// The one of the argument "number" and of --vendor.
Invoice chosen_invoice(const core::CommandContext& context, core::Postgres& database);

// A command about one invoice, with --vendor.
core::Command invoice_command(const char* name, const char* summary,
                              core::ExitStatus (*run)(core::CommandContext&), const char* example);

} // namespace intendance::billing
