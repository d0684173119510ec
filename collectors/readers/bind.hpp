// SPDX-License-Identifier: AGPL-3.0-or-later
// BIND's statistics channel, under bind_exporter's names.
#pragma once

#include "collectors/readers/reader.hpp"

#include <string_view>

namespace intendance::collectors {

// The answer to /json/v1. Throws CorruptData when it is none.
// https://bind9.readthedocs.io/en/v9.18/reference.html#statistics-channels-block-grammar
Families parse_bind_statistics(std::string_view json);

// url, user, password_file, token_file; the url ends in /json/v1.
MakeReader bind_reader(core::ConfigTable& table);

} // namespace intendance::collectors
