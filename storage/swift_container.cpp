// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/swift_container.hpp"

#include "core/error.hpp"
#include "storage/swift_answers.hpp"

#include <fmt/format.h>

namespace intendance::storage {

SwiftContainer::SwiftContainer(SwiftPlace place, KeystoneIdentity identity, core::Clock& clock,
                               std::stop_token stop)
    : place_(std::move(place)), clock_(clock),
      keystone_(std::move(identity), place_.origin, clock, stop), connections_(std::move(stop)) {}

SwiftRequest SwiftContainer::request(const char* method) const {
  return {method, "/" + place_.container, {}, {}};
}

SwiftRequest SwiftContainer::request(const char* method, const std::string& name) const {
  return {method, path_of(name), {}, {}};
}

std::string SwiftContainer::path_of(const std::string& name) const {
  return "/" + place_.container + "/" + place_.prefix + name;
}

core::HttpReply SwiftContainer::send(SwiftRequest request) {
  const auto with_pass = [&](const KeystonePass& pass) {
    auto call = request.call;
    call.method = request.method;
    call.url = pass.endpoint + encode_path(request.path);
    if (!request.query.empty()) call.url += "?" + canonical_query(request.query);
    call.headers.emplace_back("x-auth-token", pass.token);
    return connections_.send(std::move(call));
  };
  const auto pass = keystone_.pass();
  auto reply = with_pass(*pass);
  if (reply.status != 401) return reply;
  keystone_.refused(pass);
  return with_pass(*keystone_.pass());
}

bool SwiftContainer::is_absent(const core::HttpReply& reply) {
  if (reply.status != 404 || !is_swift_answer(reply)) return false;
  if (!is_there_) {
    want_success(send(request("HEAD")));
    is_there_ = true;
  }
  return true;
}

void SwiftContainer::want_success(const core::HttpReply& reply) const {
  if (reply.status / 100 != 2) throw_swift_failure(reply);
}

std::string SwiftContainer::address() const {
  const bool plain = place_.origin.starts_with("http:");
  auto text = fmt::format("{}://{}/{}", plain ? "swift+http" : "swift",
                          place_.origin.substr(place_.origin.find("://") + 3), place_.container);
  if (!place_.prefix.empty()) text += "/" + place_.prefix.substr(0, place_.prefix.size() - 1);
  return text;
}

} // namespace intendance::storage
