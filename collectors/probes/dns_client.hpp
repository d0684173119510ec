// SPDX-License-Identifier: AGPL-3.0-or-later
// Asks one name server one question, over UDP and, when the answer does not fit, over TCP.
#pragma once

#include "collectors/probes/dns_message.hpp"
#include "core/error.hpp"

#include <chrono>
#include <filesystem>
#include <stop_token>

namespace intendance::collectors {

struct DnsServer {
  std::string address; // IPv4 or IPv6
  std::uint16_t port = 53;
  std::string text() const; // "10.0.0.53", with the port where it is another than 53
};

// The name servers that this machine asks, and the port on which all others are asked.
struct NameServers {
  std::vector<DnsServer> resolvers;
  std::uint16_t port = 53;
};

// From resolv.conf(5), at most three as there; the loopback's when it names none.
std::vector<DnsServer> parse_resolvers(std::string_view text);
NameServers machine_name_servers(const std::filesystem::path& file = "/etc/resolv.conf");

// No answer that one can read.
class DnsFailure : public core::TransientError {
public:
  enum class Cause { timeout, refused, unreachable, closed, protocol };
  DnsFailure(Cause why, std::string message) : TransientError(std::move(message)), cause(why) {}
  Cause cause;
};

struct DnsQuestion {
  std::string name;
  DnsType type = DnsType::a;
  Recursion recursion = Recursion::wanted;
};

using Deadline = std::chrono::steady_clock::time_point;

// Any code is an answer. Throws DnsFailure, or Cancelled soon after `stop`.
DnsMessage ask_name_server(const DnsServer& server, const DnsQuestion& question, Deadline deadline,
                           const std::stop_token& stop);

} // namespace intendance::collectors
