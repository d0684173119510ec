// SPDX-License-Identifier: AGPL-3.0-or-later
// A timesheet and an invoice's lines as a stranger hands them over.
#include "billing/imports/timesheet.hpp"

#include "billing/invoices/lines.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

#include <cstdlib>

using namespace intendance;

namespace {

billing::TimesheetTerms known_terms() {
  billing::TimesheetTerms terms;
  terms.services = {{"tei", "TEI", "TEI"}};
  terms.activities = {{"maintenance", "maintenance", "maintenance"}};
  terms.funds = {{"F", "", "", "grant", 4}};
  terms.rates = {{"koumbit", std::nullopt, core::parse_date("2000-01-01"), std::nullopt,
                  billing::Cents(12000), ""}};
  terms.vendor = "koumbit";
  terms.service = "tei";
  terms.activity = "maintenance";
  terms.today = core::parse_date("2026-11-28");
  return terms;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto terms = known_terms();
  static const billing::LineTerms line_terms{terms.services, terms.activities, terms.funds, "F"};
  std::string text;
  try {
    text = billing::decode_text(core::as_text({data, size})).text;
  } catch (const core::Error&) {
    return 0;
  }
  billing::InputFaults faults;
  const auto table = billing::parse_csv(text, faults);
  for (const auto& row : table.rows) {
    if (row.size() != table.heading.size()) std::abort();
  }
  const auto sheet = billing::read_timesheet(table, {}, terms, faults);
  for (const auto& row : sheet.rows) {
    // What the ledger would refuse never comes so far.
    const auto& entry = row.entry;
    if (entry.work <= billing::Minutes(0) || entry.work > billing::Minutes(1440)) std::abort();
    if (entry.worked_on > terms.today || entry.description.empty() || entry.person.empty())
      std::abort();
    if (entry.description.find_first_of("\n\r\t") != std::string::npos) std::abort();
  }
  billing::read_invoice_lines(table, line_terms, faults);
  faults.text("f");
  return 0;
}
