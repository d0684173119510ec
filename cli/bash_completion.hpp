// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/command.hpp"

#include <string>

namespace intendance::cli {

// A script for bash that completes commands, options, and what options take: names of files where
// a FILE is wanted, of folders for a DIR, the words of fr|en.
std::string bash_completion(const std::vector<core::Command>& commands);

} // namespace intendance::cli
