// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/backup.hpp"

#include <stop_token>
#include <string>

namespace intendance::backupd {

// A consistent dump of one database by pg_dump, as "/databases/postgresql/NAME.dump": the custom
// format without compression, so that what did not change is stored once. pg_restore puts it back.
// Throws ConfigError when the address names no database, or holds a password, which argv would
// show.
Stream postgresql_stream(const std::string& uri, std::stop_token stop);

} // namespace intendance::backupd
