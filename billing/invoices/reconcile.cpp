// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/invoices/matching.hpp"
#include "billing/invoices/rounding.hpp"

#include <algorithm>
#include <set>

namespace intendance::billing {
namespace {

Mismatch on_line(MismatchKind kind, const InvoiceLine& line, std::int64_t billed,
                 std::int64_t recorded) {
  Mismatch mismatch;
  mismatch.kind = kind;
  mismatch.line = line.number;
  mismatch.billed = billed;
  mismatch.recorded = recorded;
  return mismatch;
}

Cents distance(const TaxTrial& trial, const Invoice& invoice) {
  const auto off = [](Cents one, Cents other) { return one < other ? other - one : one - other; };
  return off(trial.tps, invoice.tps) + off(trial.tvq, invoice.tvq);
}

class Reconciler {
public:
  explicit Reconciler(const ReconciliationInput& input) : input_(input), invoice_(input.invoice) {
    result_.invoice = input.invoice;
  }

  Reconciliation reconcile() {
    const auto matches = match_lines(invoice_, input_.entries);
    for (std::size_t index = 0; index < invoice_.lines.size(); ++index) {
      const auto& line = invoice_.lines[index];
      LineResult result;
      result.line = line.number;
      switch (line.kind) {
      case LineKind::hours: look_at_hours(line, matches[index], result); break;
      case LineKind::cost: look_at_cost(line, result); break;
      case LineKind::adjustment: look_at_adjustment(line, result); break;
      }
      result_.lines.push_back(std::move(result));
    }
    name_unbilled(matches);
    look_at_taxes();
    look_at_particulars();
    return std::move(result_);
  }

private:
  void note(Mismatch mismatch) { result_.mismatches.push_back(std::move(mismatch)); }

  void look_at_hours(const InvoiceLine& line, const std::vector<std::size_t>& places,
                     LineResult& result) {
    if (places.empty()) {
      note(on_line(MismatchKind::never_logged, line, line.work->count(), 0));
      return;
    }
    std::vector<const Entry*> entries;
    Minutes work;
    Cents amount;
    for (const auto place : places) {
      const auto& entry = input_.entries[place].entry;
      entries.push_back(&entry);
      result.entries.push_back(entry.number);
      work += entry.work;
      amount += entry.amount;
    }
    result.kept = std::all_of(places.begin(), places.end(), [&](std::size_t place) {
      return input_.entries[place].line == line.number;
    });
    result_.recorded += amount;
    if (work != *line.work) {
      note(on_line(MismatchKind::minutes_differ, line, line.work->count(), work.count()));
    } else {
      result.amount_method = amount_method(line.amount, entries);
    }
    const bool price_differs = look_at_price(line, entries, work, amount, result);
    result.state = work == *line.work && !price_differs ? LineState::matched : LineState::differs;
  }

  // The rate by itself where minutes differ, so that one difference is not named twice.
  bool look_at_price(const InvoiceLine& line, const std::vector<const Entry*>& entries,
                     Minutes work, Cents amount, const LineResult& result) {
    if (result.amount_method) return false;
    const auto recorded = entries.front()->per_hour;
    const bool one_rate = std::all_of(entries.begin(), entries.end(), [&](const Entry* entry) {
      return entry->per_hour == recorded;
    });
    if (one_rate && price(*line.work, recorded) == line.amount) return false;
    // Of a credit both are negative.
    const std::int64_t sign = line.work->count() < 0 ? -1 : 1;
    const Cents billed(proportion(sign * line.amount.count(), 60, sign * line.work->count()));
    if (one_rate && billed != recorded && price(*line.work, billed) == line.amount) {
      note(on_line(MismatchKind::rate_differs, line, billed.count(), recorded.count()));
      return true;
    }
    if (work != *line.work && !one_rate) return false; // several rates: nothing to compare with
    const auto expected = work == *line.work ? amount : price(*line.work, recorded);
    note(on_line(MismatchKind::amount_differs, line, line.amount.count(), expected.count()));
    return true;
  }

  bool charge_fits(const InvoiceLine& line, const BillableCharge& charge) const {
    return charge.fund == line.fund && (!line.service || *line.service == charge.service);
  }

  // The one that it is matched to, or of the same amount, or else the only one of its service.
  const BillableCharge* charge_of(const InvoiceLine& line) {
    const auto find = [&](auto&& wanted) -> const BillableCharge* {
      for (std::size_t place = 0; place < input_.charges.size(); ++place) {
        const auto& charge = input_.charges[place];
        const bool used = std::find(charges_.begin(), charges_.end(), place) != charges_.end();
        if (used || !wanted(charge)) continue;
        charges_.push_back(place);
        return &charge;
      }
      return nullptr;
    };
    if (const auto* kept =
            find([&](const BillableCharge& charge) { return charge.line == line.number; })) {
      return kept;
    }
    if (const auto* same = find([&](const BillableCharge& charge) {
          return !charge.line && charge_fits(line, charge) && charge.amount == line.amount;
        })) {
      return same;
    }
    const auto fitting = std::count_if(
        input_.charges.begin(), input_.charges.end(),
        [&](const BillableCharge& charge) { return !charge.line && charge_fits(line, charge); });
    if (!line.service || fitting != 1) return nullptr;
    return find(
        [&](const BillableCharge& charge) { return !charge.line && charge_fits(line, charge); });
  }

  void look_at_cost(const InvoiceLine& line, LineResult& result) {
    const auto* charge = charge_of(line);
    if (charge == nullptr) {
      note(on_line(MismatchKind::never_logged, line, line.amount.count(), 0));
      return;
    }
    result.cost = charge->cost;
    result.cost_due = charge->due_on;
    result.kept = charge->line == line.number;
    result_.recorded += charge->amount;
    if (charge->untaxed) untaxed_lines_.insert(line.number);
    result.state = LineState::matched;
    if (charge->amount == line.amount) return;
    result.state = LineState::differs;
    note(on_line(MismatchKind::amount_differs, line, line.amount.count(), charge->amount.count()));
  }

  void look_at_adjustment(const InvoiceLine& line, LineResult& result) {
    result_.recorded += line.amount; // it consumes the budget itself
    result.kept = true;
    Minutes billed;
    for (const auto& other : invoice_.lines) {
      if (other.kind == LineKind::hours && other.fund == line.fund) billed += *other.work;
    }
    for (const auto& rate : input_.hourly) {
      const bool holds =
          rate.from <= invoice_.period.to && (!rate.until || invoice_.period.to <= *rate.until);
      if (!holds || result.rounded_up) continue;
      result.rounded_up = quarter_rounding(line.amount, billed, rate.per_hour);
    }
    if (result.rounded_up && ends_quarter(invoice_.period.to)) {
      result.state = LineState::explained;
      return;
    }
    auto mismatch = on_line(MismatchKind::unexplained_adjustment, line, line.amount.count(), 0);
    if (result.rounded_up) mismatch.subject = "outside_quarter_end";
    note(std::move(mismatch));
  }

  void name_unbilled(const std::vector<std::vector<std::size_t>>& matches) {
    std::vector<bool> billed(input_.entries.size(), false);
    for (const auto& places : matches) {
      for (const auto place : places) billed[place] = true;
    }
    for (std::size_t place = 0; place < input_.entries.size(); ++place) {
      const auto& entry = input_.entries[place].entry;
      if (billed[place] || entry.worked_on < invoice_.period.from ||
          entry.worked_on > invoice_.period.to)
        continue;
      Mismatch mismatch;
      mismatch.kind = MismatchKind::unbilled_entry;
      mismatch.entry = entry.number;
      mismatch.recorded = entry.work.count();
      note(std::move(mismatch));
      result_.unbilled.push_back(entry);
    }
  }

  void look_at_particulars() {
    const auto name = [&](MismatchKind kind, const std::string& subject) {
      Mismatch mismatch;
      mismatch.kind = kind;
      mismatch.subject = subject;
      note(std::move(mismatch));
    };
    for (const auto& missing : missing_particulars(invoice_)) {
      name(MismatchKind::particular_missing, missing);
    }
    const auto compare = [&](const std::optional<std::string>& printed,
                             const std::optional<std::string>& known, const char* subject) {
      if (printed && known && *printed != *known) name(MismatchKind::number_differs, subject);
    };
    compare(invoice_.tps_number, input_.tps_number, "tps_number");
    compare(invoice_.tvq_number, input_.tvq_number, "tvq_number");
  }

  void look_at_taxes() {
    result_.taxes = try_taxes(invoice_, input_.tax_rates, untaxed_lines_);
    for (const auto& trial : result_.taxes) {
      if (trial.agrees && !result_.tax_method) result_.tax_method = trial.method;
    }
    if (result_.tax_method) return;
    const auto nearest =
        std::min_element(result_.taxes.begin(), result_.taxes.end(),
                         [&](const TaxTrial& left, const TaxTrial& right) {
                           return distance(left, invoice_) < distance(right, invoice_);
                         });
    const auto compare = [&](const char* tax, Cents billed, Cents permitted) {
      if (billed == permitted) return;
      Mismatch mismatch;
      mismatch.kind = MismatchKind::taxes_differ;
      mismatch.billed = billed.count();
      mismatch.recorded = permitted.count();
      mismatch.subject = tax;
      note(std::move(mismatch));
    };
    compare("TPS", invoice_.tps, nearest->tps);
    compare("TVQ", invoice_.tvq, nearest->tvq);
  }

  const ReconciliationInput& input_;
  const Invoice& invoice_;
  std::vector<std::size_t> charges_; // those that a line has taken
  std::set<int> untaxed_lines_;
  Reconciliation result_;
};

} // namespace

std::string_view state_name(LineState state) {
  switch (state) {
  case LineState::matched: return "matched";
  case LineState::differs: return "differs";
  case LineState::unmatched: return "unmatched";
  case LineState::explained: return "explained";
  }
  return "";
}

std::string_view kind_name(MismatchKind kind) {
  switch (kind) {
  case MismatchKind::unbilled_entry: return "unbilled_entry";
  case MismatchKind::never_logged: return "never_logged";
  case MismatchKind::minutes_differ: return "minutes_differ";
  case MismatchKind::rate_differs: return "rate_differs";
  case MismatchKind::amount_differs: return "amount_differs";
  case MismatchKind::taxes_differ: return "taxes_differ";
  case MismatchKind::unexplained_adjustment: return "unexplained_adjustment";
  case MismatchKind::particular_missing: return "particular_missing";
  case MismatchKind::number_differs: return "number_differs";
  }
  return "";
}

std::size_t Reconciliation::lines_matched() const {
  return static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(), [](const LineResult& line) {
        return line.state == LineState::matched || line.state == LineState::explained;
      }));
}

bool Reconciliation::kept() const {
  return std::all_of(lines.begin(), lines.end(), [](const LineResult& line) { return line.kept; });
}

Cents Reconciliation::difference() const { return invoice.before_tax() - recorded; }

Cents Reconciliation::tax_difference() const {
  Cents difference;
  for (const auto& mismatch : mismatches) {
    if (mismatch.kind == MismatchKind::taxes_differ)
      difference += Cents(mismatch.billed - mismatch.recorded);
  }
  return difference;
}

Reconciliation reconcile(const ReconciliationInput& input) { return Reconciler(input).reconcile(); }

} // namespace intendance::billing
