// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/basex.hpp"

#include "core/error.hpp"
#include "core/file.hpp"

using namespace intendance;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = core::as_text({data, size});
  collectors::basex_login(bytes, "me", "secret");
  try {
    if (const auto answer = collectors::decode_basex_answer(bytes))
      collectors::parse_basex_databases(answer->result);
    collectors::parse_basex_databases(bytes);
  } catch (const core::Error&) {
  }
  return 0;
}
