// SPDX-License-Identifier: AGPL-3.0-or-later
#include "web/access.hpp"

#include "core/error.hpp"
#include "core/log.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace intendance::web {

namespace {

constexpr std::string_view cookie_name = "intendance_session";
constexpr std::string_view bearer = "Bearer ";

std::string cookie_of(const core::HttpRequest& request) {
  const std::string header = request.header("cookie").value_or("");
  std::string_view rest = header;
  while (!rest.empty()) {
    std::string_view pair = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.starts_with(cookie_name) && pair.substr(cookie_name.size()).starts_with('='))
      return std::string(pair.substr(cookie_name.size() + 1));
  }
  return {};
}

std::string set_cookie(const core::HttpRequest& request, const std::string& secret,
                       std::chrono::seconds age) {
  std::string cookie(cookie_name);
  cookie +=
      "=" + secret + "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(age.count());
  // Over plain HTTP on loopback a browser would not send a Secure cookie back.
  if (request.header("x-forwarded-proto") == "https") cookie += "; Secure";
  return cookie;
}

bool is_json(const core::HttpRequest& request) {
  const std::string type = request.header("content-type").value_or("");
  return type == "application/json" || type.starts_with("application/json;");
}

std::optional<std::string> token_in(const std::string& body) {
  const nlohmann::json parsed = nlohmann::json::parse(body, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("token") || !parsed["token"].is_string())
    return std::nullopt;
  return parsed["token"].get<std::string>();
}

} // namespace

core::SecretBytes read_access_token(const WebConfig& config) {
  return core::with_context("[webd] access_token_file",
                            [&] { return core::read_secret(config.access_token_file); });
}

std::string client_address(const core::HttpRequest& request) {
  if (!request.remote_address.starts_with("127.")) return request.remote_address;
  const std::string forwarded = request.header("x-forwarded-for").value_or("");
  const auto comma = forwarded.rfind(',');
  std::string last = comma == std::string::npos ? forwarded : forwarded.substr(comma + 1);
  std::erase(last, ' ');
  constexpr std::size_t longest_address = 45; // of IPv6 in text
  return last.empty() || last.size() > longest_address ? request.remote_address : last;
}

Access::Access(core::SecretBytes token, core::Clock& clock, std::chrono::seconds session_lifetime)
    : token_(std::move(token)), sessions_(clock, session_lifetime), limiter_(clock) {
  if (token_.size() < least_token)
    throw core::ConfigError("[webd] access_token_file: the token has fewer than " +
                            std::to_string(least_token) +
                            " characters and could be guessed\n  make one: openssl rand -hex 32");
}

std::optional<core::HttpResponse> Access::refuse_token(const core::HttpRequest& request,
                                                       std::string_view token) {
  const std::string address = client_address(request);
  if (const auto wait = limiter_.wait(address)) {
    core::HttpResponse response = core::HttpResponse::failure(
        429, "too many attempts; try again in " + std::to_string(wait->count()) + " seconds");
    response.headers.emplace_back("Retry-After", std::to_string(wait->count()));
    return response;
  }
  if (core::equal_secret(token_, token)) {
    limiter_.succeeded(address);
    return std::nullopt;
  }
  limiter_.failed(address);
  core::log::warning("a wrong access token was given, refusing it", {{"address", address}});
  return core::HttpResponse::failure(401, "this is not the access token");
}

core::HttpResponse Access::sign_in(const core::HttpRequest& request) {
  // A page of another site can send a form, but not this type, without the browser asking us first.
  if (!is_json(request))
    return core::HttpResponse::failure(415, "the body must be application/json");
  const std::optional<std::string> token = token_in(request.body);
  if (!token) return core::HttpResponse::failure(400, R"(the body must be {"token": "…"})");
  if (std::optional<core::HttpResponse> refused = refuse_token(request, *token))
    return *std::move(refused);
  const SessionStore::Opened opened = sessions_.open();
  core::HttpResponse response = core::HttpResponse::json(
      nlohmann::json{{"expires", core::format_utc(opened.session.expires)}}.dump());
  response.headers.emplace_back("Set-Cookie",
                                set_cookie(request, opened.secret, sessions_.lifetime()));
  return response;
}

core::HttpResponse Access::sign_out(const core::HttpRequest& request) {
  sessions_.close(cookie_of(request));
  core::HttpResponse response;
  response.status = 204;
  response.headers.emplace_back("Set-Cookie", set_cookie(request, "", std::chrono::seconds{0}));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

core::HttpHandler Access::guard(core::HttpHandler handler) {
  return [this, handler = std::move(handler)](const core::HttpRequest& request) {
    if (sessions_.find(cookie_of(request))) return handler(request);
    const std::string given = request.header("authorization").value_or("");
    core::HttpResponse refused = core::HttpResponse::failure(
        401, "sign in at /, or send \"Authorization: Bearer TOKEN\" with the access token");
    if (given.starts_with(bearer)) {
      std::optional<core::HttpResponse> wrong =
          refuse_token(request, std::string_view(given).substr(bearer.size()));
      if (!wrong) return handler(request);
      refused = *std::move(wrong);
    }
    if (refused.status == 401)
      refused.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"intendance\"");
    return refused;
  };
}

} // namespace intendance::web
