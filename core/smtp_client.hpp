// SPDX-License-Identifier: AGPL-3.0-or-later
// Mail by SMTP (RFC 5321), through libcurl.
#pragma once

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/secret.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace intendance::core {

struct SmtpServer {
  enum class Tls { none, starttls, from_the_start };
  std::string host;
  std::uint16_t port = 25;
  Tls tls = Tls::starttls; // required, never merely tried: a thief on the way would leave it out
  std::string user;        // empty: nobody logs in
  // The file of the user's password, read at each mail so that a new one needs no restart.
  std::optional<std::filesystem::path> password_file;

  std::string address() const; // "courriel.example.org:587"
  bool is_loopback() const;
};

// "smtp://HOST[:PORT]", by default port 587 and STARTTLS, on loopback port 25 and none;
// "smtps://HOST[:PORT]", by default 465. Throws ConfigError.
SmtpServer parse_smtp_server(const std::string& url);

struct MailAttachment {
  std::string name; // "2026-10.pdf", ASCII
  std::string media_type;
  std::string bytes;
};

struct Mail {
  std::string from; // "intendance@example.org"
  std::vector<std::string> to;
  std::string subject; // UTF-8
  std::string text;    // UTF-8
  std::vector<MailAttachment> attachments;
  std::string id; // as its Message-ID has it left of the @: the same mail sent twice is one
  TimePoint date;
};

// Throws Error unless it is NAME@DOMAIN of plain ASCII, without what would begin another line or
// another address.
void check_mail_address(std::string_view address);

// A header's text as RFC 2047 writes what is not ASCII, in lines of at most 76 characters.
std::string encode_header_text(std::string_view text);

// Returns when the server took the mail for every recipient. Throws TransientError with the
// server's words otherwise, Cancelled within a second of `stop`.
void send_mail(const SmtpServer& server, const Mail& mail, const std::stop_token& stop = {});

} // namespace intendance::core
