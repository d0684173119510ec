// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/swift_upload.hpp"

#include "core/crypto.hpp"
#include "core/error.hpp"
#include "core/md5.hpp"
#include "storage/swift_answers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace intendance::storage {

namespace {

// What one PUT may carry is 5 GiB everywhere; a broken connection costs less in smaller segments.
constexpr std::uint64_t segment_size = std::uint64_t{64} << 20;
constexpr std::uint64_t most_segments = 1000; // of Swift, where it is not told otherwise
constexpr std::size_t hashing_step = std::size_t{1} << 20;
constexpr std::size_t most_answer = std::size_t{16} << 20;
constexpr const char* segments_folder = ".segments/"; // no object's name begins with a dot

std::string md5_of(const Content& content, std::uint64_t offset, std::uint64_t length) {
  core::Md5 md5;
  core::Buffer part(std::min<std::uint64_t>(hashing_step, length));
  for (std::uint64_t at = 0; at < length;) {
    const auto step = std::span(part).first(std::min<std::uint64_t>(part.size(), length - at));
    content.read(offset + at, step);
    md5.update(step);
    at += step.size();
  }
  return core::to_hex(md5.finish());
}

// Of what failed: that failure is the one to tell.
void try_to_remove(SwiftContainer& container, const std::string& name) noexcept {
  try {
    container.send(container.request("DELETE", name));
  } catch (...) { // what is left costs room
  }
}

void want_etag(const core::HttpReply& reply, const std::string& wanted) {
  const auto tag = swift_etag(reply);
  if (tag.empty()) throw core::Error("stores without an ETag; is it an object store?");
  if (tag != wanted)
    throw core::CorruptData("has other bytes than were sent: the network, a proxy or memory may be "
                            "failing");
}

// Returns the piece's MD5.
std::string send_piece(SwiftContainer& container, const std::string& name, const Content& content,
                       std::uint64_t offset, std::uint64_t length) {
  auto request = container.request("PUT", name);
  const auto md5 = md5_of(content, offset, length);
  request.call.headers = {
      {"etag", md5}, {"if-none-match", "*"}, {"content-type", "application/octet-stream"}};
  request.call.upload = {length,
                         [&content, offset](std::uint64_t at, std::span<std::uint8_t> into) {
                           content.read(offset + at, into);
                         }};
  const auto reply = container.send(std::move(request));
  container.want_success(reply);
  try {
    want_etag(reply, md5);
  } catch (const core::CorruptData&) { // nobody may see it
    try_to_remove(container, name);
    throw;
  }
  return md5;
}

void send_manifest(SwiftContainer& container, const std::string& name,
                   const std::vector<SwiftSegment>& segments) {
  core::Md5 md5; // of the segments'
  for (const auto& segment : segments) md5.update(core::as_bytes(segment.etag));
  const auto tag = core::to_hex(md5.finish());
  auto request = container.request("PUT", name);
  request.query = {{"multipart-manifest", "put"}};
  // Without an ETag: Swift takes it for the whole's, Ceph for the manifest's.
  request.call.headers = {{"if-none-match", "*"}, {"content-type", "application/octet-stream"}};
  request.call.body = swift_manifest(segments);
  container.want_success(container.send(std::move(request)));
  const auto made = container.send(container.request("HEAD", name));
  container.want_success(made);
  std::uint64_t size = 0;
  for (const auto& segment : segments) size += segment.size;
  if (!is_large_object(made))
    throw core::Error("does not put segments together; it takes no objects as long as this");
  want_etag(made, tag);
  if (read_swift_head(name, made).size != size)
    throw core::CorruptData("was put together from other bytes than were sent");
}

} // namespace

void put_object(SwiftContainer& container, const std::string& name, const Content& content) {
  send_piece(container, name, content, 0, content.size());
}

void put_large_object(SwiftContainer& container, const std::string& name, const Content& content) {
  const auto size = std::max(segment_size, (content.size() + most_segments - 1) / most_segments);
  const auto folder = segments_folder + name + "/" + core::to_hex(core::random_bytes(8)) + "/";
  std::vector<SwiftSegment> segments;
  std::vector<std::string> names; // of objects to remove when it fails, in this order
  try {
    for (std::uint64_t at = 0; at < content.size(); at += size) {
      const auto length = std::min(size, content.size() - at);
      names.push_back(folder + fmt::format("{:04}", segments.size()));
      auto tag = send_piece(container, names.back(), content, at, length);
      segments.push_back({container.path_of(names.back()), std::move(tag), length});
    }
    names.insert(names.begin(), name);
    send_manifest(container, name, segments);
  } catch (...) {
    for (const auto& each : names) try_to_remove(container, each);
    throw;
  }
}

void remove_large_object(SwiftContainer& container, const std::string& name) {
  auto request = container.request("DELETE", name);
  request.query = {{"multipart-manifest", "delete"}};
  request.call.headers = {{"accept", "application/json"}};
  const auto reply = container.send(std::move(request));
  if (container.is_absent(reply)) return;
  container.want_success(reply);
  const auto result = read_swift_bulk(reply.body);
  if (!result || result->status.starts_with("2")) return;
  const auto text = "was not removed with all its segments: " + result->status +
                    (result->first_failure.empty() ? "" : ", " + result->first_failure);
  if (result->status.starts_with("5")) throw core::TransientError(text);
  throw core::Error(text);
}

std::set<std::string> large_objects(SwiftContainer& container) {
  std::set<std::string> names;
  const auto folder = container.place().prefix + segments_folder;
  std::string marker;
  for (;;) {
    const auto part = list_part(container, folder, marker);
    if (part.empty()) return names;
    for (const auto& segment : part) { // NAME/UPLOAD/NUMBER
      auto name = segment.name.substr(std::min(folder.size(), segment.name.size()));
      for (int each = 0; each < 2; ++each) name.resize(std::min(name.rfind('/'), name.size()));
      names.insert(std::move(name));
    }
    marker = part.back().name;
  }
}

std::vector<ObjectInfo> list_part(SwiftContainer& container, const std::string& prefix,
                                  const std::string& marker) {
  auto request = container.request("GET");
  request.query = {{"format", "json"}, {"prefix", prefix}};
  if (!marker.empty()) request.query.emplace_back("marker", marker);
  request.call.most_body = most_answer;
  const auto reply = container.send(std::move(request));
  container.want_success(reply);
  if (reply.status == 204) return {}; // nothing is there, and says it without a body
  auto part = read_swift_listing(reply.body);
  if (!part.empty() && part.back().name <= marker) throw core::CorruptData("goes on for ever");
  return part;
}

} // namespace intendance::storage
