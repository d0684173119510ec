// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/keystone.hpp"

#include "core/error.hpp"
#include "storage/keystone_answers.hpp"

#include <algorithm>

namespace intendance::storage {

namespace {

// So long before a token expires, or a tenth of its life, it is shown to nobody any more.
constexpr std::chrono::minutes margin{5};
constexpr int share_of_life = 10;

// How long it is still good. The answer's own Date knows how old a token is that somebody else
// asked for.
std::chrono::nanoseconds life_of(const KeystoneGrant& grant, const core::HttpReply& reply) {
  try {
    return grant.expires - core::parse_http_date(header_of(reply, "date"));
  } catch (const core::CorruptData&) {
    return grant.expires - grant.issued;
  }
}

} // namespace

Keystone::Keystone(KeystoneIdentity identity, std::string origin, core::Clock& clock,
                   std::stop_token stop)
    : identity_(std::move(identity)), origin_(std::move(origin)), clock_(clock),
      connections_(std::move(stop)) {}

std::shared_ptr<const KeystonePass> Keystone::pass() {
  const std::scoped_lock lock(asking_);
  const bool lasts = std::holds_alternative<ExistingToken>(identity_.proof); // until it is refused
  if (!pass_ || (!lasts && clock_.now() >= pass_->renew)) pass_ = ask();
  return pass_;
}

void Keystone::refused(const std::shared_ptr<const KeystonePass>& pass) {
  if (std::holds_alternative<ExistingToken>(identity_.proof)) {
    throw core::AccessDenied("the token is no longer accepted (it was to expire at " +
                             core::format_utc(pass->expires) +
                             "): put another one in the credentials file (openstack token issue), "
                             "or an application credential, which is renewed");
  }
  const std::scoped_lock lock(asking_);
  if (pass_ == pass) pass_.reset();
}

std::shared_ptr<const KeystonePass> Keystone::ask() {
  return core::with_context("asking Keystone at " + identity_.auth_url + " for a token", [&] {
    const auto* existing = std::get_if<ExistingToken>(&identity_.proof);
    core::HttpCall call;
    call.url = identity_.auth_url + "/auth/tokens";
    if (existing != nullptr) {
      const std::string token(core::as_text(existing->token.view()));
      call.headers = {{"x-auth-token", token}, {"x-subject-token", token}};
    } else {
      call.method = "POST";
      call.headers = {{"content-type", "application/json"}};
      call.body = keystone_request(identity_);
    }
    const auto before = clock_.now();
    const auto reply = connections_.send(std::move(call));
    if (reply.status / 100 != 2) throw_keystone_failure(reply, identity_);
    auto grant = read_keystone_grant(reply);
    if (existing != nullptr) grant.token = core::as_text(existing->token.view());
    if (grant.token.empty())
      throw core::Error("answers without a token; is a proxy in between that removes "
                        "X-Subject-Token?");
    const auto life = life_of(grant, reply);
    const auto early = std::min<std::chrono::nanoseconds>(margin, life / share_of_life);
    return std::make_shared<const KeystonePass>(KeystonePass{
        std::move(grant.token), endpoint_at(grant, origin_), grant.expires, before + life - early});
  });
}

} // namespace intendance::storage
