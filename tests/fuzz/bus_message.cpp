// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/systemd.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

using namespace intendance;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = core::as_text({data, size});
  try {
    const auto message = collectors::decode_message(bytes);
    collectors::BusReader(message).variant_string();
  } catch (const core::CorruptData&) {
  }
  try {
    collectors::decode_units(
        {collectors::BusMessageKind::answer, 1, "", "a(ssssssouso)", std::string(bytes), false});
  } catch (const core::CorruptData&) {
  }
  return 0;
}
