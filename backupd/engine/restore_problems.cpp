// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/restore_problems.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace intendance::backupd {

RestoreProblems::RestoreProblems(Report report) : state_(State{std::move(report), {}}) {}

void RestoreProblems::add(const std::string& path, const std::string& message, Loss loss) {
  state_.with([&](State& state) { state.report("/" + path, message, loss); });
}

void RestoreProblems::add_attribute(const std::string& path, const std::string& what,
                                    int error_number) {
  const auto message = what + " could not be set: " + std::strerror(error_number);
  if (error_number != EPERM && error_number != ENOTSUP) return add(path, message, Loss::attributes);
  state_.with([&](State& state) {
    auto& repeated = state.repeated[message];
    if (repeated.count++ == 0) repeated.first_path = path;
  });
}

void RestoreProblems::report_repeated() {
  state_.with([](State& state) {
    for (const auto& [message, repeated] : state.repeated) {
      auto text = message;
      if (repeated.count > 1)
        text += ", nor of " + std::to_string(repeated.count - 1) + " other files and folders";
      if (message.starts_with("owner") && ::geteuid() != 0)
        text += " (only root may give files away)";
      state.report("/" + repeated.first_path, text, Loss::attributes);
    }
    state.repeated.clear();
  });
}

} // namespace intendance::backupd
