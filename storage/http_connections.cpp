// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/http_connections.hpp"

#include <charconv>

namespace intendance::storage {

core::HttpReply HttpConnections::send(core::HttpCall call) {
  call.connect_timeout = std::chrono::seconds(30);
  call.timeout = std::chrono::milliseconds(0);
  call.stall_timeout = std::chrono::seconds(60);
  auto client = borrow();
  auto reply = client->send(call, stop_);
  spare_.with([&](auto& spare) { spare.push_back(std::move(client)); });
  return reply;
}

std::unique_ptr<core::HttpClient> HttpConnections::borrow() {
  auto client = spare_.with([](auto& spare) {
    if (spare.empty()) return std::unique_ptr<core::HttpClient>();
    auto last = std::move(spare.back());
    spare.pop_back();
    return last;
  });
  return client ? std::move(client) : std::make_unique<core::HttpClient>();
}

std::string header_of(const core::HttpReply& reply, const std::string& name) {
  const auto found = reply.headers.find(name);
  return found == reply.headers.end() ? "" : found->second;
}

bool is_html(const core::HttpReply& reply) {
  return header_of(reply, "content-type").starts_with("text/html");
}

std::optional<std::chrono::seconds> retry_after_of(const core::HttpReply& reply) {
  const auto text = header_of(reply, "retry-after");
  unsigned count = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return std::chrono::seconds(count);
}

} // namespace intendance::storage
