// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/age.hpp"

#include "core/error.hpp"
#include "core/file.hpp"

#include <cstdlib>

using namespace intendance;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto identity = backupd::AgeIdentity::generate();
  try {
    backupd::age_open({data, size}, identity);
  } catch (const core::Error&) {
  }
  try {
    const auto text = core::as_text({data, size});
    if (backupd::AgeRecipient::parse(text).text() != text) std::abort();
  } catch (const core::Error&) {
  }
  return 0;
}
