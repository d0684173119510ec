// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/http_server.hpp"

#include "core/crypto.hpp"
#include "core/error.hpp"
#include "core/log.hpp"

#include <arpa/inet.h>
#include <civetweb.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace intendance::core {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& character : out) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
  }
  return out;
}

std::string_view reason_phrase(int status) { return mg_get_response_code_text(nullptr, status); }

// %XX and, where `plus_is_space`, + decoded. mg_url_decode refuses results that do not fit.
std::string url_decoded(std::string_view text, bool plus_is_space) {
  std::string out(text.size() + 1, '\0');
  const int length = mg_url_decode(text.data(), static_cast<int>(text.size()), out.data(),
                                   static_cast<int>(out.size()), plus_is_space ? 1 : 0);
  out.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  return out;
}

std::multimap<std::string, std::string> parse_query(std::string_view text) {
  std::multimap<std::string, std::string> parameters;
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const auto equals = pair.find('=');
    if (pair.empty()) continue;
    const auto value =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    parameters.emplace(url_decoded(pair.substr(0, equals), true), url_decoded(value, true));
  }
  return parameters;
}

// Bytes that could end a header and begin another never leave.
std::string header_safe(std::string_view text) {
  std::string out(text);
  std::erase_if(out, [](char character) { return character == '\r' || character == '\n'; });
  return out;
}

std::string serialise(const HttpResponse& response, bool with_body) {
  auto out = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n",
                         response.status, reason_phrase(response.status),
                         header_safe(response.content_type), response.body.size());
  for (const auto& [name, value] : response.headers) {
    out += fmt::format("{}: {}\r\n", header_safe(name), header_safe(value));
  }
  out += "\r\n";
  if (with_body) out += response.body;
  return out;
}

// One request on its way from a CivetWeb thread to a worker and back. Shared, because the CivetWeb
// thread stops waiting at the deadline while the worker still writes here.
struct Exchange {
  HttpRequest request;
  std::mutex mutex;
  std::condition_variable done;
  std::optional<HttpResponse> response;
};

// Workers with ordinary stacks (CivetWeb's own have 100 KiB) behind a queue with a bound.
class Workers {
public:
  Workers(std::size_t count, std::size_t most_waiting, const HttpRouter& router)
      : most_waiting_(most_waiting), router_(router) {
    for (std::size_t each = 0; each < count; ++each) {
      threads_.emplace_back([this](std::stop_token stop) { work(stop); });
    }
  }

  bool submit(std::shared_ptr<Exchange> exchange) {
    {
      std::scoped_lock lock(mutex_);
      if (waiting_.size() >= most_waiting_) return false;
      waiting_.push_back(std::move(exchange));
    }
    arrived_.notify_one();
    return true;
  }

private:
  void work(std::stop_token stop) {
    while (true) {
      std::unique_lock lock(mutex_);
      if (!arrived_.wait(lock, stop, [&] { return !waiting_.empty(); })) return;
      const auto exchange = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      // Whoever waited past the deadline has been answered.
      if (std::chrono::steady_clock::now() >= exchange->request.deadline) continue;
      auto response = router_.answer(exchange->request);
      std::scoped_lock done(exchange->mutex);
      exchange->response = std::move(response);
      exchange->done.notify_one();
    }
  }

  const std::size_t most_waiting_;
  const HttpRouter& router_;
  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::deque<std::shared_ptr<Exchange>> waiting_;
  std::vector<std::jthread> threads_; // last: they stop before what they use goes
};

} // namespace

std::optional<std::string> HttpRequest::header(std::string_view lower_case_name) const {
  const auto found = headers.find(std::string(lower_case_name));
  return found == headers.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> HttpRequest::parameter(std::string_view name) const {
  const auto found = query.find(std::string(name));
  return found == query.end() ? std::nullopt : std::optional(found->second);
}

HttpResponse HttpResponse::json(std::string body, int status) {
  return {
      status, "application/json; charset=utf-8", std::move(body), {{"Cache-Control", "no-store"}}};
}

HttpResponse HttpResponse::failure(int status, std::string_view message) {
  const auto replace = nlohmann::json::error_handler_t::replace;
  return json(nlohmann::json{{"error", message}}.dump(-1, ' ', false, replace), status);
}

void HttpRouter::add(std::string method, std::string path, HttpHandler handler) {
  routes_.push_back({std::move(method), std::move(path), std::move(handler)});
}

void HttpRouter::decorate(std::function<void(const HttpRequest&, HttpResponse&)> decorate) {
  decorate_ = std::move(decorate);
}

namespace {

// How much of `path` the pattern fixes; nullopt when it does not match.
std::optional<std::size_t> match(std::string_view pattern, std::string_view path) {
  if (pattern.empty() || pattern.back() != '*') {
    return pattern == path ? std::optional(pattern.size() + 1) : std::nullopt;
  }
  pattern.remove_suffix(1);
  return path.starts_with(pattern) ? std::optional(pattern.size()) : std::nullopt;
}

} // namespace

HttpResponse HttpRouter::answer(const HttpRequest& request) const {
  const Route* best = nullptr;
  std::size_t longest = 0;
  std::string others;
  const auto method = request.method == "HEAD" ? "GET" : request.method;
  for (const auto& route : routes_) {
    const auto length = match(route.path, request.path);
    if (!length || (best != nullptr && *length <= longest)) continue;
    if (route.method != method) {
      others += (others.empty() ? "" : ", ") + route.method;
      continue;
    }
    best = &route;
    longest = *length;
  }
  HttpResponse response;
  if (best == nullptr && others.empty()) {
    response = HttpResponse::failure(404, "nothing is here: " + request.path);
  } else if (best == nullptr) {
    response = HttpResponse::failure(405, request.path + " answers " + others);
    response.headers.emplace_back("Allow", others);
  } else {
    try {
      response = best->handler(request);
    } catch (const std::exception& error) {
      log::error("request failed",
                 {{"method", request.method}, {"path", request.path}, {"reason", error.what()}});
      response = HttpResponse::failure(500, "the server failed; its log says why");
    }
  }
  if (decorate_) decorate_(request, response);
  return response;
}

namespace {

// Of `Bearer TOKEN`, or of `Basic` with any user name and the token for its password, as programs
// know it that cannot send the first.
bool holds_token(std::string_view given, const SecretBytes& token) {
  constexpr std::string_view bearer = "Bearer ", basic = "Basic ";
  if (given.starts_with(bearer)) return equal_secret(token, given.substr(bearer.size()));
  if (!given.starts_with(basic)) return false;
  try {
    const auto decoded = from_base64(given.substr(basic.size()));
    const auto pair = as_text(ByteView(decoded));
    const auto colon = pair.find(':');
    return colon != std::string_view::npos && equal_secret(token, pair.substr(colon + 1));
  } catch (const CorruptData&) {
    return false;
  }
}

} // namespace

HttpGuard::HttpGuard(const std::optional<std::filesystem::path>& token_file) {
  if (token_file) token_ = std::make_shared<const SecretBytes>(read_secret(*token_file));
}

HttpHandler HttpGuard::operator()(Area area, HttpHandler handler) const {
  return [area, token = token_, handler = std::move(handler)](const HttpRequest& request) {
    if (token == nullptr) {
      if (area == Area::metrics) return handler(request);
      return HttpResponse::failure(403, "this daemon has no token_file, so its API is closed");
    }
    if (holds_token(request.header("authorization").value_or(""), *token)) return handler(request);
    auto refused = HttpResponse::failure(401, "a valid bearer token is needed");
    refused.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"intendance\"");
    return refused;
  };
}

bool ListenAddress::is_loopback() const { return host.starts_with("127."); }

ListenAddress parse_listen_address(const std::string& text) {
  const auto colon = text.rfind(':');
  unsigned port = 65536;
  in_addr ignored{};
  if (colon != std::string::npos) {
    const auto* end = text.data() + text.size();
    const auto result = std::from_chars(text.data() + colon + 1, end, port);
    if (result.ec != std::errc() || result.ptr != end) port = 65536;
  }
  const auto host = text.substr(0, colon);
  if (port > 65535 || ::inet_pton(AF_INET, host.c_str(), &ignored) != 1) {
    throw ConfigError(
        "\"" + text +
        "\" is not an address to listen on\n  allowed: an IPv4 address and a port, as "
        "127.0.0.1:9710 (for TLS or IPv6, a reverse proxy in front)");
  }
  return {host, static_cast<std::uint16_t>(port)};
}

class HttpServer::Implementation {
public:
  Implementation(const HttpServerOptions& options, HttpRouter router)
      : options_(options), listen_(parse_listen_address(options.listen)),
        router_(std::move(router)), workers_(options.workers, options.queue, router_) {
    mg_init_library(0);
    mg_callbacks callbacks{};
    callbacks.log_message = [](const mg_connection*, const char* message) {
      log::debug(message);
      return 1;
    };
    const auto threads = std::to_string(options_.connections);
    const auto timeout = std::to_string(options_.request_timeout.count());
    // No document_root: nothing is served from the disk.
    const char* settings[] = {"listening_ports",
                              options_.listen.c_str(),
                              "num_threads",
                              threads.c_str(),
                              "request_timeout_ms",
                              timeout.c_str(),
                              "enable_keep_alive",
                              "yes",
                              "keep_alive_timeout_ms",
                              "5000",
                              "tcp_nodelay",
                              "1",
                              "enable_directory_listing",
                              "no",
                              nullptr};
    context_ = mg_start(&callbacks, this, settings);
    if (context_ == nullptr) {
      mg_exit_library();
      throw Error("cannot listen on " + options_.listen +
                  ": the port is in use, or the address is not this machine's");
    }
    mg_server_port port{};
    mg_get_server_ports(context_, 1, &port);
    port_ = static_cast<std::uint16_t>(port.port);
    mg_set_request_handler(context_, "/**", &Implementation::on_request, this);
  }

  ~Implementation() {
    // CivetWeb looks at its stop flag when a connection arrives, or else every two seconds.
    const std::jthread knocking([this](const std::stop_token& stopped) {
      while (!stopped.stop_requested()) {
        knock();
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
    });
    mg_stop(context_);
    mg_exit_library();
  }

  std::uint16_t port() const { return port_; }
  const std::string& host() const { return listen_.host; }

private:
  static int on_request(mg_connection* connection, void* self) noexcept {
    try {
      return static_cast<Implementation*>(self)->handle(connection);
    } catch (const std::exception& error) {
      log::error("connection failed, closing it", {{"reason", error.what()}});
      return 500;
    }
  }

  void knock() const {
    const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    ::inet_pton(AF_INET, listen_.host.c_str(), &address.sin_addr);
    // Whether it is heard does not matter: another follows until the server has stopped.
    static_cast<void>(
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
  }

  int handle(mg_connection* connection) {
    const auto* info = mg_get_request_info(connection);
    auto exchange = std::make_shared<Exchange>();
    auto& request = exchange->request;
    request.method = info->request_method;
    request.path = info->local_uri == nullptr ? "/" : info->local_uri;
    request.query = parse_query(info->query_string == nullptr ? "" : info->query_string);
    request.remote_address = info->remote_addr;
    request.deadline = std::chrono::steady_clock::now() + options_.request_timeout;
    for (int each = 0; each < info->num_headers; ++each) {
      auto& value = request.headers[lower(info->http_headers[each].name)];
      value += (value.empty() ? "" : ", ") + std::string(info->http_headers[each].value);
    }
    if (const int refused = read_body(connection, info->content_length, request); refused != 0) {
      // The rest of the body was not read, so the connection cannot go on.
      auto response =
          HttpResponse::failure(refused, refused == 413 ? "the request's body is too long"
                                                        : "the request's body cannot be read");
      response.headers.emplace_back("Connection", "close");
      return send(connection, request, response);
    }
    if (!workers_.submit(exchange)) return send(connection, request, busy());
    std::unique_lock lock(exchange->mutex);
    const bool answered = exchange->done.wait_until(lock, request.deadline,
                                                    [&] { return exchange->response.has_value(); });
    return send(connection, request, answered ? *exchange->response : busy());
  }

  static HttpResponse busy() {
    auto response = HttpResponse::failure(503, "busy; try again in a moment");
    response.headers.emplace_back("Retry-After", "2");
    return response;
  }

  // 0, or the status that refuses it.
  int read_body(mg_connection* connection, long long announced, HttpRequest& request) const {
    // Two lengths are how requests are smuggled past a proxy.
    if (request.header("transfer-encoding") && request.header("content-length")) return 400;
    if (announced > static_cast<long long>(options_.most_body)) return 413;
    if (request.method == "GET" || request.method == "HEAD") return announced > 0 ? 400 : 0;
    char block[8192];
    while (true) {
      const int count = mg_read(connection, block, sizeof(block));
      if (count < 0) return 400;
      if (count == 0) break;
      if (request.body.size() + static_cast<std::size_t>(count) > options_.most_body) return 413;
      request.body.append(block, static_cast<std::size_t>(count));
    }
    const bool cut = announced > 0 && request.body.size() < static_cast<std::size_t>(announced);
    return cut ? 400 : 0;
  }

  int send(mg_connection* connection, const HttpRequest& request, const HttpResponse& response) {
    const auto bytes = serialise(response, request.method != "HEAD");
    mg_write(connection, bytes.data(), bytes.size());
    return response.status;
  }

  HttpServerOptions options_;
  ListenAddress listen_;
  HttpRouter router_;
  Workers workers_;
  mg_context* context_ = nullptr;
  std::uint16_t port_ = 0;
};

HttpServer::HttpServer(const HttpServerOptions& options, HttpRouter router)
    : implementation_(std::make_unique<Implementation>(options, std::move(router))) {}
HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const { return implementation_->port(); }

std::string HttpServer::address() const {
  return fmt::format("http://{}:{}", implementation_->host(), port());
}

} // namespace intendance::core
