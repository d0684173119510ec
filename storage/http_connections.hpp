// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/http_client.hpp"
#include "core/synchronized.hpp"

#include <memory>
#include <stop_token>
#include <vector>

namespace intendance::storage {

// Connections to one server, kept for the next call: as many as there are threads that ask at once.
// Any thread.
class HttpConnections {
public:
  explicit HttpConnections(std::stop_token stop) : stop_(std::move(stop)) {}
  // With timeouts for objects of any size: it gives up where nothing moves. Any status is a reply.
  // Throws what core::HttpClient throws; a connection that failed is not kept.
  core::HttpReply send(core::HttpCall call);

private:
  std::unique_ptr<core::HttpClient> borrow();

  const std::stop_token stop_;
  core::Synchronized<std::vector<std::unique_ptr<core::HttpClient>>> spare_;
};

// Of an answer, by its name in lower case; empty: it has none.
std::string header_of(const core::HttpReply& reply, const std::string& name);
// Whether it is a page for people.
bool is_html(const core::HttpReply& reply);
// Seconds, as asked for with 429 or 503; the form with a date is as good as no word.
std::optional<std::chrono::seconds> retry_after_of(const core::HttpReply& reply);

} // namespace intendance::storage
