// SPDX-License-Identifier: AGPL-3.0-or-later
// What is wrong with a file that somebody hands over: every place of it, so that it is mended once
// and not line after line.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace intendance::billing {

// As an editor counts: lines and characters from 1 on.
struct Place {
  std::size_t line = 1;
  std::size_t column = 1;
};

struct InputFault {
  Place place;
  std::string heading; // of the column; empty when the fault is the row's or the file's
  std::string message;
};

// Keeps the first of them and counts the rest.
class InputFaults {
public:
  static constexpr std::size_t most = 50;
  void add(Place place, std::string heading, std::string message);
  bool empty() const { return total_ == 0; }
  std::size_t total() const { return total_; }
  const std::vector<InputFault>& first() const { return first_; }
  // "heures.csv:12:8: Heures: …", a line each, and at the end how many are not shown.
  std::string text(const std::string& file) const;

private:
  std::vector<InputFault> first_;
  std::size_t total_ = 0;
};

} // namespace intendance::billing
