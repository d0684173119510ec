// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/config.hpp"

#include "core/error.hpp"
#include "core/file.hpp"

#include <cstdlib>

using namespace intendance;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto document = core::ConfigDocument::parse(core::as_text({data, size}), "fuzz.toml");
    for (auto& table : document.tables("job")) {
      table.text("name");
      table.finish();
    }
    document.named_tables("repository");
  } catch (const core::Error&) {
  }
  return 0;
}
