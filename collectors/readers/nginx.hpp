// SPDX-License-Identifier: AGPL-3.0-or-later
// nginx's own counters (ngx_http_stub_status_module), under nginx-prometheus-exporter's names.
#pragma once

#include "collectors/readers/reader.hpp"

#include <string_view>

namespace intendance::collectors {

// Throws CorruptData when it is no page of stub_status.
// https://nginx.org/en/docs/http/ngx_http_stub_status_module.html
Families parse_nginx_status(std::string_view page);

// url, user, password_file, token_file.
MakeReader nginx_reader(core::ConfigTable& table);

} // namespace intendance::collectors
