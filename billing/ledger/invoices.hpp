// SPDX-License-Identifier: AGPL-3.0-or-later
// Invoices as vendors send them, their lines and payments. What the database refuses comes back as
// core::PostgresError with words for people; see billing/schema/0007_invoices.sql.
#pragma once

#include "billing/dates.hpp"
#include "billing/money.hpp"
#include "billing/tax/tax.hpp"
#include "core/postgres.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intendance::billing {

// Hours and costs are matched to what was recorded; adjustments (a quarter's hours rounded up, a
// vendor's rebate) stand for nothing else and consume the budget themselves.
enum class LineKind { hours, cost, adjustment };
std::string_view kind_name(LineKind kind);       // "hours", "cost", "adjustment"
LineKind parse_line_kind(std::string_view text); // these, or the French words; throws Error

struct InvoiceLine {
  int number = 0; // from 1 on, in the invoice's order
  LineKind kind = LineKind::hours;
  std::string fund;
  std::optional<std::string> service; // absent: whichever
  std::optional<std::string> activity;
  std::optional<Date> worked_on; // where the line names a day
  std::optional<Minutes> work;   // of hours
  Cents amount;                  // before tax; negative in a credit
  std::string description;
};

// `id` is made by whoever records it, once: with the same id a retry is harmless.
struct NewInvoice {
  std::string id;
  std::string vendor;
  std::string number; // the vendor's own
  Date dated;
  Period period; // of the work
  std::optional<Date> due_on;
  std::optional<std::string> buyer; // as the invoice prints them, absent when it does not
  std::optional<std::string> terms;
  std::optional<std::string> tps_number; // the vendor's registration
  std::optional<std::string> tvq_number;
  Cents tps; // as billed
  Cents tvq;
  std::string description;
  std::optional<std::string> document;
  std::vector<InvoiceLine> lines;

  Cents before_tax() const; // the sum of the lines
  Cents total() const { return before_tax() + tps + tvq; }
};

struct Payment {
  std::string id;
  Date paid_on;
  Cents amount; // negative when it takes one back
  std::string reference;
  std::optional<std::string> document;
  std::optional<std::string> reverses;
};

struct Invoice : NewInvoice {
  Date posted_on;                    // in which month its adjustments count
  std::optional<std::string> voided; // why it counts no more
  std::vector<Payment> payments;
  std::string recorded_by;
  std::string recorded_at; // UTC, ISO 8601

  Cents paid() const;
  Cents owed() const { return total() - paid(); }
};

// False when it was there already as it is: a retry. Throws Error for an invoice without lines.
bool add_invoice(core::Postgres& database, const NewInvoice& invoice);

struct InvoiceFilter {
  std::optional<std::string> vendor = std::nullopt;
  std::optional<std::string> fund = std::nullopt; // that a line names
  std::optional<Period> posted = std::nullopt;
  bool with_voided = false;
};
// By date, then number.
std::vector<Invoice> list_invoices(core::Postgres& database, const InvoiceFilter& filter);
// By its number, the one that counts if others were voided. Throws Error that lists the newest.
Invoice require_invoice(core::Postgres& database, const std::string& vendor,
                        const std::string& number);

void void_invoice(core::Postgres& database, const std::string& id, const std::string& reason);

struct NewPayment {
  std::string id; // made by whoever records it, once
  std::string invoice;
  Date paid_on;
  Cents amount;
  std::string reference;
  std::optional<std::string> document = std::nullopt;
};
// False when it was there already: a retry.
bool add_payment(core::Postgres& database, const NewPayment& payment);
// Takes a payment back. `id` is the reversal's.
void reverse_payment(core::Postgres& database, const std::string& payment, const std::string& id,
                     Date day, const std::string& reference);

// The taxes as billed, with the rebates of those rates on them.
TaxedTotal billed_total(const Invoice& invoice, const std::vector<TaxRate>& rates);

// What Revenu Québec wants on an invoice and this one lacks, beside its date: "tps_number",
// "tvq_number", "buyer", "terms". Terms are also said by a day on which it is due.
std::vector<std::string> missing_particulars(const Invoice& invoice);

} // namespace intendance::billing
