// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/probe_json.hpp"

#include <nlohmann/json.hpp>

namespace intendance::collectors {

using Json = nlohmann::ordered_json;

namespace {

const char* name_of(NotAsked why) {
  switch (why) {
  case NotAsked::no_answer_before: return "no_answer_before";
  case NotAsked::not_permitted: return "not_permitted";
  case NotAsked::asked: break;
  }
  return "asked";
}

Json check_json(const CheckOutcome& check) {
  const bool was_asked = check.not_asked == NotAsked::asked;
  Json json = {{"name", check.check},
               {"ask", name_of(check.kind)},
               {"verb", check.verb},
               {"url", check.url}};
  json["success"] = was_asked ? Json(!check.failure) : Json(nullptr);
  json["not_asked"] = was_asked ? Json(nullptr) : Json(name_of(check.not_asked));
  add_failure(json, check.failure);
  json["status"] = check.answer ? Json(check.answer->status) : Json(nullptr);
  json["first_line"] = nullptr;
  if (check.answer)
    json["first_line"] = check.answer->first_line;
  else if (!check.said.empty())
    json["first_line"] = check.said;
  json["duration_seconds"] = check.timings ? Json(check.timings->total.count()) : Json(nullptr);
  json["certificate_expires"] = nullptr;
  if (const auto& expires = check.earliest_certificate_expiry)
    json["certificate_expires"] = core::format_utc(*expires);
  if (const auto& expires = check.domain_expiry)
    json["domain_expires"] = core::format_utc(*expires);
  for (const auto& [server, address, serial] : check.serials)
    json["serials"].push_back({{"server", server}, {"address", address}, {"serial", serial}});
  return json;
}

} // namespace

void add_failure(Json& json, const std::optional<ProbeFailure>& failure) {
  json["phase"] = failure ? Json(name_of(failure->phase)) : Json(nullptr);
  json["reason"] = failure ? Json(name_of(failure->reason)) : Json(nullptr);
  json["detail"] = failure ? Json(failure->detail) : Json(nullptr);
}

Json checks_json(const ProbeOutcome& outcome) {
  auto list = Json::array();
  for (const auto& check : outcome.checks) list.push_back(check_json(check));
  return list;
}

} // namespace intendance::collectors
