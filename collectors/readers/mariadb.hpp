// SPDX-License-Identifier: AGPL-3.0-or-later
// MariaDB's status, under mysqld_exporter's names. Its mysql_global_variables_* are the few that
// dashboards set beside the other figures.
#pragma once

#include "collectors/readers/reader.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace intendance::collectors {

// "12", "ON", "Yes"… as a number; absent for any other text.
std::optional<double> mariadb_figure(std::string_view text);

// SHOW GLOBAL STATUS: names and values.
Families publish_mariadb_status(const std::vector<std::pair<std::string, std::string>>& status);

// socket = "/run/mysqld/mysqld.sock", or host and port; user, password_file.
MakeReader mariadb_reader(core::ConfigTable& table);

} // namespace intendance::collectors
