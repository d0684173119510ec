// SPDX-License-Identifier: AGPL-3.0-or-later
// Opens a connection to a server and looks at what it is greeted with and which certificates are
// shown, and asks for nothing else: TCP, TLS, and SMTP and IMAP up to where one would log in. By
// libcurl.
#pragma once

#include "core/network_failure.hpp"

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace intendance::core {

struct ConnectionCall {
  enum class Tls { none, from_the_start, starttls };
  enum class Protocol { bare, smtp, imap };
  enum class Trust { checked, ignored }; // ignored: to see certificates that nobody believes
  std::string host;                      // a name or an address; IPv6 without brackets
  std::uint16_t port = 0;
  Protocol protocol = Protocol::bare;
  Tls tls = Tls::none; // starttls: of SMTP and IMAP alone
  Trust trust = Trust::checked;
  std::optional<std::filesystem::path> authorities; // see HttpCall
  // Of a bare connection: what is sent, and what is waited for in what comes.
  std::string send, expect;
  std::chrono::milliseconds timeout{5000}; // of all of it

  std::string url() const; // "smtp://mail.example.org:587"
};

struct ConnectionReply {
  NetworkTimings timings;
  std::string remote_address;
  std::vector<Certificate> certificates; // empty without TLS
  std::vector<std::string> lines;        // what the server said, at most 4 KiB; foreign bytes
};

// Throws NetworkFailure, or Cancelled within a second of `stop`. A bare connection on which
// something else than `expect` came is no failure.
ConnectionReply connect_to(const ConnectionCall& call, const std::stop_token& stop = {});

} // namespace intendance::core
