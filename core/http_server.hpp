// SPDX-License-Identifier: AGPL-3.0-or-later
// The one HTTP server of every daemon, on CivetWeb: routes, limits, tokens, one write a response.
// Plain HTTP; TLS is the reverse proxy's.
#pragma once

#include "core/secret.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace intendance::core {

struct HttpRequest {
  std::string method; // upper case
  std::string path;   // decoded, begins with /
  std::multimap<std::string, std::string> query;
  std::map<std::string, std::string> headers; // names in lower case; repeated ones joined by ", "
  std::string body;
  std::string remote_address;
  std::chrono::steady_clock::time_point deadline; // when the client is told 503 whatever happens

  std::optional<std::string> header(std::string_view lower_case_name) const;
  std::optional<std::string> parameter(std::string_view name) const; // the first of that name
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;

  static HttpResponse json(std::string body, int status = 200);
  // {"error": MESSAGE}
  static HttpResponse failure(int status, std::string_view message);
};

// Runs on a thread of the server's own with an ordinary stack. May throw: the client sees a 500
// without details, the log the reason.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

class HttpRouter {
public:
  // `path` is exact, or a prefix when it ends in '*'; the longest match wins. GET answers HEAD too.
  void add(std::string method, std::string path, HttpHandler handler);
  // Puts every response of this router through `decorate`, errors included (security headers).
  void decorate(std::function<void(const HttpRequest&, HttpResponse&)> decorate);
  // Never throws: exceptions become a 500, unknown paths a 404, known ones with another method a
  // 405.
  HttpResponse answer(const HttpRequest& request) const;

private:
  struct Route {
    std::string method, path;
    HttpHandler handler;
  };
  std::vector<Route> routes_;
  std::function<void(const HttpRequest&, HttpResponse&)> decorate_;
};

// Who may ask. With a token file, everything that is guarded needs "Authorization: Bearer TOKEN"
// (or Basic, with any user name and the token for a password); without one, /metrics is open (on
// loopback, where alone it may listen) and /api/ is refused.
class HttpGuard {
public:
  enum class Area { metrics, api };
  explicit HttpGuard(const std::optional<std::filesystem::path>& token_file);
  HttpHandler operator()(Area area, HttpHandler handler) const;
  bool has_token() const { return token_ != nullptr; }

private:
  std::shared_ptr<const SecretBytes> token_;
};

struct HttpServerOptions {
  std::string listen;                           // "127.0.0.1:9710"; port 0: any free one
  std::size_t connections = 12;                 // CivetWeb threads: keep-alive clients at once
  std::size_t workers = 4;                      // handlers at once
  std::size_t queue = 32;                       // requests that wait for a worker; then 503
  std::size_t most_body = std::size_t{1} << 20; // bytes; more is 413
  std::chrono::milliseconds request_timeout{10000};
};

// "HOST:PORT" of an IPv4 address; throws ConfigError otherwise, saying what is allowed.
struct ListenAddress {
  std::string host;
  std::uint16_t port;
  bool is_loopback() const;
};
ListenAddress parse_listen_address(const std::string& text);

// Listens from construction to destruction. Throws Error when the address is in use or not ours.
class HttpServer {
public:
  HttpServer(const HttpServerOptions& options, HttpRouter router);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer(); // running handlers are waited for
  std::uint16_t port() const;
  std::string address() const; // "http://127.0.0.1:9710"

private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

} // namespace intendance::core
