// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/synchronized.hpp"
#include "storage/swift_container.hpp"

#include <map>
#include <string>

namespace intendance::storage {

// Whether a list may still show what is gone: Swift strikes a removed object out of its container's
// list as soon as it can, which under load is minutes later. Whoever removes leaves a note of the
// folder before, an object that is touched again; whoever lists looks how old it is. Any thread.
class SwiftRemovals {
public:
  explicit SwiftRemovals(SwiftContainer& container) : container_(container) {}
  // Before the object of that name is removed.
  void note(const std::string& name);
  // Before a list of that prefix is begun.
  bool may_be_listed(const std::string& prefix);

private:
  void touch(const std::string& note);

  SwiftContainer& container_;
  core::Synchronized<std::map<std::string, core::TimePoint>> noted_; // by this machine's clock
};

} // namespace intendance::storage
