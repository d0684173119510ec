// SPDX-License-Identifier: AGPL-3.0-or-later
// Questions to name servers and what they answer, RFC 1035. The answers are taken apart by the C
// library (arpa/nameser.h), whose header is included in this pair alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intendance::collectors {

enum class DnsType : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  mx = 15,
  txt = 16,
  aaaa = 28
};
std::string_view name_of(DnsType type);
std::optional<DnsType> dns_type_of(std::string_view name); // "AAAA"

// The codes of RFC 1035, 4.1.1, that are of use here.
namespace dns_code {
inline constexpr int no_error = 0, server_failure = 2, no_such_name = 3, refused = 5;
}
std::string dns_code_name(int code); // "NXDOMAIN"

struct DnsRecord {
  std::string name; // in lower case, without a dot at its end
  std::uint16_t type = 0;
  // As a zone file has it: an address, a name (in lower case, no dot at its end), "10
  // mail.example.org", the texts of a TXT joined. Empty for types that are none of ours.
  std::string value;
  std::uint32_t serial = 0; // of an SOA
};

struct DnsMessage {
  std::uint16_t id = 0;
  bool is_answer = false, authoritative = false, truncated = false;
  int code = 0;
  std::string name; // that was asked for
  std::uint16_t type = 0;
  std::vector<DnsRecord> answers, authorities, additional;

  // Values of the answers of that type.
  std::vector<std::string> values(DnsType wanted) const;
};

enum class Recursion { wanted, unwanted };

// Throws Error for what is no name.
std::string make_dns_question(std::uint16_t id, std::string_view name, DnsType type,
                              Recursion recursion);

// Throws CorruptData.
DnsMessage parse_dns_message(std::string_view bytes);

// Names are equal whatever their case and with or without a dot at the end; this is one form.
std::string plain_name(std::string_view name);

} // namespace intendance::collectors
