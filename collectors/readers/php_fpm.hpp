// SPDX-License-Identifier: AGPL-3.0-or-later
// The state of a pool of PHP-FPM, asked by FastCGI over its socket, under php-fpm_exporter's names.
#pragma once

#include "collectors/readers/reader.hpp"

#include <string_view>

namespace intendance::collectors {

// The status page in JSON. Throws CorruptData when it is none.
// https://www.php.net/manual/en/fpm.status.php
Families parse_php_fpm_status(std::string_view json);

// socket = "/run/php/php8.2-fpm.sock" or "HOST:PORT", path = "/fpm-status": pm.status_path.
MakeReader php_fpm_reader(core::ConfigTable& table);

} // namespace intendance::collectors
