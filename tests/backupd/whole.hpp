// SPDX-License-Identifier: AGPL-3.0-or-later
// What must hold of a repository whatever was done to it.
#pragma once

#include "backupd/repository/repository.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace intendance::backupd {

using Tree = std::map<std::string, std::string>; // see describe_tree()

// By a reader's key: every byte is what was written, and nothing that a snapshot needs is missing.
void expect_whole(const Repository& repository);

// What a snapshot brings back of `source`; a problem fails the test. By a reader's key.
Tree restored_tree(const Repository& repository, const std::string& snapshot,
                   const std::filesystem::path& source);

} // namespace intendance::backupd
