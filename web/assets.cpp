// SPDX-License-Identifier: AGPL-3.0-or-later
#include "web/assets.hpp"

#include "core/error.hpp"
#include "core/gzip.hpp"
#include "web/entity_tag.hpp"

#include <algorithm>

namespace intendance::web {

namespace {

constexpr std::string_view assets_prefix = "/assets/";

core::HttpResponse serve(const Asset& asset, const core::HttpRequest& request) {
  core::HttpResponse response;
  response.content_type = content_type_of(asset.name);
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (!asset.gzipped.empty() && core::accepts_gzip(request.header("accept-encoding"))) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = asset.gzipped;
  } else {
    response.body = asset.content;
  }
  return response;
}

core::HttpResponse serve_index(const Asset& index, const core::HttpRequest& request) {
  const std::string tag = weak_entity_tag(index.hash);
  core::HttpResponse response = serve(index, request);
  if (matches_entity_tag(request, tag)) {
    response = {};
    response.status = 304;
  }
  response.headers.emplace_back("ETag", tag);
  response.headers.emplace_back("Cache-Control", "no-cache");
  return response;
}

const Asset* find_asset(std::string_view name) {
  const auto found = std::find_if(assets().begin(), assets().end(),
                                  [name](const Asset& asset) { return asset.name == name; });
  return found == assets().end() ? nullptr : &*found;
}

} // namespace

std::string content_type_of(std::string_view asset_name) {
  if (asset_name.ends_with(".html")) return "text/html; charset=utf-8";
  if (asset_name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (asset_name.ends_with(".css")) return "text/css; charset=utf-8";
  if (asset_name.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

void add_asset_routes(core::HttpRouter& router) {
  const Asset* index = find_asset("index.html");
  if (index == nullptr)
    throw core::Error(
        "this program was built without its page: index.html is not among its assets");
  router.add("GET", "/",
             [index](const core::HttpRequest& request) { return serve_index(*index, request); });
  router.add("GET", std::string(assets_prefix) + "*", [](const core::HttpRequest& request) {
    const Asset* asset = find_asset(std::string_view(request.path).substr(assets_prefix.size()));
    // index.html has one address only, where it is never immutable.
    if (asset == nullptr || asset->name == "index.html")
      return core::HttpResponse::failure(404, "nothing is here: " + request.path);
    core::HttpResponse response = serve(*asset, request);
    response.headers.emplace_back("Cache-Control", "public, max-age=31536000, immutable");
    return response;
  });
}

} // namespace intendance::web
