// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/manifest.hpp"

#include "core/error.hpp"
#include "core/file.hpp"

#include <cstdlib>

using namespace intendance;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    // What was decoded can be written, and then says the same.
    const auto entries = backupd::decode_page({data, size});
    core::Buffer page;
    for (const auto& entry : entries) backupd::encode_entry(entry, page);
    if (backupd::decode_page(page) != entries) std::abort();
  } catch (const core::Error&) {
  }
  return 0;
}
