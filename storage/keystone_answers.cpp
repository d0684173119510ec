// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/keystone_answers.hpp"

#include "core/error.hpp"
#include "storage/http_connections.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace intendance::storage {

namespace {

using Json = nlohmann::json;

constexpr const char* no_keystone = "is no Keystone's answer; correct auth_url, "
                                    "https://HOST[:PORT]/v3";

std::string text_of(const core::SecretBytes& secret) {
  return std::string(core::as_text(secret.view()));
}

// Whatever `json` is: a text, or nothing.
std::string text_in(const Json& json, const char* key) {
  if (!json.is_object()) return "";
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

const Json& part_of(const Json& json, const char* key) {
  static const Json nothing;
  if (!json.is_object()) return nothing;
  const auto found = json.find(key);
  return found == json.end() ? nothing : *found;
}

// "2026-11-28T05:15:00.000000Z"
core::TimePoint time_in(const Json& json, const char* key) {
  auto text = text_in(json, key);
  if (const auto point = text.find('.'); point != std::string::npos)
    text = text.substr(0, point) + "Z";
  try {
    return core::parse_utc(text);
  } catch (const core::Error&) {
    throw core::Error(std::string("answers with a token without ") + key + ": it " + no_keystone);
  }
}

Json identity_of(const ApplicationCredential& credential) {
  return {
      {"methods", {"application_credential"}},
      {"application_credential", {{"id", credential.id}, {"secret", text_of(credential.secret)}}}};
}

Json identity_of(const PasswordLogin& login) {
  return {{"methods", {"password"}},
          {"password",
           {{"user",
             {{"name", login.user},
              {"domain", {{"name", login.user_domain}}},
              {"password", text_of(login.password)}}}}}};
}

void read_catalogue(const Json& token, KeystoneGrant& grant) {
  for (const auto& service : part_of(token, "catalog")) {
    const auto type = text_in(service, "type");
    if (type != "object-store") {
      grant.other_types.push_back(type);
      continue;
    }
    for (const auto& endpoint : part_of(service, "endpoints")) {
      if (text_in(endpoint, "interface") == "public")
        grant.object_stores.push_back(text_in(endpoint, "url"));
    }
  }
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

// What to look at when Keystone does not accept it.
const char* doubt_about(const KeystoneIdentity& identity) {
  if (std::holds_alternative<ApplicationCredential>(identity.proof))
    return "does not accept the application credential: it is mistyped, expired, taken back or of "
           "another cloud (openstack application credential create makes one)";
  if (std::holds_alternative<PasswordLogin>(identity.proof))
    return "does not accept the password, or knows no such user, domain or project";
  return "does not accept the token: it has expired, was taken back or is of another cloud "
         "(openstack token issue makes one; application credentials last)";
}

} // namespace

std::string keystone_request(const KeystoneIdentity& identity) {
  Json auth;
  if (const auto* credential = std::get_if<ApplicationCredential>(&identity.proof)) {
    auth["identity"] = identity_of(*credential); // it knows its project
  } else if (const auto* login = std::get_if<PasswordLogin>(&identity.proof)) {
    auth["identity"] = identity_of(*login);
    auth["scope"]["project"] = {{"name", login->project},
                                {"domain", {{"name", login->project_domain}}}};
  } else {
    throw core::Error("a token cannot be renewed");
  }
  return Json({{"auth", auth}}).dump();
}

KeystoneGrant read_keystone_grant(const core::HttpReply& reply) {
  const auto json = Json::parse(reply.body, nullptr, false);
  const auto& token = part_of(json, "token");
  if (!token.is_object()) throw core::Error(std::string("answers with what ") + no_keystone);
  KeystoneGrant grant;
  grant.token = header_of(reply, "x-subject-token");
  grant.issued = time_in(token, "issued_at");
  grant.expires = time_in(token, "expires_at");
  read_catalogue(token, grant);
  return grant;
}

std::string endpoint_at(const KeystoneGrant& grant, const std::string& origin) {
  for (auto url : grant.object_stores) {
    if (origin_of(url) != origin_of(origin)) continue;
    while (url.ends_with('/')) url.pop_back();
    return url;
  }
  if (!grant.object_stores.empty())
    throw core::Error("the cloud's catalogue has no object store at " + origin + ", but at " +
                      joined(grant.object_stores) +
                      ": correct the address (swift+http:// where it begins with http:)");
  throw core::Error(
      "the cloud's catalogue has no object store for this project" +
      (grant.other_types.empty()
           ? std::string(", and nothing else: the credentials are of no project")
           : ", only " + joined(grant.other_types) + ": ask the cloud's support for one"));
}

void throw_keystone_failure(const core::HttpReply& reply, const KeystoneIdentity& identity) {
  const auto json = Json::parse(reply.body, nullptr, false);
  const auto message = text_in(part_of(json, "error"), "message");
  const auto answered = fmt::format("answers {}{}", reply.status,
                                    message.empty() ? "" : " (" + message.substr(0, 200) + ")");
  if (reply.status == 429 || reply.status >= 500)
    throw core::TransientError(answered, retry_after_of(reply));
  // Of a token that is no more, GET says 404 as well.
  const bool token_unknown = reply.status == 404 && !message.empty() &&
                             std::holds_alternative<ExistingToken>(identity.proof);
  if (reply.status == 401 || token_unknown) throw core::AccessDenied(doubt_about(identity));
  if (reply.status == 403) throw core::AccessDenied(answered + ": these credentials may not ask");
  if (message.empty()) throw core::Error(answered + ", which " + no_keystone);
  throw core::Error(answered);
}

std::string origin_of(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  auto origin = url.substr(0, url.find('/', scheme + 3));
  std::transform(origin.begin(), origin.end(), origin.begin(), [](char each) {
    return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
  });
  const std::string_view usual = origin.starts_with("https:") ? ":443" : ":80";
  if (origin.ends_with(usual)) origin.erase(origin.size() - usual.size());
  return origin;
}

} // namespace intendance::storage
