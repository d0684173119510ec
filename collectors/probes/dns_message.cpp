// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/dns_message.hpp"

#include "core/error.hpp"

#include <arpa/inet.h>
#include <arpa/nameser.h>

#include <algorithm>
#include <array>

namespace intendance::collectors {

namespace {

constexpr std::array<std::pair<DnsType, std::string_view>, 7> type_names = {
    {{DnsType::a, "A"},
     {DnsType::ns, "NS"},
     {DnsType::cname, "CNAME"},
     {DnsType::soa, "SOA"},
     {DnsType::mx, "MX"},
     {DnsType::txt, "TXT"},
     {DnsType::aaaa, "AAAA"}}};

constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_name = 253;
constexpr std::uint16_t most_records = 256; // of one section

void append_16(std::string& bytes, unsigned number) {
  bytes += static_cast<char>(number >> 8 & 0xFF);
  bytes += static_cast<char>(number & 0xFF);
}

// A record's data within its whole message, which names in it may point back into.
class RecordData {
public:
  RecordData(const ns_msg& message, const ns_rr& record)
      : begin_(ns_msg_base(message)), end_(ns_msg_end(message)), at_(ns_rr_rdata(record)),
        left_(ns_rr_rdlen(record)) {}

  std::string address(int family, std::size_t size) const {
    if (left_ != size) damaged("an address of a wrong length");
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(family, at_, text.data(), text.size());
    return text.data();
  }

  std::string name() {
    std::array<char, NS_MAXDNAME> text{};
    const int length = ::ns_name_uncompress(begin_, end_, at_, text.data(), text.size());
    if (length < 0 || static_cast<std::size_t>(length) > left_) damaged("a damaged name");
    skip(static_cast<std::size_t>(length));
    return plain_name(text.data());
  }

  unsigned number_16() {
    if (left_ < 2) damaged("a record that is too short");
    const auto number = ::ns_get16(at_);
    skip(2);
    return number;
  }

  std::uint32_t number_32() {
    if (left_ < 4) damaged("a record that is too short");
    const auto number = ::ns_get32(at_);
    skip(4);
    return static_cast<std::uint32_t>(number);
  }

  std::string texts() {
    std::string text;
    while (left_ > 0) {
      const std::size_t length = *at_;
      skip(1);
      if (length > left_) damaged("a text that is too short");
      text.append(reinterpret_cast<const char*>(at_), length);
      skip(length);
    }
    return text;
  }

private:
  void skip(std::size_t count) {
    at_ += count;
    left_ -= count;
  }
  [[noreturn]] static void damaged(const char* what) {
    throw core::CorruptData(std::string("the name server's answer holds ") + what);
  }
  const unsigned char* begin_;
  const unsigned char* end_;
  const unsigned char* at_;
  std::size_t left_;
};

DnsRecord read_record(const ns_msg& message, const ns_rr& raw) {
  DnsRecord record;
  record.name = plain_name(ns_rr_name(raw));
  record.type = ns_rr_type(raw);
  RecordData data(message, raw);
  switch (static_cast<DnsType>(record.type)) {
  case DnsType::a: record.value = data.address(AF_INET, 4); break;
  case DnsType::aaaa: record.value = data.address(AF_INET6, 16); break;
  case DnsType::ns:
  case DnsType::cname: record.value = data.name(); break;
  case DnsType::mx: {
    const auto preference = data.number_16();
    record.value = std::to_string(preference) + " " + data.name();
    break;
  }
  case DnsType::txt: record.value = data.texts(); break;
  case DnsType::soa:
    record.value = data.name();
    data.name(); // whom one may write to
    record.serial = data.number_32();
    record.value += " " + std::to_string(record.serial);
    break;
  }
  return record;
}

std::vector<DnsRecord> read_section(ns_msg& message, ns_sect section) {
  std::vector<DnsRecord> records;
  const auto count = std::min<std::uint16_t>(ns_msg_count(message, section), most_records);
  for (int each = 0; each < count; ++each) {
    ns_rr record{};
    if (::ns_parserr(&message, section, each, &record) != 0)
      throw core::CorruptData("the name server's answer holds a damaged record");
    if (ns_rr_class(record) == ns_c_in) records.push_back(read_record(message, record));
  }
  return records;
}

} // namespace

std::string_view name_of(DnsType type) {
  for (const auto& [each, name] : type_names)
    if (each == type) return name;
  return "?";
}

std::optional<DnsType> dns_type_of(std::string_view name) {
  for (const auto& [type, each] : type_names)
    if (each == name) return type;
  return std::nullopt;
}

std::string dns_code_name(int code) {
  constexpr std::array<const char*, 6> names = {"NOERROR",  "FORMERR", "SERVFAIL",
                                                "NXDOMAIN", "NOTIMP",  "REFUSED"};
  const auto at = static_cast<std::size_t>(code);
  return at < names.size() ? names.at(at) : "code " + std::to_string(code);
}

std::string plain_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string plain(name);
  for (char& each : plain)
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  return plain;
}

std::vector<std::string> DnsMessage::values(DnsType wanted) const {
  std::vector<std::string> found;
  for (const auto& record : answers)
    if (record.type == static_cast<std::uint16_t>(wanted)) found.push_back(record.value);
  return found;
}

std::string make_dns_question(std::uint16_t id, std::string_view name, DnsType type,
                              Recursion recursion) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() > longest_name) throw core::Error("the name is longer than 253 bytes");
  std::string bytes;
  append_16(bytes, id);
  append_16(bytes, recursion == Recursion::wanted ? 0x0100 : 0);
  for (const unsigned count : {1u, 0u, 0u, 0u}) append_16(bytes, count);
  while (!name.empty()) {
    const auto label = name.substr(0, name.find('.'));
    if (label.empty() || label.size() > longest_label)
      throw core::Error("a part of the name is empty or longer than 63 bytes");
    bytes += static_cast<char>(label.size());
    bytes += label;
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  bytes += '\0';
  append_16(bytes, static_cast<unsigned>(type));
  append_16(bytes, ns_c_in);
  return bytes;
}

DnsMessage parse_dns_message(std::string_view bytes) {
  const auto* begin = reinterpret_cast<const unsigned char*>(bytes.data());
  ns_msg raw{};
  // The library takes lengths as int; no message has more than 65535 bytes.
  if (bytes.size() > 65535 || ::ns_initparse(begin, static_cast<int>(bytes.size()), &raw) != 0)
    throw core::CorruptData("the name server's answer is no message of DNS");
  DnsMessage message;
  message.id = ns_msg_id(raw);
  message.is_answer = ns_msg_getflag(raw, ns_f_qr) != 0;
  message.authoritative = ns_msg_getflag(raw, ns_f_aa) != 0;
  message.truncated = ns_msg_getflag(raw, ns_f_tc) != 0;
  message.code = ns_msg_getflag(raw, ns_f_rcode);
  if (ns_msg_count(raw, ns_s_qd) > 0) {
    ns_rr question{};
    if (::ns_parserr(&raw, ns_s_qd, 0, &question) != 0)
      throw core::CorruptData("the name server's answer holds a damaged question");
    message.name = plain_name(ns_rr_name(question));
    message.type = ns_rr_type(question);
  }
  if (message.truncated) return message; // it is asked for again over TCP
  message.answers = read_section(raw, ns_s_an);
  message.authorities = read_section(raw, ns_s_ns);
  message.additional = read_section(raw, ns_s_ar);
  return message;
}

} // namespace intendance::collectors
