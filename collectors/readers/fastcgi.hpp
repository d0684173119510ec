// SPDX-License-Identifier: AGPL-3.0-or-later
// As much of FastCGI as one request without a body needs.
// https://fastcgi-archives.github.io/FastCGI_Specification.html
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace intendance::collectors {

// The records that ask a responder, once, with these parameters.
std::string fastcgi_request(const std::vector<std::pair<std::string, std::string>>& parameters);

// Takes an answer in pieces of any size.
class FastCgiAnswer {
public:
  // True when the answer is whole; what comes after it is passed over. Throws CorruptData for what
  // is no FastCGI, and Error when the responder refuses or the answer is longer than 1 MiB.
  bool take(std::string_view bytes);
  // What the program wrote: headers, an empty line, the body.
  const std::string& output() const { return output_; }
  // What it complained of, cut.
  const std::string& complaint() const { return complaint_; }

private:
  void record(unsigned type, std::string_view content);

  std::string pending_, output_, complaint_;
  bool ended_ = false;
};

// The output of a program as CGI has it (RFC 3875, 6).
struct CgiAnswer {
  int status = 200;
  std::string_view body;
};
// Throws CorruptData when there are no headers.
CgiAnswer cgi_answer(std::string_view output);

} // namespace intendance::collectors
