// SPDX-License-Identifier: AGPL-3.0-or-later
// How Puppet's last run went, as its agent sums it up in a file.
#pragma once

#include "collectors/readers/reader.hpp"

#include <string_view>

namespace intendance::collectors {

// last_run_summary.yaml: YAML of two levels, KEY: and beneath it KEY: SCALAR, which is all that
// Puppet writes there. Throws CorruptData for any other YAML.
// https://www.puppet.com/docs/puppet/7/configuration.html#lastrunfile
Families parse_puppet_summary(std::string_view yaml);

// file = "/var/cache/puppet/public/last_run_summary.yaml"
MakeReader puppet_reader(core::ConfigTable& table);

} // namespace intendance::collectors
