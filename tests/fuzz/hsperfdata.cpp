// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/jvm.hpp"
#include "core/error.hpp"

using namespace intendance;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto machine = collectors::parse_hsperfdata({data, size});
    core::FamilySet set;
    set.add_foreign(collectors::publish_jvms({machine, machine}));
    core::serialize(set.take(), core::ExpositionFormat::openmetrics);
  } catch (const core::Error&) {
  }
  return 0;
}
