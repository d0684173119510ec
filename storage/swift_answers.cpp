// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/swift_answers.hpp"

#include "core/error.hpp"
#include "storage/http_connections.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace intendance::storage {

namespace {

using Json = nlohmann::json;

std::uint64_t number_in(std::string_view text, const char* what) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size())
    throw core::CorruptData(fmt::format("answers without {} that can be read", what));
  return number;
}

// ".123456": what is behind a second's point.
std::chrono::nanoseconds fraction(std::string_view digits) {
  constexpr std::size_t all = 9;
  auto text = std::string(digits.substr(0, all));
  text.resize(all, '0');
  return std::chrono::nanoseconds(number_in(text, "a time"));
}

ObjectInfo object_of(const Json& entry) {
  const auto name = entry.is_object() ? entry.find("name") : entry.end();
  if (!entry.is_object() || name == entry.end() || !name->is_string())
    throw core::CorruptData("lists an object without its name");
  ObjectInfo info;
  info.name = name->get<std::string>();
  const auto size = entry.find("bytes"), modified = entry.find("last_modified");
  if (size == entry.end() || !size->is_number_unsigned() || modified == entry.end() ||
      !modified->is_string())
    throw core::CorruptData("lists " + info.name + " without its size or time");
  info.size = size->get<std::uint64_t>();
  info.modified = parse_swift_time(modified->get<std::string>());
  return info;
}

std::uint64_t count_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

// "<html><h1>Not Found</h1><p>The resource could not be found.</p></html>" and
// "Upload exceeds quota." in one line and without tags.
std::string plain_text(std::string_view page) {
  std::string text;
  bool in_tag = false;
  for (const char each : page) {
    if (each == '<') in_tag = true;
    const bool blank = in_tag || static_cast<unsigned char>(each) <= ' ';
    if (!blank)
      text += each;
    else if (!text.empty() && text.back() != ' ')
      text += ' ';
    if (each == '>') in_tag = false;
    if (text.size() >= 200) break;
  }
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

} // namespace

std::vector<ObjectInfo> read_swift_listing(std::string_view text) {
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_array())
    throw core::CorruptData("answers with what is no listing; is it an object store?");
  std::vector<ObjectInfo> objects;
  objects.reserve(json.size());
  for (const auto& entry : json) objects.push_back(object_of(entry));
  return objects;
}

std::optional<SwiftBulkResult> read_swift_bulk(std::string_view text) {
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto status = json.find("Response Status");
  if (status == json.end() || !status->is_string()) return std::nullopt;
  SwiftBulkResult result;
  result.status = status->get<std::string>();
  result.deleted = count_in(json, "Number Deleted");
  result.absent = count_in(json, "Number Not Found");
  const auto errors = json.find("Errors");
  if (errors != json.end() && errors->is_array() && !errors->empty()) {
    for (const auto& part : errors->front()) {
      if (part.is_string())
        result.first_failure +=
            (result.first_failure.empty() ? "" : ": ") + part.get<std::string>();
    }
  }
  return result;
}

std::string swift_manifest(const std::vector<SwiftSegment>& segments) {
  auto json = Json::array();
  for (const auto& segment : segments)
    json.push_back({{"path", segment.path}, {"etag", segment.etag}, {"size_bytes", segment.size}});
  return json.dump();
}

core::TimePoint parse_swift_time(std::string_view text) {
  auto seconds = text.substr(0, text.find('.'));
  auto rest = text.substr(seconds.size());
  if (seconds.ends_with('Z')) seconds.remove_suffix(1);
  if (rest.ends_with('Z')) rest.remove_suffix(1); // Ceph's
  try {
    return core::parse_utc(std::string(seconds) + "Z") +
           (rest.empty() ? std::chrono::nanoseconds(0) : fraction(rest.substr(1)));
  } catch (const core::Error&) {
    throw core::CorruptData("\"" + std::string(text) + "\" is no time as Swift writes it");
  }
}

core::TimePoint parse_swift_timestamp(std::string_view text) {
  const auto point = std::min(text.find('.'), text.size());
  // "1764306900.12345_0000000000000001" is the same time with an offset.
  const auto rest = text.substr(point, text.find('_') - point);
  core::TimePoint time{std::chrono::seconds(number_in(text.substr(0, point), "a time"))};
  return rest.empty() ? time : time + fraction(rest.substr(1));
}

ObjectInfo read_swift_head(const std::string& name, const core::HttpReply& reply) {
  ObjectInfo info{name, number_in(header_of(reply, "content-length"), "a size"), {}};
  const auto exact = header_of(reply, "x-timestamp");
  info.modified = exact.empty() ? core::parse_http_date(header_of(reply, "last-modified"))
                                : parse_swift_timestamp(exact);
  return info;
}

bool is_large_object(const core::HttpReply& reply) {
  const auto word = header_of(reply, "x-static-large-object");
  return word == "True" || word == "true";
}

std::string swift_etag(const core::HttpReply& reply) {
  auto tag = header_of(reply, "etag");
  std::erase(tag, '"');
  return tag;
}

bool is_swift_answer(const core::HttpReply& reply) {
  return reply.headers.contains("x-trans-id") || reply.headers.contains("x-openstack-request-id");
}

void throw_swift_failure(const core::HttpReply& reply) {
  const auto text = plain_text(reply.body);
  const auto answered =
      fmt::format("answers {}{}", reply.status, text.empty() ? "" : " (" + text + ")");
  if (!is_swift_answer(reply)) {
    const auto other = fmt::format("answers {}{}: a proxy or another server stands there",
                                   reply.status, is_html(reply) ? " with a page for people" : "");
    if (reply.status == 429 || reply.status >= 500)
      throw core::TransientError(other, retry_after_of(reply));
    throw core::Error(other);
  }
  switch (reply.status) {
  case 401:
  case 403: throw core::AccessDenied(answered + ": these credentials do not allow it");
  case 404: throw core::Error("has no such container: make it first, or correct the address");
  case 409:
    throw core::CorruptData(answered + ": a segment of it is gone, or something newer is there");
  case 412: throw core::Error("there is an object of that name");
  case 413:
    if (text.find("quota") == std::string::npos && text.find("Quota") == std::string::npos)
      throw core::Error(answered + ": takes no object as large as this");
    throw core::Error(answered +
                      ": no room left for this project; a larger quota, or less that is kept");
  case 422:
    throw core::CorruptData("received other bytes than were sent; the network or memory may be "
                            "failing");
  case 507: throw core::Error(answered + ": no room left; a larger quota, or less that is kept");
  default: break;
  }
  // 498 and 499: too many requests, and one that was not heard to its end.
  constexpr int transient[] = {408, 429, 498, 499};
  const bool passes =
      std::find(std::begin(transient), std::end(transient), reply.status) != std::end(transient);
  if (passes || reply.status >= 500) throw core::TransientError(answered, retry_after_of(reply));
  if (reply.status / 100 == 3)
    throw core::Error(answered + ": the object store is elsewhere; correct the address");
  throw core::Error(answered);
}

} // namespace intendance::storage
