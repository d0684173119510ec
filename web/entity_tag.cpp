// SPDX-License-Identifier: AGPL-3.0-or-later
#include "web/entity_tag.hpp"

#include <algorithm>

namespace intendance::web {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// What a weak comparison compares: the tag without its W/.
std::string_view opaque(std::string_view tag) {
  return tag.starts_with("W/") ? tag.substr(2) : tag;
}

} // namespace

std::string weak_entity_tag(std::string_view version) {
  return "W/\"" + std::string(version) + "\"";
}

bool matches_entity_tag(const core::HttpRequest& request, std::string_view tag) {
  const std::string header = request.header("if-none-match").value_or("");
  std::string_view rest = header;
  while (!rest.empty()) {
    // Our own tags hold no comma, so that cutting at commas cannot split the one that is looked
    // for.
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(item.size() + 1, rest.size()));
    if (trimmed(item) == "*" || opaque(trimmed(item)) == opaque(tag)) return true;
  }
  return false;
}

} // namespace intendance::web
