// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/address.hpp"

#include <charconv>

namespace intendance::collectors {

std::optional<HostAndPort> host_and_port(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  HostAndPort found;
  found.port = scheme == std::string_view("https").size() ? 443 : 80;
  auto rest = url.substr(scheme + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    found.host = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
  } else {
    found.host = rest.substr(0, rest.find(':'));
    rest.remove_prefix(found.host.size());
  }
  if (found.host.empty()) return std::nullopt;
  if (rest.empty()) return found;
  const auto digits = rest.substr(1);
  const auto* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, found.port);
  if (rest.front() != ':' || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return found;
}

} // namespace intendance::collectors
