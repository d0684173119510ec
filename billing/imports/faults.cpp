// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/imports/faults.hpp"

#include "core/printable.hpp"

#include <fmt/format.h>

namespace intendance::billing {

void InputFaults::add(Place place, std::string heading, std::string message) {
  ++total_;
  if (first_.size() < most) first_.push_back({place, std::move(heading), std::move(message)});
}

std::string InputFaults::text(const std::string& file) const {
  std::string text;
  for (const auto& fault : first_) {
    const auto heading = fault.heading.empty() ? "" : core::printable(fault.heading) + ": ";
    text += fmt::format("{}:{}:{}: {}{}\n", core::printable(file), fault.place.line,
                        fault.place.column, heading, core::printable(fault.message));
  }
  if (total_ > first_.size()) {
    text += fmt::format("{}: {} more faults are not shown\n", core::printable(file),
                        total_ - first_.size());
  }
  return text;
}

} // namespace intendance::billing
