// SPDX-License-Identifier: AGPL-3.0-or-later
// Entity tags (RFC 9110 §8.8.3), weak because one tag stands for the plain and the gzipped form.
#pragma once

#include "core/http_server.hpp"

#include <string>
#include <string_view>

namespace intendance::web {

// W/"VERSION"
std::string weak_entity_tag(std::string_view version);

// Whether If-None-Match holds `tag` (or "*"): then 304 says enough.
bool matches_entity_tag(const core::HttpRequest& request, std::string_view tag);

} // namespace intendance::web
