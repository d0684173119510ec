// SPDX-License-Identifier: AGPL-3.0-or-later
// What OpenStack Swift answers, and Ceph's gateway that speaks its language, read without a server.
// https://docs.openstack.org/api-ref/object-store/
#pragma once

#include "core/http_client.hpp"
#include "storage/object_store.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intendance::storage {

// One part of a container's listing as JSON, names as the container has them. Throws CorruptData
// for what is none.
std::vector<ObjectInfo> read_swift_listing(std::string_view json);

// What a bulk request did; nothing when the answer is not of such a request.
struct SwiftBulkResult {
  std::string status; // "200 OK", "400 Bad Request": of the whole, where HTTP's was sent before
  std::uint64_t deleted = 0, absent = 0;
  std::string first_failure; // "lab/web-1/packs/3f/a: 403 Forbidden"; empty: none
};
std::optional<SwiftBulkResult> read_swift_bulk(std::string_view json);

struct SwiftSegment {
  std::string path; // "/lab/web-1/.segments/…"
  std::string etag; // MD5 in hex
  std::uint64_t size = 0;
};
// The body that makes one large object of them.
std::string swift_manifest(const std::vector<SwiftSegment>& segments);

// "2026-11-28T05:15:00.123456", in listings, and "1764306900.12345", X-Timestamp. They are of the
// same time, which Last-Modified rounds. Throw CorruptData.
core::TimePoint parse_swift_time(std::string_view text);
core::TimePoint parse_swift_timestamp(std::string_view text);

// Of an answer to HEAD.
ObjectInfo read_swift_head(const std::string& name, const core::HttpReply& reply);
bool is_large_object(const core::HttpReply& reply);
// Without its quotes.
std::string swift_etag(const core::HttpReply& reply);

// Whether an object store wrote it, and not a proxy before it: its error pages are HTML, too.
bool is_swift_answer(const core::HttpReply& reply);

// Throws what an answer that is not 2xx means, with one sentence on what to do: AccessDenied for
// rights, TransientError for what may pass, CorruptData for bytes that changed on the way, Error
// for the rest. A 404 is for the caller to understand.
[[noreturn]] void throw_swift_failure(const core::HttpReply& reply);

} // namespace intendance::storage
