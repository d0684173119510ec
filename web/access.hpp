// SPDX-License-Identifier: AGPL-3.0-or-later
// The door of /api/: the access token, shown once by a person who gets a session for it, or with
// each request by a script.
#pragma once

#include "core/clock.hpp"
#include "core/http_server.hpp"
#include "core/secret.hpp"
#include "web/config.hpp"
#include "web/sessions.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace intendance::web {

// Any thread may call it. `clock` must outlive it, and it every router that uses it.
class Access {
public:
  static constexpr std::size_t least_token = 20; // characters: guessing it is then hopeless

  // Throws ConfigError when the token is shorter than least_token.
  Access(core::SecretBytes token, core::Clock& clock, std::chrono::seconds session_lifetime);

  // POST /api/v1/session {"token": "…"}: 200 and the session's cookie, or 400, 401, 415, 429.
  core::HttpResponse sign_in(const core::HttpRequest& request);
  // DELETE /api/v1/session: 204 always, and the cookie is taken back.
  core::HttpResponse sign_out(const core::HttpRequest& request);
  // `handler` for those who hold a session or the token; 401 or 429 for the others.
  core::HttpHandler guard(core::HttpHandler handler);

  std::size_t sessions() const { return sessions_.size(); }

private:
  // Nothing when the token is right; else the answer that refuses it.
  std::optional<core::HttpResponse> refuse_token(const core::HttpRequest& request,
                                                 std::string_view token);

  core::SecretBytes token_;
  SessionStore sessions_;
  AttemptLimiter limiter_;
};

// The token of [webd] access_token_file. Throws what core::read_secret throws.
core::SecretBytes read_access_token(const WebConfig& config);

// Whose attempts are counted together: the peer, or, behind a proxy on this machine, the last
// address of X-Forwarded-For, which is the one that the proxy itself saw.
std::string client_address(const core::HttpRequest& request);

} // namespace intendance::web
