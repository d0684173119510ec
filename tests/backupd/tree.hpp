// SPDX-License-Identifier: AGPL-3.0-or-later
// A tree with all that a file system can hold, and its description for comparisons.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace intendance::backupd {

// Makes files, links, holes, attributes and odd names in `root`, which must not exist.
void make_tree(const std::filesystem::path& root);

// Everything that a restore must bring back, as text, by relative path.
std::map<std::string, std::string> describe_tree(const std::filesystem::path& root);

} // namespace intendance::backupd
