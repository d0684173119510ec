// SPDX-License-Identifier: AGPL-3.0-or-later
// Values that may be absent, to the database and back.
#pragma once

#include "billing/dates.hpp"
#include "core/postgres.hpp"

#include <optional>
#include <string_view>

namespace intendance::billing {

inline core::PostgresParameter date_parameter(const std::optional<Date>& day) {
  return day ? core::PostgresParameter(core::format_date(*day)) : std::nullopt;
}

template <class Quantity>
core::PostgresParameter quantity_parameter(const std::optional<Quantity>& quantity) {
  return quantity ? core::PostgresParameter(std::to_string(quantity->count())) : std::nullopt;
}

inline std::optional<Date> optional_date(const core::PostgresRow& row, std::string_view column) {
  const auto text = row.optional_text(column);
  return text ? std::optional(core::parse_date(*text)) : std::nullopt;
}

template <class Quantity>
std::optional<Quantity> optional_quantity(const core::PostgresRow& row, std::string_view column) {
  const auto count = row.optional_integer(column);
  return count ? std::optional(Quantity(*count)) : std::nullopt;
}

} // namespace intendance::billing
