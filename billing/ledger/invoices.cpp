// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/invoices.hpp"

#include "billing/ledger/parameters.hpp"

#include <algorithm>
#include <map>

namespace intendance::billing {
namespace {

using core::Error;
using core::Postgres;
using core::PostgresRow;

InvoiceLine read_line(const PostgresRow& row) {
  InvoiceLine line;
  line.number = static_cast<int>(row.integer("line"));
  line.kind = parse_line_kind(row.text("kind"));
  line.fund = row.text("fund");
  line.service = row.optional_text("service");
  line.activity = row.optional_text("activity");
  line.worked_on = optional_date(row, "worked_on");
  line.work = optional_quantity<Minutes>(row, "minutes");
  line.amount = Cents(row.integer("cents"));
  line.description = row.text("description");
  return line;
}

Invoice read_invoice(const PostgresRow& row) {
  Invoice invoice;
  invoice.id = row.text("invoice_id");
  invoice.vendor = row.text("vendor");
  invoice.number = row.text("number");
  invoice.dated = core::parse_date(row.text("dated"));
  invoice.period = {core::parse_date(row.text("period_from")),
                    core::parse_date(row.text("period_to"))};
  invoice.due_on = optional_date(row, "due_on");
  invoice.buyer = row.optional_text("buyer");
  invoice.terms = row.optional_text("terms");
  invoice.tps_number = row.optional_text("tps_number");
  invoice.tvq_number = row.optional_text("tvq_number");
  invoice.tps = Cents(row.integer("tps_cents"));
  invoice.tvq = Cents(row.integer("tvq_cents"));
  invoice.description = row.text("description");
  invoice.document = row.optional_text("document");
  invoice.posted_on = core::parse_date(row.text("posted_on"));
  invoice.voided = row.optional_text("voided");
  invoice.recorded_by = row.text("recorded_by");
  invoice.recorded_at = row.text("recorded_at");
  return invoice;
}

Payment read_payment(const PostgresRow& row) {
  Payment payment;
  payment.id = row.text("payment_id");
  payment.paid_on = core::parse_date(row.text("paid_on"));
  payment.amount = Cents(row.integer("cents"));
  payment.reference = row.text("reference");
  payment.document = row.optional_text("document");
  payment.reverses = row.optional_text("reverses");
  return payment;
}

// Adds lines and payments to the invoices of that answer.
std::vector<Invoice> complete(Postgres& database, const core::PostgresResult& rows) {
  std::vector<Invoice> invoices;
  std::map<std::string, std::size_t> places;
  std::string ids;
  for (const auto& row : rows) {
    invoices.push_back(read_invoice(row));
    places.emplace(invoices.back().id, invoices.size() - 1);
    ids += (ids.empty() ? "{" : ",") + invoices.back().id;
  }
  if (invoices.empty()) return invoices;
  ids += '}';
  for (const auto& row : database.query(
           "SELECT invoice_id, line, kind, fund, service, activity, worked_on, minutes, cents, "
           "description FROM ledger.invoice_line WHERE invoice_id = ANY($1::uuid[]) "
           "ORDER BY invoice_id, line",
           ids)) {
    invoices[places.at(row.text("invoice_id"))].lines.push_back(read_line(row));
  }
  for (const auto& row :
       database.query("SELECT payment_id, invoice_id, paid_on, cents, reference, "
                      "encode(document, 'hex') AS document, reverses FROM ledger.payment "
                      "WHERE invoice_id = ANY($1::uuid[]) ORDER BY paid_on, cents DESC, payment_id",
                      ids)) {
    invoices[places.at(row.text("invoice_id"))].payments.push_back(read_payment(row));
  }
  return invoices;
}

const std::string select_invoices =
    "SELECT i.invoice_id, i.vendor, i.number, i.dated, i.period_from, i.period_to, i.due_on, "
    "i.buyer, "
    "i.terms, i.tps_number, i.tvq_number, i.tps_cents, i.tvq_cents, i.description, "
    "encode(i.document, 'hex') AS document, i.posted_on, v.reason AS voided, i.recorded_by, "
    "to_char(i.recorded_at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS recorded_at "
    "FROM ledger.invoice i LEFT JOIN ledger.invoice_void v ON v.invoice_id = i.invoice_id ";

std::optional<Invoice> invoice_of_id(Postgres& database, const std::string& id) {
  const auto found =
      complete(database, database.query(select_invoices + "WHERE i.invoice_id = $1", id));
  if (found.empty()) return std::nullopt;
  return found.front();
}

bool same(const NewInvoice& left, const NewInvoice& right) {
  return left.vendor == right.vendor && left.number == right.number && left.dated == right.dated &&
         left.before_tax() == right.before_tax() && left.tps == right.tps &&
         left.tvq == right.tvq && left.lines.size() == right.lines.size();
}

void insert_invoice(Postgres& database, const NewInvoice& invoice) {
  database.query(
      "INSERT INTO ledger.invoice (invoice_id, vendor, number, dated, period_from, period_to, "
      "due_on, "
      "before_tax_cents, tps_cents, tvq_cents, total_cents, description, document, buyer, terms, "
      "tps_number, tvq_number) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
      "decode($13, 'hex'), $14, $15, $16, $17)",
      invoice.id, invoice.vendor, invoice.number, core::format_date(invoice.dated),
      core::format_date(invoice.period.from), core::format_date(invoice.period.to),
      date_parameter(invoice.due_on), invoice.before_tax().count(), invoice.tps.count(),
      invoice.tvq.count(), invoice.total().count(), invoice.description, invoice.document,
      invoice.buyer, invoice.terms, invoice.tps_number, invoice.tvq_number);
  for (const auto& line : invoice.lines) {
    database.query(
        "INSERT INTO ledger.invoice_line (invoice_id, line, kind, fund, service, activity, "
        "worked_on, minutes, cents, description) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        invoice.id, line.number, kind_name(line.kind), line.fund, line.service, line.activity,
        date_parameter(line.worked_on), quantity_parameter(line.work), line.amount.count(),
        line.description);
  }
}

} // namespace

std::string_view kind_name(LineKind kind) {
  switch (kind) {
  case LineKind::hours: return "hours";
  case LineKind::cost: return "cost";
  case LineKind::adjustment: return "adjustment";
  }
  return "";
}

LineKind parse_line_kind(std::string_view text) {
  if (text == "hours" || text == "heures") return LineKind::hours;
  if (text == "cost" || text == "coût" || text == "frais") return LineKind::cost;
  if (text == "adjustment" || text == "ajustement") return LineKind::adjustment;
  throw Error("\"" + std::string(text) +
              "\" is not a kind of line; allowed: hours · cost · adjustment");
}

Cents NewInvoice::before_tax() const {
  Cents sum;
  for (const auto& line : lines) sum += line.amount;
  return sum;
}

Cents Invoice::paid() const {
  Cents sum;
  for (const auto& payment : payments) sum += payment.amount;
  return sum;
}

bool add_invoice(Postgres& database, const NewInvoice& invoice) {
  if (invoice.lines.empty()) throw Error("the invoice has no lines");
  core::Transaction transaction(database);
  database.query("SELECT ledger.lock_postings()");
  if (const auto there = invoice_of_id(database, invoice.id)) {
    if (!same(*there, invoice)) {
      throw Error("the id " + invoice.id + " is already that of the invoice " + there->number +
                  ", which says something else; use a new id");
    }
    return false;
  }
  insert_invoice(database, invoice);
  // Otherwise what does not add up would be found at the commit of whatever else goes on.
  database.query("SET CONSTRAINTS ledger.balance_invoice IMMEDIATE");
  transaction.commit();
  return true;
}

std::vector<Invoice> list_invoices(Postgres& database, const InvoiceFilter& filter) {
  core::PostgresParameter from;
  core::PostgresParameter to;
  if (filter.posted) {
    from = core::format_date(filter.posted->from);
    to = core::format_date(filter.posted->to);
  }
  return complete(
      database, database.query(
                    select_invoices +
                        "WHERE ($1::text IS NULL OR i.vendor = $1) AND ($2::text IS NULL OR EXISTS "
                        "(SELECT FROM ledger.invoice_line l WHERE l.invoice_id = i.invoice_id AND "
                        "l.fund = $2)) "
                        "AND ($3::date IS NULL OR i.posted_on BETWEEN $3 AND $4::date) "
                        "AND ($5::boolean OR v.invoice_id IS NULL) "
                        "ORDER BY i.dated, i.vendor, i.number, i.recorded_at",
                    filter.vendor, filter.fund, from, to, filter.with_voided));
}

Invoice require_invoice(Postgres& database, const std::string& vendor, const std::string& number) {
  InvoiceFilter filter;
  filter.vendor = vendor;
  filter.with_voided = true;
  std::optional<Invoice> found;
  std::vector<std::string> known;
  for (auto& invoice : list_invoices(database, filter)) {
    if (invoice.number == number) {
      if (!found || found->voided) found = invoice;
    } else if (!invoice.voided) {
      known.push_back(invoice.number);
    }
  }
  if (found) return *found;
  constexpr std::size_t most = 10;
  std::string names;
  for (std::size_t index = known.size() > most ? known.size() - most : 0; index < known.size();
       ++index) {
    names += (names.empty() ? "" : " · ") + known[index];
  }
  throw Error("there is no invoice \"" + number + "\" of " + vendor +
              "; the newest: " + (names.empty() ? "none yet" : names));
}

void void_invoice(Postgres& database, const std::string& id, const std::string& reason) {
  if (reason.empty()) throw Error("say why the invoice is voided");
  try {
    database.query("INSERT INTO ledger.invoice_void (invoice_id, reason) VALUES ($1, $2)", id,
                   reason);
  } catch (const core::PostgresError& error) {
    if (error.sqlstate() == "23505") throw Error("the invoice has already been voided");
    throw;
  }
}

bool add_payment(Postgres& database, const NewPayment& payment) {
  core::Transaction transaction(database);
  database.query("SELECT ledger.lock_postings()");
  const auto there = database.query(
      "SELECT invoice_id, cents, paid_on FROM ledger.payment WHERE payment_id = $1", payment.id);
  if (!there.empty()) {
    const auto& row = there.only();
    if (row.text("invoice_id") != payment.invoice ||
        row.integer("cents") != payment.amount.count() ||
        row.text("paid_on") != core::format_date(payment.paid_on)) {
      throw Error("the id " + payment.id + " is already that of another payment; use a new id");
    }
    return false;
  }
  database.query(
      "INSERT INTO ledger.payment (payment_id, invoice_id, paid_on, cents, reference, document) "
      "VALUES ($1, $2, $3, $4, $5, decode($6, 'hex'))",
      payment.id, payment.invoice, core::format_date(payment.paid_on), payment.amount.count(),
      payment.reference, payment.document);
  transaction.commit();
  return true;
}

void reverse_payment(Postgres& database, const std::string& payment, const std::string& id,
                     Date day, const std::string& reference) {
  database.query("INSERT INTO ledger.payment (payment_id, paid_on, reference, reverses) "
                 "VALUES ($1, $2, $3, $4)",
                 id, core::format_date(day), reference, payment);
}

TaxedTotal billed_total(const Invoice& invoice, const std::vector<TaxRate>& rates) {
  TaxedTotal total;
  total.before_tax = invoice.before_tax();
  for (const auto& [name, tax] : {std::pair{"TPS", invoice.tps}, std::pair{"TVQ", invoice.tvq}}) {
    TaxRate rate{name, 0, 0};
    for (const auto& known : rates) {
      if (known.name == name) rate = known;
    }
    total.taxes.push_back({rate, tax, Cents(proportion(tax.count(), rate.rebate_parts, 100000))});
  }
  return total;
}

std::vector<std::string> missing_particulars(const Invoice& invoice) {
  std::vector<std::string> missing;
  if (invoice.tps != Cents(0) && !invoice.tps_number) missing.emplace_back("tps_number");
  if (invoice.tvq != Cents(0) && !invoice.tvq_number) missing.emplace_back("tvq_number");
  if (!invoice.buyer) missing.emplace_back("buyer");
  if (!invoice.terms && !invoice.due_on) missing.emplace_back("terms");
  return missing;
}

} // namespace intendance::billing
