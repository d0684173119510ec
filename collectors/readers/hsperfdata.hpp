// SPDX-License-Identifier: AGPL-3.0-or-later
// The file in which a Java virtual machine (HotSpot, OpenJDK's) keeps counters of itself while it
// runs: /tmp/hsperfdata_USER/PID. Version 2.0 of the format, which is described nowhere but in
// OpenJDK's src/hotspot/share/runtime/perfMemory.hpp.
#pragma once

#include "core/file.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace intendance::collectors {

struct HsperfData {
  std::map<std::string, std::int64_t> numbers;
  std::map<std::string, std::string> texts;

  std::optional<std::int64_t> number(const std::string& name) const;
  std::string text(const std::string& name) const; // empty when it is not there
};

// Entries of kinds that we don't know are passed over. Throws CorruptData when it is no such file,
// and TransientError when its machine is still starting.
HsperfData parse_hsperfdata(core::ByteView bytes);

} // namespace intendance::collectors
