// SPDX-License-Identifier: AGPL-3.0-or-later
#include "web/router.hpp"

#include "core/gzip.hpp"
#include "web/assets.hpp"
#include "web/entity_tag.hpp"

namespace intendance::web {

namespace {

core::HttpResponse serve_overview(const PublishedOverview& published,
                                  const core::HttpRequest& request) {
  core::HttpResponse response;
  if (matches_entity_tag(request, published.etag)) {
    response.status = 304;
  } else {
    response.content_type = "application/json; charset=utf-8";
    if (core::accepts_gzip(request.header("accept-encoding"))) {
      response.headers.emplace_back("Content-Encoding", "gzip");
      response.body = published.gzipped;
    } else {
      response.body = published.json;
    }
  }
  response.headers.emplace_back("ETag", published.etag);
  response.headers.emplace_back("Cache-Control", "private, no-cache");
  response.headers.emplace_back("Vary", "Accept-Encoding, Authorization, Cookie");
  return response;
}

// Nothing but our own files, no frame around us, and no trace of where the reader was.
void add_security_headers(const core::HttpRequest&, core::HttpResponse& response) {
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; script-src 'self'; style-src 'self'; img-src "
                                "'self'; connect-src 'self'; "
                                "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  response.headers.emplace_back("Permissions-Policy", "camera=(), geolocation=(), microphone=()");
}

} // namespace

core::HttpRouter make_router(const Poller& poller, Access& access, const core::MetricsPage& metrics,
                             const core::HttpGuard& metrics_guard) {
  core::HttpRouter router;
  router.decorate(add_security_headers);
  add_asset_routes(router);
  router.add("GET", "/healthz", [](const core::HttpRequest&) {
    core::HttpResponse response;
    response.body = "ok\n";
    return response;
  });
  router.add("GET", "/metrics", metrics_guard(core::HttpGuard::Area::metrics, metrics.handler()));
  router.add("POST", "/api/v1/session",
             [&access](const core::HttpRequest& request) { return access.sign_in(request); });
  router.add("DELETE", "/api/v1/session",
             [&access](const core::HttpRequest& request) { return access.sign_out(request); });
  router.add("GET", "/api/v1/overview", access.guard([&poller](const core::HttpRequest& request) {
    return serve_overview(*poller.latest(), request);
  }));
  return router;
}

} // namespace intendance::web
