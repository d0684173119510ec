// SPDX-License-Identifier: AGPL-3.0-or-later
// HTTP requests by libcurl. Redirects are followed only as far as asked; only http and https.
#pragma once

#include "core/clock.hpp"
#include "core/network_failure.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace intendance::core {

// A body that is too long to be held: `read` fills what it is given, from that offset on, in order
// or, when libcurl sends it again on a new connection, from the beginning.
struct HttpUpload {
  std::uint64_t size = 0;
  std::function<void(std::uint64_t offset, std::span<std::uint8_t> into)> read;
};

struct HttpCall {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::optional<HttpUpload> upload; // in place of `body`
  // Where the body of a 2xx answer goes in place of `reply.body`; one that is longer is cut.
  std::optional<std::span<std::uint8_t>> into;
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds timeout{15000};     // of the whole call; 0: none
  std::chrono::seconds stall_timeout{0};        // without a byte; 0: none
  std::size_t most_body = std::size_t{8} << 20; // bytes; a longer answer is cut, body_cut says so
  int most_redirects = 0;
  std::string user_agent = "intendance";
  // PEM file of those whose certificates are believed, in place of the system's.
  std::optional<std::filesystem::path> authorities;
};

using HttpTimings = NetworkTimings;

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers; // names in lower case
  std::string body;
  std::uint64_t body_size = 0; // wherever it went
  bool body_cut = false;
  HttpTimings timings;
  double http_version = 0; // 1.1, 2
  int redirects = 0;
  std::string url; // the last one asked
  std::string remote_address;
  std::optional<std::chrono::sys_seconds> earliest_certificate_expiry; // https only
};

using HttpFailure = NetworkFailure;

// "Sun, 06 Nov 1994 08:49:37 GMT", as in Last-Modified. Throws CorruptData.
TimePoint parse_http_date(const std::string& text);

// Keeps its connection for the next call. One thread at a time.
class HttpClient {
public:
  HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();
  // Any status is a reply. Throws HttpFailure, or Cancelled within a second of `stop`.
  HttpReply send(const HttpCall& call, std::stop_token stop = {});

private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

} // namespace intendance::core
