// SPDX-License-Identifier: AGPL-3.0-or-later
// The page: its files lie inside the program, as bytes and gzipped, and never come from a disk.
#pragma once

#include "core/http_server.hpp"

#include <span>
#include <string>
#include <string_view>

namespace intendance::web {

struct Asset {
  std::string_view name; // "index.html", "app-7F3A9C1E.js": all but index.html hold their own hash
  std::string_view content;
  std::string_view gzipped; // empty where it would not be smaller
};

// Everything that the page is made of; lives as long as the program.
std::span<const Asset> assets();

// "text/html; charset=utf-8" by the end of the name.
std::string content_type_of(std::string_view asset_name);

// Whether an Accept-Encoding header takes gzip: "br, gzip;q=0.5" does, "gzip;q=0" does not.
bool accepts_gzip(std::string_view accept_encoding);

// GET / and GET /assets/*. index.html is asked again each time and mostly answered by 304, the rest
// never changes under its name.
void add_asset_routes(core::HttpRouter& router);

} // namespace intendance::web
