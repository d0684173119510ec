// SPDX-License-Identifier: AGPL-3.0-or-later
// What services, registries and the folder of failures say.
#include "collectors/probes/domain_check.hpp"
#include "collectors/probes/failure_memory.hpp"
#include "collectors/probes/http_check.hpp"
#include "collectors/probes/icmp_check.hpp"
#include "collectors/probes/server_check.hpp"
#include "collectors/probes/shown_text.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

using namespace intendance;
using namespace intendance::collectors;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(core::as_text({data, size}));
  parse_rdap_domain(bytes);
  parse_rfc3339(bytes);
  host_and_port(bytes);
  is_echo_reply(bytes, size % 2 == 0, 1);
  offers({bytes}, "AUTH");
  if (first_line(bytes).find('\n') != std::string::npos) __builtin_trap();

  Check check;
  check.contains = "x";
  check.json = {{"/a/0", "ok"}, {"/b", std::nullopt}};
  core::HttpReply reply;
  reply.status = 200;
  reply.body = bytes;
  reply.headers["location"] = bytes;
  judge(check, reply, "");
  reply.status = 302;
  judge(check, reply, "");

  try {
    // What was read is what would be written.
    const auto failures = read_failures(bytes);
    if (read_failures(write_failures(failures)).size() != failures.size()) __builtin_trap();
  } catch (const core::CorruptData&) {
  }
  return 0;
}
