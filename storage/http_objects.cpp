// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/http_objects.hpp"

#include "core/error.hpp"
#include "storage/http_connections.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace intendance::storage {

namespace {

[[noreturn]] void ends_before() { throw core::CorruptData("ends before what was asked of it"); }

} // namespace

std::optional<HttpPlace> parse_http_place(std::string_view url, std::string_view scheme) {
  if (!url.starts_with(scheme)) return std::nullopt;
  url.remove_prefix(scheme.size());
  HttpPlace place;
  if (url.starts_with("://")) {
    place.origin = "https://";
    url.remove_prefix(3);
  } else if (url.starts_with("+http://")) {
    place.origin = "http://";
    url.remove_prefix(8);
  } else {
    return std::nullopt;
  }
  while (url.ends_with('/')) url.remove_suffix(1);
  const auto slash = url.find('/');
  if (slash == 0 || slash == std::string_view::npos) return std::nullopt;
  place.origin += url.substr(0, slash);
  const auto path = url.substr(slash + 1);
  const auto end = std::min(path.find('/'), path.size());
  place.top = path.substr(0, end);
  if (end < path.size()) place.prefix = std::string(path.substr(end + 1)) + "/";
  if (place.top.empty()) return std::nullopt;
  return place;
}

std::string Range::header() const {
  return fmt::format("bytes={}-{}", offset, offset + length - 1);
}

void Range::want_whole(const core::HttpReply& reply,
                       const std::function<void()>& want_success) const {
  if (reply.status == 416) ends_before();
  want_success();
  if (reply.status != 206) throw core::Error("answers with another part than was asked for");
  // A range that is longer than what is left comes short.
  const auto wanted = fmt::format("bytes {}-{}/", offset, offset + length - 1);
  if (!header_of(reply, "content-range").starts_with(wanted)) ends_before();
  if (reply.body_size != length)
    throw core::TransientError("answers with fewer bytes than it announces");
}

bool reaches(const std::optional<ObjectInfo>& object, std::uint64_t offset, std::uint64_t length) {
  if (!object) return false;
  if (offset > object->size || length > object->size - offset) ends_before();
  return true;
}

} // namespace intendance::storage
