// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/connection.hpp"

#include "core/curl_facts.hpp"

#include <poll.h>

#include <algorithm>
#include <array>

namespace intendance::core {

using namespace curl;

namespace {

using Clock = std::chrono::steady_clock;
using Cause = NetworkFailure::Cause;
using Phase = NetworkFailure::Phase;

constexpr std::size_t most_said = 4096; // bytes
// Somebody who has said a line and then nothing for so long has said all.
constexpr std::chrono::milliseconds pause_between_lines{500};
constexpr std::chrono::milliseconds stop_is_looked_at_every{100};

// What the callbacks fill; they are noexcept.
struct Conversation {
  std::string said;
  std::stop_token stop;
  std::exception_ptr failure;
};

std::size_t on_line(const char* bytes, std::size_t, std::size_t size, void* user) noexcept {
  auto& conversation = *static_cast<Conversation*>(user);
  try {
    const auto room = most_said - std::min(most_said, conversation.said.size());
    conversation.said.append(bytes, std::min(size, room));
    return size;
  } catch (...) {
    conversation.failure = std::current_exception();
    return 0;
  }
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return static_cast<Conversation*>(user)->stop.stop_requested() ? 1 : 0;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of("\r\n"), text.size());
    if (end > 0) lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

void configure(CURL* curl, const ConnectionCall& call, Conversation& conversation, char* reason) {
  set(curl, CURLOPT_ERRORBUFFER, reason);
  set(curl, CURLOPT_URL, call.url().c_str());
  set(curl, CURLOPT_PROTOCOLS_STR, "http,https,smtp,smtps,imap,imaps");
  set(curl, CURLOPT_PROXY, "");
  set(curl, CURLOPT_NOSIGNAL, 1L);
  set(curl, CURLOPT_CONNECT_ONLY, 1L);
  set(curl, CURLOPT_SSL_ENABLE_ALPN, 0L); // whatever is spoken there, it need not be HTTP
  const bool starttls = call.tls == ConnectionCall::Tls::starttls;
  set(curl, CURLOPT_USE_SSL, static_cast<long>(starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  const bool is_checked = call.trust == ConnectionCall::Trust::checked;
  set(curl, CURLOPT_SSL_VERIFYPEER, is_checked ? 1L : 0L);
  set(curl, CURLOPT_SSL_VERIFYHOST, is_checked ? 2L : 0L);
  if (call.authorities) set(curl, CURLOPT_CAINFO, call.authorities->c_str());
  set(curl, CURLOPT_CERTINFO, 1L);
  set(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(call.timeout.count()));
  set(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout.count()));
  set(curl, CURLOPT_HEADERFUNCTION, &on_line);
  set(curl, CURLOPT_HEADERDATA, &conversation);
  set(curl, CURLOPT_NOPROGRESS, 0L);
  set(curl, CURLOPT_XFERINFOFUNCTION, &on_progress);
  set(curl, CURLOPT_XFERINFODATA, &conversation);
}

// What is said on a bare connection once it is open.
class Talk {
public:
  Talk(CURL* curl, const ConnectionCall& call, Conversation& conversation, Clock::time_point end)
      : curl_(curl), call_(call), conversation_(conversation), end_(end) {}

  void send() {
    std::string_view rest = call_.send;
    while (!rest.empty()) {
      std::size_t sent = 0;
      const auto code = curl_easy_send(curl_, rest.data(), rest.size(), &sent);
      if (code == CURLE_AGAIN) {
        if (!wait(POLLOUT, end_)) fail(Phase::request, Cause::timeout, "it takes no bytes");
      } else if (code != CURLE_OK) {
        fail(Phase::request, Cause::reset, curl_easy_strerror(code));
      }
      rest.remove_prefix(sent);
    }
  }

  void listen() {
    auto& said = conversation_.said;
    while (said.find(call_.expect) == std::string::npos && said.size() < most_said) {
      std::array<char, 1024> piece{};
      std::size_t count = 0;
      const auto code = curl_easy_recv(curl_, piece.data(), piece.size(), &count);
      if (code == CURLE_AGAIN) {
        const bool is_line = said.find('\n') != std::string::npos;
        const auto until = is_line ? std::min(end_, Clock::now() + pause_between_lines) : end_;
        if (wait(POLLIN, until)) continue;
        if (!said.empty()) return;
        fail(Phase::response, Cause::timeout, "it says nothing");
      }
      if (code != CURLE_OK) fail(Phase::response, Cause::reset, "it broke the connection");
      if (count == 0) {
        if (!said.empty()) return;
        fail(Phase::response, Cause::closed, "it closed the connection and said nothing");
      }
      said.append(piece.data(), std::min(count, most_said - said.size()));
    }
  }

private:
  // Whether the connection is ready before `until`.
  bool wait(short what, Clock::time_point until) const {
    curl_socket_t socket = CURL_SOCKET_BAD;
    check(curl_easy_getinfo(curl_, CURLINFO_ACTIVESOCKET, &socket));
    while (!conversation_.stop.stop_requested()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
      if (left.count() <= 0) return false;
      pollfd ready{socket, what, 0};
      if (::poll(&ready, 1, static_cast<int>(std::min(left, stop_is_looked_at_every).count())) > 0)
        return true;
    }
    throw Cancelled("stopped while talking to " + call_.url());
  }

  [[noreturn]] void fail(Phase phase, Cause cause, const std::string& why) const {
    throw NetworkFailure(phase, cause, call_.url() + ": " + why);
  }

  CURL* curl_;
  const ConnectionCall& call_;
  Conversation& conversation_;
  Clock::time_point end_;
};

} // namespace

std::string ConnectionCall::url() const {
  const char* scheme = protocol == Protocol::smtp   ? "smtp"
                       : protocol == Protocol::imap ? "imap"
                                                    : "http";
  const bool is_numbers = host.find(':') != std::string::npos; // an IPv6 address
  return std::string(scheme) + (tls == Tls::from_the_start ? "s" : "") + "://" +
         (is_numbers ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

ConnectionReply connect_to(const ConnectionCall& call, const std::stop_token& stop) {
  const auto end = Clock::now() + call.timeout;
  const auto handle = make_handle();
  CURL* curl = handle.get();
  char reason[CURL_ERROR_SIZE] = {};
  Conversation conversation{{}, stop, nullptr};
  configure(curl, call, conversation, reason);
  const auto code = curl_easy_perform(curl);
  if (conversation.failure) std::rethrow_exception(conversation.failure);
  if (stop.stop_requested()) throw Cancelled("stopped while talking to " + call.url());
  if (code != CURLE_OK) {
    auto failure = failure_of(curl, code, call.url(), reason);
    // The server's own words are better than that they were not expected.
    const auto lines = lines_of(conversation.said);
    if (failure.cause == Cause::protocol && !lines.empty())
      throw NetworkFailure(failure.phase, failure.cause, call.url() + ": " + lines.back());
    throw failure;
  }
  Talk talk(curl, call, conversation, end);
  if (!call.send.empty()) talk.send();
  if (!call.expect.empty()) talk.listen();
  ConnectionReply reply;
  reply.timings = timings_of(curl);
  reply.remote_address = text_of(curl, CURLINFO_PRIMARY_IP);
  reply.certificates = certificates_of(curl);
  reply.lines = lines_of(conversation.said);
  return reply;
}

} // namespace intendance::core
