// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/smtp_client.hpp"

#include "core/crypto.hpp"
#include "core/curl.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>

namespace intendance::core {

using namespace curl;

namespace {

constexpr std::chrono::milliseconds connect_timeout{15'000};
constexpr std::chrono::milliseconds mail_timeout{300'000}; // a server that greylists answers late
constexpr std::size_t encoded_word_bytes = 45;             // 60 characters of base64

constexpr std::string_view plain = "smtp://";
constexpr std::string_view secure = "smtps://";

// The last line with which the server refused something, and the wish to stop.
struct Conversation {
  std::stop_token stop;
  curl_socket_t socket = CURL_SOCKET_BAD;
  std::string refusal;
};

std::size_t on_line(const char* bytes, std::size_t, std::size_t size, void* user) noexcept {
  try {
    std::string_view line(bytes, size);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    if (line.starts_with('4') || line.starts_with('5'))
      static_cast<Conversation*>(user)->refusal = line;
    return size;
  } catch (...) { // no memory for a message: the transfer ends with libcurl's own
    return 0;
  }
}

int on_socket(void* user, curl_socket_t socket, curlsocktype) noexcept {
  static_cast<Conversation*>(user)->socket = socket;
  return CURL_SOCKOPT_OK;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  const auto& conversation = *static_cast<const Conversation*>(user);
  if (!conversation.stop.stop_requested()) return 0;
  // Otherwise libcurl says QUIT and waits two minutes for a server that may say nothing.
  if (conversation.socket != CURL_SOCKET_BAD) shutdown(conversation.socket, SHUT_RDWR);
  return 1;
}

bool is_header_safe(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char each) { return each >= ' ' && each <= '~'; });
}

// "Sun, 01 Nov 2026 08:00:00 +0000" (RFC 5322).
std::string mail_date(TimePoint time) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000",
                     std::chrono::floor<std::chrono::seconds>(time));
}

List mail_headers(const Mail& mail) {
  std::string recipients;
  for (const auto& each : mail.to) recipients += (recipients.empty() ? "" : ",\r\n ") + each;
  List headers;
  append(headers, "Date: " + mail_date(mail.date));
  append(headers, "From: " + mail.from);
  append(headers, "To: " + recipients);
  append(headers, "Subject: " + encode_header_text(mail.subject));
  append(headers,
         "Message-ID: <" + mail.id + "@" + mail.from.substr(mail.from.find('@') + 1) + ">");
  // No holiday answers (RFC 3834).
  append(headers, "Auto-Submitted: auto-generated");
  return headers;
}

void add_part(curl_mime* mime, std::string_view bytes, const std::string& media_type,
              const std::string& file_name) {
  auto* part = curl_mime_addpart(mime);
  if (part == nullptr) throw Error("libcurl: no memory for a mail");
  check(curl_mime_data(part, bytes.data(), bytes.size()));
  check(curl_mime_type(part, media_type.c_str()));
  check(curl_mime_encoder(part, file_name.empty() ? "quoted-printable" : "base64"));
  if (!file_name.empty()) check(curl_mime_filename(part, file_name.c_str()));
}

Mime mail_body(CURL* curl, const Mail& mail) {
  Mime mime(curl_mime_init(curl));
  if (!mime) throw Error("libcurl: no memory for a mail");
  add_part(mime.get(), mail.text, "text/plain; charset=utf-8", "");
  for (const auto& each : mail.attachments)
    add_part(mime.get(), each.bytes, each.media_type, each.name);
  return mime;
}

void set_server(CURL* curl, const SmtpServer& server) {
  const bool from_the_start = server.tls == SmtpServer::Tls::from_the_start;
  const auto url = std::string(from_the_start ? secure : plain) + server.address();
  set(curl, CURLOPT_URL, url.c_str());
  set(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(curl, CURLOPT_PROXY, "");
  set(curl, CURLOPT_NOSIGNAL, 1L);
  const bool none = server.tls == SmtpServer::Tls::none;
  set(curl, CURLOPT_USE_SSL, static_cast<long>(none ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  set(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_timeout.count()));
  set(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(mail_timeout.count()));
  if (!server.user.empty()) {
    set(curl, CURLOPT_USERNAME, server.user.c_str());
    const auto password = read_secret(server.password_file.value());
    set(curl, CURLOPT_PASSWORD, std::string(as_text(password.view())).c_str());
  }
}

} // namespace

std::string SmtpServer::address() const {
  const bool numbers = host.find(':') != std::string::npos; // an IPv6 address
  return fmt::format("{}{}{}:{}", numbers ? "[" : "", host, numbers ? "]" : "", port);
}

bool SmtpServer::is_loopback() const {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

SmtpServer parse_smtp_server(const std::string& url) {
  const auto refuse = [&](const char* why) {
    throw ConfigError("\"" + url + "\" " + why +
                      "; smtp://HOST[:PORT] or smtps://HOST[:PORT] is wanted");
  };
  SmtpServer server;
  const bool is_secure = url.starts_with(secure);
  if (!is_secure && !url.starts_with(plain)) refuse("is no address of a mail server");
  std::string_view rest(url);
  rest.remove_prefix(is_secure ? secure.size() : plain.size());
  if (rest.find_first_of("@/?# ") != std::string_view::npos)
    refuse("has more than a host and a port (user and password have keys of their own)");
  std::optional<std::string_view> port;
  const auto bracket = rest.starts_with('[') ? rest.find(']') : std::string_view::npos;
  const auto colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    port = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
  }
  if (bracket != std::string_view::npos) rest = rest.substr(1, bracket - 1);
  server.host = rest;
  if (server.host.empty()) refuse("names no host");
  server.tls = is_secure              ? SmtpServer::Tls::from_the_start
               : server.is_loopback() ? SmtpServer::Tls::none
                                      : SmtpServer::Tls::starttls;
  server.port = is_secure ? 465 : server.is_loopback() ? 25 : 587;
  if (port) {
    const auto* end = port->data() + port->size();
    const auto result = std::from_chars(port->data(), end, server.port);
    if (result.ec != std::errc() || result.ptr != end || server.port == 0)
      refuse("has no port from 1 to 65535");
  }
  return server;
}

void check_mail_address(std::string_view address) {
  const auto at = address.find('@');
  constexpr std::string_view not_plain = "@ <>()[],;:\\\"";
  const bool two_parts = at != std::string_view::npos && at > 0 && at + 1 < address.size();
  if (!two_parts || !is_header_safe(address) ||
      address.substr(0, at).find_first_of(not_plain) != std::string_view::npos ||
      address.substr(at + 1).find_first_of(not_plain) != std::string_view::npos)
    throw Error("\"" + std::string(address) + "\" is no address; NAME@DOMAIN is wanted, alone");
}

std::string encode_header_text(std::string_view text) {
  if (is_header_safe(text)) return std::string(text);
  std::string encoded;
  while (!text.empty()) {
    auto count = std::min(encoded_word_bytes, text.size());
    const auto is_middle = [&](std::size_t at) {
      return at < text.size() && (static_cast<std::uint8_t>(text[at]) & 0xC0) == 0x80;
    };
    while (count > 1 && is_middle(count)) --count; // no character is cut in two
    encoded += (encoded.empty() ? "" : "\r\n ") +
               ("=?utf-8?B?" + to_base64(as_bytes(text.substr(0, count)))) + "?=";
    text.remove_prefix(count);
  }
  return encoded;
}

void send_mail(const SmtpServer& server, const Mail& mail, const std::stop_token& stop) {
  check_mail_address(mail.from);
  std::for_each(mail.to.begin(), mail.to.end(), check_mail_address);
  const auto handle = make_handle();
  CURL* curl = handle.get();
  Conversation conversation;
  conversation.stop = stop;
  char reason[CURL_ERROR_SIZE] = {};
  const auto headers = mail_headers(mail);
  const auto body = mail_body(curl, mail);
  List recipients;
  for (const auto& each : mail.to) append(recipients, "<" + each + ">");

  set_server(curl, server);
  set(curl, CURLOPT_ERRORBUFFER, reason);
  set(curl, CURLOPT_MAIL_FROM, ("<" + mail.from + ">").c_str());
  set(curl, CURLOPT_MAIL_RCPT, recipients.get());
  set(curl, CURLOPT_HTTPHEADER, headers.get());
  set(curl, CURLOPT_MIMEPOST, body.get());
  set(curl, CURLOPT_HEADERFUNCTION, &on_line);
  set(curl, CURLOPT_HEADERDATA, &conversation);
  set(curl, CURLOPT_SOCKOPTFUNCTION, &on_socket);
  set(curl, CURLOPT_SOCKOPTDATA, &conversation);
  set(curl, CURLOPT_NOPROGRESS, 0L);
  set(curl, CURLOPT_XFERINFOFUNCTION, &on_progress);
  set(curl, CURLOPT_XFERINFODATA, &conversation);
  const auto code = curl_easy_perform(curl);
  if (code == CURLE_OK) return; // it was taken, whatever was asked meanwhile
  if (stop.stop_requested()) throw Cancelled("stopped while sending a mail");
  // The server's own words, where it has any.
  throw TransientError(
      server.address() + " did not take the mail: " +
      (conversation.refusal.empty() ? why_failed(curl, code, reason) : conversation.refusal));
}

} // namespace intendance::core
