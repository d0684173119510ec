// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/http_client.hpp"

#include "core/curl_facts.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace intendance::core {

using namespace curl;

namespace {

// Each way. What a fast line brings comes in fewer, larger pieces than by the library's own 16 KiB.
constexpr long buffer_size = 128l << 10;

// What the callbacks fill. They are noexcept: an exception is kept and thrown after the C call.
struct Transfer {
  const curl_socket_t& socket; // of the connection, once there is one
  const HttpCall& call;
  HttpReply reply;
  std::stop_token stop;
  std::exception_ptr failure;
  std::uint64_t uploaded = 0; // bytes
  int status = 0;             // of the answer whose headers come
};

std::string lower(std::string text) {
  for (char& character : text) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
  }
  return text;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// A server that sends head and body apart may hold the body back until the head is acknowledged
// (Nagle's algorithm, as in Ceph's gateway), and this kernel waits 40 ms with that in case that
// there is something to say. To each small object that would add as much.
void acknowledge_now(curl_socket_t socket) {
  const int yes = 1;
  if (socket != CURL_SOCKET_BAD)
    (void)::setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);
}

// libcurl does not tell the socket while it is at work (CURLINFO_ACTIVESOCKET), so it is noted.
int on_socket_opened(void* user, curl_socket_t socket, curlsocktype) noexcept {
  *static_cast<curl_socket_t*>(user) = socket;
  return CURL_SOCKOPT_OK;
}

int on_socket_closed(void* user, curl_socket_t socket) noexcept {
  auto& noted = *static_cast<curl_socket_t*>(user);
  if (noted == socket) noted = CURL_SOCKET_BAD;
  return ::close(socket);
}

std::size_t on_header(const char* bytes, std::size_t, std::size_t size, void* user) noexcept {
  auto& transfer = *static_cast<Transfer*>(user);
  try {
    const std::string_view line(bytes, size);
    if (line.starts_with("HTTP/")) { // a new answer: after a redirect, only the last one counts
      transfer.reply.headers.clear();
      const auto code = line.find(' ');
      transfer.status = 0;
      if (code != std::string_view::npos)
        std::from_chars(line.data() + code + 1, line.data() + line.size(), transfer.status);
      return size;
    }
    if (trimmed(line).empty()) acknowledge_now(transfer.socket); // the head is here
    const auto colon = line.find(':');
    if (colon != std::string_view::npos) {
      transfer.reply.headers[lower(std::string(line.substr(0, colon)))] =
          trimmed(line.substr(colon + 1));
    }
    return size;
  } catch (...) {
    transfer.failure = std::current_exception();
    return 0;
  }
}

std::size_t on_body(const char* bytes, std::size_t, std::size_t size, void* user) noexcept {
  auto& transfer = *static_cast<Transfer*>(user);
  try {
    auto& reply = transfer.reply;
    const bool apart = transfer.call.into && transfer.status / 100 == 2;
    const auto most = apart ? transfer.call.into->size() : transfer.call.most_body;
    const auto part = std::min<std::size_t>(size, most - reply.body_size);
    if (apart)
      std::copy_n(bytes, part,
                  transfer.call.into->begin() + static_cast<std::ptrdiff_t>(reply.body_size));
    else
      reply.body.append(bytes, part);
    reply.body_size += part;
    reply.body_cut = size > part;
    return reply.body_cut ? 0 : size; // 0 ends the transfer
  } catch (...) {
    transfer.failure = std::current_exception();
    return 0;
  }
}

std::size_t on_upload(char* bytes, std::size_t, std::size_t size, void* user) noexcept {
  auto& transfer = *static_cast<Transfer*>(user);
  try {
    const auto& upload = *transfer.call.upload;
    const auto part = std::min<std::uint64_t>(size, upload.size - transfer.uploaded);
    upload.read(transfer.uploaded, std::span(reinterpret_cast<std::uint8_t*>(bytes), part));
    transfer.uploaded += part;
    return part;
  } catch (...) {
    transfer.failure = std::current_exception();
    return CURL_READFUNC_ABORT;
  }
}

int on_seek(void* user, curl_off_t offset, int origin) noexcept {
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Transfer*>(user)->uploaded = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return static_cast<Transfer*>(user)->stop.stop_requested() ? 1 : 0;
}

// The first of the chain that expires.
std::optional<std::chrono::sys_seconds> earliest_expiry(CURL* curl) {
  std::optional<std::chrono::sys_seconds> earliest;
  for (const auto& certificate : certificates_of(curl))
    earliest = earliest ? std::min(*earliest, certificate.expires) : certificate.expires;
  return earliest;
}

double version_of(CURL* curl) {
  long version = 0;
  curl_easy_getinfo(curl, CURLINFO_HTTP_VERSION, &version);
  switch (version) {
  case CURL_HTTP_VERSION_1_0: return 1.0;
  case CURL_HTTP_VERSION_1_1: return 1.1;
  case CURL_HTTP_VERSION_2_0: return 2.0;
  case CURL_HTTP_VERSION_3: return 3.0;
  default: return 0;
  }
}

// The address without what a log must not show.
std::string without_query(const std::string& url) { return url.substr(0, url.find('?')); }

} // namespace

TimePoint parse_http_date(const std::string& text) {
  const auto time = curl_getdate(text.c_str(), nullptr);
  if (time < 0) throw CorruptData("\"" + text + "\" is no time as HTTP writes it");
  return TimePoint(std::chrono::seconds(time));
}

class HttpClient::Implementation {
public:
  Implementation() : curl_(make_handle()) {}

  HttpReply send(const HttpCall& call, std::stop_token stop) {
    CURL* curl = curl_.get();
    curl_easy_reset(curl); // options go, the open connection stays
    char reason[CURL_ERROR_SIZE] = {};
    Transfer transfer{socket_, call, {}, std::move(stop), nullptr};
    List headers;
    configure(call, transfer, headers, reason);

    const auto code = curl_easy_perform(curl);
    if (transfer.failure) std::rethrow_exception(transfer.failure);
    if (transfer.stop.stop_requested())
      throw Cancelled("stopped while asking " + without_query(call.url));
    const bool cut_on_purpose = transfer.reply.body_cut && code == CURLE_WRITE_ERROR;
    if (code != CURLE_OK && !cut_on_purpose) throw failure_of(curl, code, call.url, reason);
    complete(transfer.reply);
    return std::move(transfer.reply);
  }

private:
  void configure(const HttpCall& call, Transfer& transfer, List& headers, char* reason) {
    CURL* curl = curl_.get();
    set(curl, CURLOPT_ERRORBUFFER, reason);
    set(curl, CURLOPT_URL, call.url.c_str());
    set(curl, CURLOPT_PATH_AS_IS, 1L);
    set(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    set(curl, CURLOPT_NOSIGNAL, 1L);
    set(curl, CURLOPT_SOCKOPTFUNCTION, &on_socket_opened);
    set(curl, CURLOPT_SOCKOPTDATA, &socket_);
    set(curl, CURLOPT_CLOSESOCKETFUNCTION, &on_socket_closed);
    set(curl, CURLOPT_CLOSESOCKETDATA, &socket_);
    set(curl, CURLOPT_BUFFERSIZE, buffer_size);
    set(curl, CURLOPT_UPLOAD_BUFFERSIZE, buffer_size);
    set(curl, CURLOPT_PROXY, ""); // a proxy of the environment is not meant for us
    set(curl, CURLOPT_USERAGENT, call.user_agent.c_str());
    set(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(call.connect_timeout.count()));
    set(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout.count()));
    set(curl, CURLOPT_FOLLOWLOCATION, call.most_redirects > 0 ? 1L : 0L);
    set(curl, CURLOPT_MAXREDIRS, static_cast<long>(call.most_redirects));
    set(curl, CURLOPT_CERTINFO, 1L);
    if (call.authorities) set(curl, CURLOPT_CAINFO, call.authorities->c_str());
    set(curl, CURLOPT_HEADERFUNCTION, &on_header);
    set(curl, CURLOPT_HEADERDATA, &transfer);
    set(curl, CURLOPT_WRITEFUNCTION, &on_body);
    set(curl, CURLOPT_WRITEDATA, &transfer);
    set(curl, CURLOPT_NOPROGRESS, 0L);
    set(curl, CURLOPT_XFERINFOFUNCTION, &on_progress);
    set(curl, CURLOPT_XFERINFODATA, &transfer);
    if (call.stall_timeout.count() > 0) {
      set(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
      set(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(call.stall_timeout.count()));
    }
    if (call.method == "HEAD") set(curl, CURLOPT_NOBODY, 1L);
    if (call.upload) {
      set(curl, CURLOPT_UPLOAD, 1L);
      set(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(call.upload->size));
      set(curl, CURLOPT_READFUNCTION, &on_upload);
      set(curl, CURLOPT_READDATA, &transfer);
      set(curl, CURLOPT_SEEKFUNCTION, &on_seek);
      set(curl, CURLOPT_SEEKDATA, &transfer);
    } else if (!call.body.empty()) {
      set(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
      set(curl, CURLOPT_POSTFIELDS, call.body.data());
    }
    if (call.method != "HEAD") set(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
    for (const auto& [name, value] : call.headers) append(headers, name + ": " + value);
    if (headers) set(curl, CURLOPT_HTTPHEADER, headers.get());
  }

  void complete(HttpReply& reply) {
    CURL* curl = curl_.get();
    long status = 0;
    long redirects = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_REDIRECT_COUNT, &redirects);
    reply.status = static_cast<int>(status);
    reply.redirects = static_cast<int>(redirects);
    reply.timings = timings_of(curl);
    reply.http_version = version_of(curl);
    reply.url = text_of(curl, CURLINFO_EFFECTIVE_URL);
    reply.remote_address = text_of(curl, CURLINFO_PRIMARY_IP);
    if (reply.url.starts_with("https:")) reply.earliest_certificate_expiry = earliest_expiry(curl);
  }

  curl_socket_t socket_ = CURL_SOCKET_BAD; // that the handle's connections note; it outlives them
  EasyHandle curl_;
};

HttpClient::HttpClient() : implementation_(std::make_unique<Implementation>()) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

HttpReply HttpClient::send(const HttpCall& call, std::stop_token stop) {
  return implementation_->send(call, std::move(stop));
}

} // namespace intendance::core
