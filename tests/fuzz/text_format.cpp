// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/text_format.hpp"

#include "core/error.hpp"
#include "core/exposition.hpp"
#include "core/file.hpp"

#include <cstdlib>

using namespace intendance;

// What is accepted can be written, and what was written is accepted and gives the same page again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  collectors::Families families;
  try {
    families =
        collectors::parse_text_format(core::as_text({data, size}), collectors::Timestamps::kept);
  } catch (const core::CorruptData&) {
    return 0;
  }
  const auto page = core::serialize(families, core::ExpositionFormat::text);
  const auto again = collectors::parse_text_format(page, collectors::Timestamps::kept);
  if (core::serialize(again, core::ExpositionFormat::text) != page) std::abort();
  core::FamilySet set;
  set.add_foreign(again);
  return 0;
}
