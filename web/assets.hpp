// SPDX-License-Identifier: AGPL-3.0-or-later
// The page: its files lie inside the program, plain and gzipped, and never come from a disk.
#pragma once

#include "core/http_server.hpp"

#include <span>
#include <string>
#include <string_view>

namespace intendance::web {

struct Asset {
  std::string_view name; // "index.html", "app-7F3A9C1E.js": all but index.html hold their own hash
  std::string_view hash; // of the content, for the entity tag
  std::string_view content;
  std::string_view gzipped; // empty where it would not be smaller
};

// Everything that the page is made of, index.html among it; lives as long as the program.
std::span<const Asset> assets();

// "text/html; charset=utf-8", by the end of the name.
std::string content_type_of(std::string_view asset_name);

// GET / and GET /assets/NAME. index.html is asked for each time and mostly answered by 304; the
// rest never changes under its name.
void add_asset_routes(core::HttpRouter& router);

} // namespace intendance::web
