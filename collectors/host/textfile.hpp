// SPDX-License-Identifier: AGPL-3.0-or-later
// Figures that scripts of the machine leave in files: node_exporter's collector `textfile`.
#pragma once

#include "collectors/families.hpp"
#include "core/exposition.hpp"

#include <filesystem>

namespace intendance::collectors {

struct TextfileFolder {
  // Where Debian's node_exporter and its scripts look.
  std::filesystem::path path = "/var/lib/prometheus/node-exporter";
  bool must_exist = false; // when somebody asked for it
};

// Each file of the folder whose name ends in .prom is a source of its own, in the order of their
// names, and one that cannot be read or parsed, entirely, gives nothing but its error. A file that
// has not changed since the last time is not opened again. Beside them node_textfile_mtime_seconds
// of those that could be read.
core::ForeignCollector textfile_collector(const TextfileFolder& folder);

} // namespace intendance::collectors
