// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/relay.hpp"

#include "core/error.hpp"
#include "core/exposition.hpp"
#include "core/file.hpp"

#include <cstdlib>

using namespace intendance;

// What is taken of any page can be shown on ours, with the label of its service.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const collectors::FamilyChoice choice({"a", "b_*"});
  collectors::Families families;
  try {
    families = collectors::relay(core::as_text({data, size}), choice);
  } catch (const core::Error&) {
    return 0;
  }
  for (const auto& family : families)
    if (!choice.has(family.name)) std::abort();
  collectors::label_service(families, "notes");
  core::FamilySet set;
  set.add_foreign(families);
  core::serialize(set.take(), core::ExpositionFormat::openmetrics);
  return 0;
}
