// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include <array>
#include <string_view>

namespace intendance::storage {

// What a store is asked to do; parts of an object are got, too.
enum class Verb { put, get, list, head, remove };
inline constexpr std::array verbs = {Verb::put, Verb::get, Verb::list, Verb::head, Verb::remove};

constexpr std::string_view name_of(Verb verb) {
  constexpr std::array<std::string_view, verbs.size()> names = {"put", "get", "list", "head",
                                                                "remove"};
  return names.at(static_cast<std::size_t>(verb));
}

} // namespace intendance::storage
