// SPDX-License-Identifier: AGPL-3.0-or-later
// Which column of a table holds what, by its heading in French or English.
#pragma once

#include "billing/imports/csv.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intendance::billing {

// What a column may hold, and the headings under which it is known: in lower case, without accents,
// the better ones first.
struct ColumnRole {
  std::string_view name;
  std::vector<std::string_view> headings;
};

class Headings {
public:
  // `chosen` names the heading of a role, where it is not one of those that are known; one that the
  // table lacks, or that stands twice, is a fault.
  Headings(const CsvRow& heading, const std::vector<ColumnRole>& roles,
           const std::map<std::string, std::string>& chosen, InputFaults& faults);

  bool has(std::string_view role) const { return columns_.contains(role); }
  // Null when the table has no such column.
  const CsvCell* cell(const CsvRow& row, std::string_view role) const;
  // The text; empty when the table has no such column.
  std::string text(const CsvRow& row, std::string_view role) const;
  std::string heading(std::string_view role) const; // as the table writes it
  // Runs `read` on a column's text, empty when there is none; what it throws is a fault at the
  // cell, and false is returned.
  bool take(const CsvRow& row, std::string_view role, InputFaults& faults,
            const std::function<void(const std::string& text)>& read) const;
  // Adds a fault that names the headings which would do, unless the table has one of the roles.
  void require(std::initializer_list<std::string_view> any_of, InputFaults& faults) const;
  // Headings of columns that hold nothing that is asked for.
  std::vector<std::string> others() const;

private:
  void find(const ColumnRole& role, const std::map<std::string, std::string>& chosen,
            InputFaults& faults);
  std::optional<std::size_t> index_of(std::string_view folded) const;

  CsvRow heading_;
  std::vector<std::string> folded_;
  std::vector<ColumnRole> roles_;
  std::map<std::string, std::size_t, std::less<>> columns_;
};

// In lower case and without the accents of French.
std::string folded(std::string_view text);

} // namespace intendance::billing
