// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/fastcgi.hpp"

#include "core/error.hpp"
#include "core/file.hpp"

using namespace intendance;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto bytes = core::as_text({data, size});
  collectors::FastCgiAnswer answer;
  try {
    const auto first = size / 2;
    if (answer.take(bytes.substr(0, first)) || answer.take(bytes.substr(first)))
      collectors::cgi_answer(answer.output());
  } catch (const core::Error&) {
  }
  return 0;
}
