// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/fastcgi.hpp"

#include "collectors/host/text.hpp"
#include "core/error.hpp"

#include <algorithm>

namespace intendance::collectors {

namespace {

constexpr unsigned version = 1;
constexpr unsigned begin_request = 1, end_request = 3, parameters_of = 4, input = 5, output_of = 6,
                   errors_of = 7;
constexpr std::size_t header_size = 8;
constexpr std::size_t most_content = 65535;
constexpr std::size_t most_output = std::size_t{1} << 20;
constexpr std::size_t most_complaint = 200;

char byte(std::size_t value) { return static_cast<char>(static_cast<unsigned char>(value)); }

std::string record(unsigned type, std::string_view content) {
  std::string bytes = {byte(version),        byte(type), 0, 1, byte(content.size() >> 8),
                       byte(content.size()), 0,          0};
  return bytes.append(content);
}

// One byte below 128, four with the highest bit set above.
void add_length(std::string& bytes, std::size_t length) {
  if (length < 128) {
    bytes += byte(length);
    return;
  }
  bytes += byte((length >> 24) | 0x80);
  for (const int shift : {16, 8, 0}) bytes += byte(length >> shift);
}

std::size_t at(std::string_view bytes, std::size_t place) {
  return static_cast<unsigned char>(bytes[place]);
}

} // namespace

std::string fastcgi_request(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string pairs;
  for (const auto& [name, value] : parameters) {
    add_length(pairs, name.size());
    add_length(pairs, value.size());
    pairs += name + value;
  }
  if (pairs.size() > most_content) throw core::Error("parameters are too long for FastCGI");
  // The role of a responder, and no connection kept.
  const std::string role = {0, 1, 0, 0, 0, 0, 0, 0};
  return record(begin_request, role) + record(parameters_of, pairs) + record(parameters_of, "") +
         record(input, "");
}

bool FastCgiAnswer::take(std::string_view bytes) {
  if (ended_) return true;
  pending_ += bytes;
  std::string_view rest = pending_;
  while (!ended_ && rest.size() >= header_size) {
    if (at(rest, 0) != version) throw core::CorruptData("does not speak FastCGI");
    const auto content = at(rest, 4) << 8 | at(rest, 5);
    const auto whole = header_size + content + at(rest, 6);
    if (rest.size() < whole) break;
    record(static_cast<unsigned>(at(rest, 1)), rest.substr(header_size, content));
    rest.remove_prefix(whole);
  }
  pending_ = std::string(rest);
  return ended_;
}

void FastCgiAnswer::record(unsigned type, std::string_view content) {
  if (type == output_of) {
    if (output_.size() + content.size() > most_output)
      throw core::Error("answers with more than " + std::to_string(most_output) + " bytes");
    output_ += content;
  } else if (type == errors_of) {
    complaint_ += content.substr(0, most_complaint - std::min(most_complaint, complaint_.size()));
  } else if (type == end_request) {
    if (content.size() < 5) throw core::CorruptData("does not speak FastCGI");
    const auto protocol_status = at(content, 4);
    if (protocol_status != 0)
      throw core::Error("refuses the request (FastCGI's status " + std::to_string(protocol_status) +
                        ")");
    ended_ = true;
  }
}

CgiAnswer cgi_answer(std::string_view output) {
  CgiAnswer answer;
  bool headers = false;
  while (auto line = next_line(output)) {
    if (line->ends_with('\r')) line->remove_suffix(1);
    if (line->empty()) {
      if (!headers) break;
      answer.body = output;
      return answer;
    }
    const auto colon = line->find(':');
    if (colon == std::string_view::npos) break;
    headers = true;
    auto value = line->substr(colon + 1);
    if (line->substr(0, colon) == "Status")
      answer.status =
          static_cast<int>(std::min<std::uint64_t>(999, parse_count(next_word(value), "Status")));
  }
  throw core::CorruptData("answers without headers, as no CGI does");
}

} // namespace intendance::collectors
