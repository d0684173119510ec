// SPDX-License-Identifier: AGPL-3.0-or-later
// Apache's own figures (mod_status), under apache_exporter's names.
#pragma once

#include "collectors/readers/reader.hpp"

#include <string_view>

namespace intendance::collectors {

// The page /server-status?auto: "Key: value" lines, of which those that we don't know are passed
// over. Throws CorruptData when it is no such page, or a figure that we know is none.
// https://httpd.apache.org/docs/2.4/mod/mod_status.html
Families parse_apache_status(std::string_view page);

// url, user, password_file, token_file; the url ends in ?auto.
MakeReader apache_reader(core::ConfigTable& table);

} // namespace intendance::collectors
