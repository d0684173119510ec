// SPDX-License-Identifier: AGPL-3.0-or-later
// The fiscal year as a journal that hledger and ledger read: one transaction for what came before
// the month, then each entry and charge of the month, then its taxes. Work stands in minutes at its
// total price, so that no rate has to be divided.
#include "billing/report/render.hpp"
#include "billing/report/voice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace intendance::billing {
namespace {

struct AccountPosting {
  std::string account;
  Minutes work; // none: the amount alone
  Cents amount;
};

struct JournalTransaction {
  Date day;
  std::string code;
  std::string payee;
  std::vector<std::string> comments;
  std::vector<AccountPosting> postings; // what is owed for them follows by itself
};

class Journal {
public:
  Journal(const MonthlyReport& report, const Voice& voice)
      : report_(report), voice_(voice), expenses_(voice.say("Dépenses", "Expenses")),
        owed_(voice.say("Passifs:À-payer", "Liabilities:Payable")) {}

  std::string render() {
    before();
    for (const auto& entry : report_.entries) add(entry);
    for (const auto& charge : report_.charges) add(charge);
    std::stable_sort(transactions_.begin(), transactions_.end(),
                     [](const auto& a, const auto& b) { return a.day < b.day; });
    add_rest(month_end());
    head();
    for (const auto& transaction : transactions_) write(transaction);
    write_balance();
    return std::move(text_);
  }

private:
  void line(const std::string& content) { text_ += content + "\n"; }
  Date month_start() const { return days_of(report_.month).from; }
  // Not before anything that is posted to the month.
  Date month_end() const {
    auto last = report_.balance.as_of;
    for (const auto& transaction : transactions_) last = std::max(last, transaction.day);
    return last;
  }

  // Names of accounts differ in their last part: the checks of hledger want that.
  std::string hours_of(const std::string& activity) const {
    return expenses_ + ":" + voice_.say("Heures-", "Hours-") + activity;
  }
  std::string costs_of(const std::string& category) const {
    return expenses_ + ":" + voice_.say("Frais-", "Costs-") + category;
  }
  std::string adjustments() const {
    return expenses_ + ":" + voice_.say("Ajustements", "Adjustments");
  }
  std::string tax_of(const std::string& tax) const {
    return expenses_ + ":" + tax + voice_.say("-nette", "-net");
  }
  std::string rebate_of(const std::string& tax) const {
    return voice_.say("Actifs", "Assets") + ":" + tax + voice_.say("-remboursable", "-refundable");
  }

  static bool consumes(const Charge& charge) { return charge.kind != CostKind::in_kind; }

  void before() {
    JournalTransaction transaction{
        month_start(), "", voice_.say("Report", "Carried-forward"), {}, {}};
    std::map<std::string, AccountPosting> sums;
    for (const auto& each : report_.lines) {
      auto& sum = sums[hours_of(each.activity.name)];
      sum.work += each.year_work - each.month_work;
      sum.amount += each.year_amount - each.month_amount;
    }
    for (const auto& charge : report_.earlier_charges) {
      if (consumes(charge)) sums[costs_of(charge.category)].amount += charge.amount;
    }
    Cents entries;
    for (const auto& each : report_.lines) entries += each.year_amount - each.month_amount;
    const auto work = report_.balance.total.before_tax - report_.month_total.before_tax;
    sums[adjustments()].amount = work - entries;
    for (auto& [account, sum] : sums) {
      sum.account = account;
      transaction.postings.push_back(sum);
    }
    auto all = report_.balance.spent_total();
    auto month = report_.month_total;
    month += report_.month_costs;
    for (const auto& tax : all.taxes) {
      const auto now = same_tax(month, tax);
      add_tax(transaction, {tax.rate, tax.tax - now.tax, tax.rebate - now.rebate});
    }
    keep(std::move(transaction));
  }

  static TaxAmount same_tax(const TaxedTotal& total, const TaxAmount& wanted) {
    for (const auto& tax : total.taxes) {
      if (tax.rate == wanted.rate) return tax;
    }
    return {wanted.rate, Cents(0), Cents(0)};
  }

  void add_tax(JournalTransaction& transaction, const TaxAmount& tax) const {
    transaction.postings.push_back({tax_of(tax.rate.name), Minutes(0), tax.tax - tax.rebate});
    transaction.postings.push_back({rebate_of(tax.rate.name), Minutes(0), tax.rebate});
  }

  void add(const Entry& entry) {
    keep({entry.posted_on,
          "T-" + fmt::format("{:06}", entry.number),
          entry.vendor,
          {"service: " + entry.service, "person: " + in_comment(entry.person),
           "worked: " + core::format_date(entry.worked_on),
           "work: " + in_comment(entry.description)},
          {{hours_of(entry.activity), entry.work, entry.amount}}});
  }

  void add(const Charge& charge) {
    if (!consumes(charge)) return;
    keep({charge.posted_on,
          "F-" + charge.cost.substr(0, 8) + "-" + core::format_date(charge.due_on),
          voice_.say("Frais", "Costs"),
          {"service: " + charge.service, "work: " + in_comment(charge.description)},
          {{costs_of(charge.category), Minutes(0), charge.amount}}});
  }

  // What invoices adjusted, and the month's taxes.
  void add_rest(Date day) {
    JournalTransaction transaction{day, "", voice_.say("Taxes", "Taxes"), {}, {}};
    Cents entries;
    for (const auto& each : report_.lines) entries += each.month_amount;
    transaction.postings.push_back(
        {adjustments(), Minutes(0), report_.month_total.before_tax - entries});
    auto month = report_.month_total;
    month += report_.month_costs;
    for (const auto& tax : month.taxes) add_tax(transaction, tax);
    keep(std::move(transaction));
  }

  void keep(JournalTransaction transaction) {
    auto& postings = transaction.postings;
    postings.erase(std::remove_if(postings.begin(), postings.end(),
                                  [](const AccountPosting& posting) {
                                    return posting.amount == Cents(0) && posting.work == Minutes(0);
                                  }),
                   postings.end());
    if (postings.empty()) return;
    for (const auto& posting : postings) accounts_.insert(posting.account);
    payees_.insert(transaction.payee);
    transactions_.push_back(std::move(transaction));
  }

  // A colon or a bracket in a comment could be taken for a tag or a day.
  static std::string in_comment(std::string_view text) {
    std::string safe;
    for (const char character : text) {
      switch (character) {
      case ':': safe += "\u2236"; break;
      case '[': safe += '('; break;
      case ']': safe += ')'; break;
      default: safe += character;
      }
    }
    return safe;
  }

  void head() {
    line("; " + voice_.say("Exercice du {} au {}, fonds {}, arrêté au {}",
                           "Fiscal year {} to {}, fund {}, as of {}",
                           core::format_date(report_.balance.year.days.from),
                           core::format_date(report_.balance.year.days.to),
                           report_.balance.fund.name, core::format_date(report_.balance.as_of)));
    line("; " + voice_.say("registre : {} écritures, empreinte {}", "ledger: {} entries, head {}",
                           report_.head.entries, report_.head.hash));
    for (const char* commodity : {"CAD", "MIN"}) {
      line(std::string("commodity ") + commodity + "\n    format 1000.00 " + commodity);
    }
    accounts_.insert(owed_);
    const auto income = voice_.say("Revenus:Subvention", "Income:Grant");
    if (report_.balance.budget) accounts_.insert({expenses_, income});
    for (const auto& account : accounts_) line("account " + account);
    payees_.insert(voice_.say("Solde", "Balance"));
    for (const auto& payee : payees_) line("payee " + payee);
    for (const char* tag : {"service", "person", "worked", "work"}) line(std::string("tag ") + tag);
    if (report_.balance.budget) budget(income);
  }

  // Twelve equal months; cents that don't divide are left to the last line's comment.
  void budget(const std::string& income) {
    const auto budget = report_.balance.budget->count();
    const auto end = std::chrono::sys_days(report_.balance.year.days.to) + std::chrono::days(1);
    line(fmt::format("~ monthly from {} to {}", core::format_date(report_.balance.year.days.from),
                     core::format_date(end)));
    line(fmt::format("    {}  {} CAD", expenses_, format_decimal(Cents(budget / 12))));
    line(fmt::format("    {}  {} CAD", income, format_decimal(Cents(-(budget / 12)))));
    if (budget % 12 != 0) {
      line("; " + voice_.say("budget de l'exercice : {} CAD", "the year's budget is {} CAD",
                             format_decimal(Cents(budget))));
    }
  }

  void write(const JournalTransaction& transaction) {
    const auto code = transaction.code.empty() ? "" : "(" + transaction.code + ") ";
    line(core::format_date(transaction.day) + " * " + code + transaction.payee);
    for (const auto& comment : transaction.comments) line("    ; " + comment);
    Cents sum;
    for (const auto& posting : transaction.postings) {
      sum += posting.amount;
      line("    " + posting.account + "  " + amount_of(posting));
    }
    line(fmt::format("    {}  {} CAD", owed_, format_decimal(-sum)));
  }

  // The price has no sign of its own: it follows the minutes'.
  static std::string amount_of(const AccountPosting& posting) {
    const auto minutes = posting.work.count();
    const auto cents = posting.amount.count();
    const bool alike = (minutes > 0 && cents > 0) || (minutes < 0 && cents < 0);
    if (!alike) return format_decimal(posting.amount) + " CAD";
    return fmt::format("{}.00 MIN @@ {} CAD", minutes,
                       format_decimal(cents < 0 ? -posting.amount : posting.amount));
  }

  // Whoever reads the journal checks its sum: that of the report, taxes and all.
  void write_balance() {
    line(core::format_date(month_end()) + " * " + voice_.say("Solde", "Balance"));
    line(fmt::format("    {}  0.00 CAD = {} CAD", owed_,
                     format_decimal(-report_.balance.spent_total().gross())));
    line(fmt::format("    {}  0.00 CAD", owed_));
  }

  const MonthlyReport& report_;
  const Voice& voice_;
  const std::string expenses_;
  const std::string owed_;
  std::vector<JournalTransaction> transactions_;
  std::set<std::string> accounts_;
  std::set<std::string> payees_;
  std::string text_;
};

} // namespace

std::string render_hledger(const MonthlyReport& report, core::Language language) {
  const Voice voice(language);
  return Journal(report, voice).render();
}

} // namespace intendance::billing
