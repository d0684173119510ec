// SPDX-License-Identifier: AGPL-3.0-or-later
// The parsers of the kernel's texts; the first byte chooses which.
#include "collectors/host/connections.hpp"
#include "collectors/host/control_groups.hpp"
#include "collectors/host/processes.hpp"
#include "collectors/host/processor.hpp"
#include "collectors/host/socket_diag.hpp"
#include "collectors/host/softnet.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

using namespace intendance::collectors;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = intendance::core::as_text({data + 1, size - 1});
  try {
    switch (data[0] % 11) {
    case 0: publish_softnet(parse_softnet(text)); break;
    case 1: publish_tcp_states(parse_socket_table(text)); break;
    case 2: publish_arp(parse_arp(text)); break;
    case 3: publish_schedstat(parse_schedstat(text)); break;
    case 4: publish_interrupts(parse_interrupts(text)); break;
    case 5: parse_process_state(text); break;
    case 6: parse_cpu_stat(text); break;
    case 7: parse_io_stat(text); break;
    case 8: parse_blkio(text, text); break;
    case 9: parse_pressure(text); break;
    case 10: {
      SocketTable table;
      add_diag_datagram(text, table);
      break;
    }
    }
  } catch (const intendance::core::Error&) {
  }
  return 0;
}
