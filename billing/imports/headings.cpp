// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/imports/headings.hpp"

#include "core/error.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <set>
#include <utility>

namespace intendance::billing {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " · ") + word;
  return text;
}

std::vector<std::string> texts_of(const CsvRow& row) {
  std::vector<std::string> texts;
  for (const auto& cell : row) texts.push_back(cell.text);
  return texts;
}

} // namespace

std::string folded(std::string_view text) {
  // U+00C0 to U+00FF in UTF-8 are 0xC3 and one more byte; capitals are 0x20 before their small
  // ones.
  constexpr std::string_view plain = "aaaaaaaceeeeiiii?nooooo?ouuuuy?";
  std::string result;
  for (std::size_t index = 0; index < text.size(); ++index) {
    const auto byte = static_cast<std::uint8_t>(text[index]);
    if (byte == 0xc3 && index + 1 < text.size()) {
      const auto next = static_cast<std::uint8_t>(text[index + 1]) & 0x1fU;
      if (next < plain.size() && plain[next] != '?') {
        result += plain[next];
        ++index;
        continue;
      }
    }
    result += static_cast<char>(std::tolower(byte));
  }
  return result;
}

Headings::Headings(const CsvRow& heading, const std::vector<ColumnRole>& roles,
                   const std::map<std::string, std::string>& chosen, InputFaults& faults)
    : heading_(heading), roles_(roles) {
  std::set<std::string> seen;
  for (const auto& cell : heading_) {
    folded_.push_back(folded(cell.text));
    if (!cell.text.empty() && !seen.insert(folded_.back()).second) {
      faults.add(cell.place, cell.text, "this heading stands twice; rename or remove one column");
    }
  }
  for (const auto& role : roles_) find(role, chosen, faults);
}

void Headings::find(const ColumnRole& role, const std::map<std::string, std::string>& chosen,
                    InputFaults& faults) {
  const auto named = chosen.find(std::string(role.name));
  if (named != chosen.end()) {
    const auto found = index_of(folded(named->second));
    if (found) {
      columns_.emplace(role.name, *found);
    } else {
      faults.add({}, "",
                 "there is no column \"" + named->second + "\", which should hold the " +
                     std::string(role.name) + "; there are: " + joined(texts_of(heading_)));
    }
    return;
  }
  for (const auto heading : role.headings) {
    if (const auto found = index_of(heading)) {
      columns_.emplace(role.name, *found);
      return;
    }
  }
}

std::optional<std::size_t> Headings::index_of(std::string_view folded) const {
  const auto found = std::find(folded_.begin(), folded_.end(), folded);
  if (found == folded_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - folded_.begin());
}

const CsvCell* Headings::cell(const CsvRow& row, std::string_view role) const {
  const auto found = columns_.find(role);
  return found == columns_.end() ? nullptr : &row.at(found->second);
}

std::string Headings::text(const CsvRow& row, std::string_view role) const {
  const auto* found = cell(row, role);
  return found == nullptr ? "" : found->text;
}

std::string Headings::heading(std::string_view role) const {
  const auto found = columns_.find(role);
  return found == columns_.end() ? "" : heading_.at(found->second).text;
}

bool Headings::take(const CsvRow& row, std::string_view role, InputFaults& faults,
                    const std::function<void(const std::string& text)>& read) const {
  const auto* found = cell(row, role);
  try {
    read(found == nullptr ? std::string() : found->text);
    return true;
  } catch (const core::Error& error) {
    faults.add(found == nullptr ? row.front().place : found->place, heading(role), error.what());
    return false;
  }
}

void Headings::require(std::initializer_list<std::string_view> any_of, InputFaults& faults) const {
  std::vector<std::string> known;
  for (const auto name : any_of) {
    if (has(name)) return;
    for (const auto& role : roles_) {
      if (role.name != name) continue;
      for (const auto heading : role.headings) known.emplace_back(heading);
    }
  }
  faults.add({}, "",
             "no column holds the " + std::string(*any_of.begin()) + "; known headings: " +
                 joined(known) + "; there are: " + joined(texts_of(heading_)));
}

std::vector<std::string> Headings::others() const {
  std::vector<std::string> others;
  for (std::size_t index = 0; index < heading_.size(); ++index) {
    const bool used = std::any_of(columns_.begin(), columns_.end(),
                                  [&](const auto& column) { return column.second == index; });
    if (!used && !heading_[index].text.empty()) others.push_back(heading_[index].text);
  }
  return others;
}

} // namespace intendance::billing
