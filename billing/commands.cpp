// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/commands.hpp"

#include "billing/command_support.hpp"

namespace intendance::billing {

void register_commands(core::CommandLine& line, std::vector<SectionSource> sections) {
  register_hours_commands(line);
  register_import_commands(line);
  register_budget_commands(line);
  register_grant_commands(line);
  register_catalogue_commands(line);
  register_commitment_commands(line);
  register_cost_commands(line);
  register_invoice_commands(line);
  register_reconciliation_commands(line);
  register_closing_commands(line, sections);
  register_report_commands(line, std::move(sections));
  register_ledger_commands(line);
  register_forecast_commands(line);
}

} // namespace intendance::billing
