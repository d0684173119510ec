// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/file.hpp"

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace intendance::core {

// Runs a program (searched in PATH) without a shell, hands its standard output to `sink` as it
// comes, and returns when it has ended with status 0. Throws Error with the last lines of its
// standard error (at most 2 KiB: what a database's tool says may hold rows of data), or with its
// status; whatever leaves `sink`, and Cancelled, after ending the program.
void run_program(const std::vector<std::string>& arguments,
                 const std::function<void(ByteView)>& sink, std::stop_token stop);

} // namespace intendance::core
