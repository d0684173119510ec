// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/dns_client.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

using namespace intendance;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = core::as_text({data, size});
  try {
    collectors::parse_dns_message(bytes);
  } catch (const core::CorruptData&) {
  }
  collectors::parse_resolvers(bytes);
  // What is written as a question is read back as one.
  try {
    const auto question = collectors::make_dns_question(1, bytes, collectors::DnsType::a,
                                                        collectors::Recursion::wanted);
    if (collectors::parse_dns_message(question).type != 1) __builtin_trap();
  } catch (const core::CorruptData&) {
    __builtin_trap();
  } catch (const core::Error&) {
  }
  return 0;
}
