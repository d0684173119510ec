// SPDX-License-Identifier: AGPL-3.0-or-later
// The kernel's list of TCP connections by netlink, sock_diag(7), of both versions of IP in one
// pass. Each of /proc/net/tcp and tcp6 walks a table of hundreds of thousands of places twice.
#pragma once

#include "collectors/host/connections.hpp"
#include "core/file.hpp"

#include <optional>
#include <string_view>

namespace intendance::collectors {

enum class DiagAnswer { goes_on, ended };

// Adds what one datagram of the kernel's answer holds. Throws Error for a refusal, CorruptData for
// what is no such answer.
DiagAnswer add_diag_datagram(std::string_view datagram, SocketTable& table);

// One thread at a time.
class SocketDiag {
public:
  // Absent, from then on, when the first question fails: the kernel has none of it, or it is not
  // allowed. Throws Error when a later one does.
  std::optional<SocketTable> tcp();

private:
  SocketTable ask();
  core::FileDescriptor socket_;
  bool has_answered_ = false, is_missing_ = false;
};

} // namespace intendance::collectors
