// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/trust.hpp"

#include "core/error.hpp"
#include "core/file.hpp"

#include <cstdlib>

using namespace intendance;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto owner = backupd::OwnerKey::generate().public_key();
  try {
    backupd::decode_trust({data, size}, owner);
  } catch (const core::Error&) {
  }
  return 0;
}
