// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/invoices/matching.hpp"

#include <algorithm>

namespace intendance::billing {
namespace {

using Places = std::vector<std::size_t>;

// Bounds of the search for entries that together are as long as a line: 400 of them, 1,000 hours.
constexpr std::size_t most_summands = 400;
constexpr std::int64_t most_minutes = 60'000;

// An absent dimension agrees with any.
template <class Value>
bool agree(const std::optional<Value>& wanted, const Value& there) {
  return !wanted || *wanted == there;
}
template <class Value>
bool agree(const std::optional<Value>& one, const std::optional<Value>& other) {
  return !one || !other || *one == *other;
}

bool fits(const InvoiceLine& line, const Entry& entry) {
  return line.fund == entry.fund && agree(line.service, entry.service) &&
         agree(line.activity, entry.activity) && agree(line.worked_on, entry.worked_on);
}

class Matcher {
public:
  Matcher(const Invoice& invoice, const std::vector<Billable>& entries)
      : invoice_(invoice), entries_(entries), taken_(entries.size(), false),
        matches_(invoice.lines.size()) {}

  std::vector<Places> match() {
    keep_what_holds();
    const auto whole = [&](std::size_t line, bool late) {
      return alone(line) ? whole_group(line, late) : Places();
    };
    for (const bool late : {false, true}) {
      for_open_lines([&](std::size_t line) { return whole(line, late); });
      for_open_lines([&](std::size_t line) { return as_long(line, late, true); });
      for_open_lines([&](std::size_t line) { return as_long(line, late, false); });
      for_open_lines([&](std::size_t line) { return whole(line, late); }); // rivals may be gone
      for_open_lines([&](std::size_t line) { return together_as_long(line, late); });
    }
    for_open_lines([&](std::size_t line) { return alone(line) ? free(line, false) : Places(); });
    return matches_;
  }

private:
  bool in_period(const Entry& entry) const {
    return invoice_.period.from <= entry.worked_on && entry.worked_on <= invoice_.period.to;
  }
  bool open(std::size_t line) const {
    return invoice_.lines[line].kind == LineKind::hours && matches_[line].empty();
  }

  // Lines that name more come first: they can take less.
  template <class Find>
  void for_open_lines(Find&& find) {
    for (int named = 3; named >= 0; --named) {
      for (std::size_t index = 0; index < invoice_.lines.size(); ++index) {
        const auto& line = invoice_.lines[index];
        const int names =
            (line.service ? 1 : 0) + (line.activity ? 1 : 0) + (line.worked_on ? 1 : 0);
        if (names != named || !open(index)) continue;
        matches_[index] = find(index);
        for (const auto place : matches_[index]) taken_[place] = true;
      }
    }
  }

  void keep_what_holds() {
    for (std::size_t place = 0; place < entries_.size(); ++place) {
      if (!entries_[place].line) continue;
      for (std::size_t index = 0; index < invoice_.lines.size(); ++index) {
        if (invoice_.lines[index].number != *entries_[place].line) continue;
        matches_[index].push_back(place);
        taken_[place] = true;
      }
    }
  }

  // No other open line could bill the same work.
  bool alone(std::size_t index) const {
    const auto& line = invoice_.lines[index];
    for (std::size_t other = 0; other < invoice_.lines.size(); ++other) {
      const auto& rival = invoice_.lines[other];
      if (other != index && open(other) && rival.fund == line.fund &&
          agree(line.service, rival.service) && agree(line.activity, rival.activity) &&
          agree(line.worked_on, rival.worked_on)) {
        return false;
      }
    }
    return true;
  }

  // Entries of the period, and with `late` those before it too.
  Places free(std::size_t index, bool late) const {
    Places places;
    for (std::size_t place = 0; place < entries_.size(); ++place) {
      const auto& entry = entries_[place].entry;
      if (!taken_[place] && fits(invoice_.lines[index], entry) && (late || in_period(entry))) {
        places.push_back(place);
      }
    }
    return places;
  }

  Places whole_group(std::size_t index, bool late) const {
    auto places = free(index, late);
    Minutes sum;
    for (const auto place : places) sum += entries_[place].entry.work;
    return sum == *invoice_.lines[index].work ? places : Places();
  }

  Places as_long(std::size_t index, bool late, bool described) const {
    const auto& line = invoice_.lines[index];
    for (const auto place : free(index, late)) {
      const auto& entry = entries_[place].entry;
      if (entry.work == *line.work && (!described || entry.description == line.description)) {
        return {place};
      }
    }
    return {};
  }

  Places together_as_long(std::size_t index, bool late) const {
    const auto wanted = invoice_.lines[index].work->count();
    if (wanted <= 0 || wanted > most_minutes) return {};
    return summands(free(index, late), wanted);
  }

  // For each sum up to the wanted one, by which entry it was first reached; no sum is reached anew
  // by an entry and the same entry again, since sums are gone through from above.
  Places summands(const Places& places, std::int64_t wanted) const {
    constexpr int nobody = -1;
    std::vector<int> reached_by(static_cast<std::size_t>(wanted) + 1, nobody);
    const auto considered = std::min(places.size(), most_summands);
    for (std::size_t number = 0; number < considered && reached_by.back() == nobody; ++number) {
      const auto work = entries_[places[number]].entry.work.count();
      if (work <= 0) continue;
      for (auto sum = wanted; sum >= work; --sum) {
        const auto before = static_cast<std::size_t>(sum - work);
        auto& here = reached_by[static_cast<std::size_t>(sum)];
        if (here == nobody && (before == 0 || reached_by[before] != nobody))
          here = static_cast<int>(number);
      }
    }
    Places found;
    if (reached_by.back() == nobody) return found;
    for (auto sum = wanted; sum > 0;) {
      const auto number = static_cast<std::size_t>(reached_by[static_cast<std::size_t>(sum)]);
      found.push_back(places[number]);
      sum -= entries_[places[number]].entry.work.count();
    }
    std::reverse(found.begin(), found.end());
    return found;
  }

  const Invoice& invoice_;
  const std::vector<Billable>& entries_;
  std::vector<bool> taken_;
  std::vector<Places> matches_;
};

} // namespace

std::vector<Places> match_lines(const Invoice& invoice, const std::vector<Billable>& entries) {
  return Matcher(invoice, entries).match();
}

} // namespace intendance::billing
