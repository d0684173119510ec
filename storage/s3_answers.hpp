// SPDX-License-Identifier: AGPL-3.0-or-later
// What S3 servers answer, read without a server: listings and errors in XML. The only includer of
// pugixml.hpp.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html, …/ErrorResponses.html
#pragma once

#include "core/http_client.hpp"
#include "storage/object_store.hpp"
#include "storage/object_versions.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace intendance::storage {

struct S3Listing {
  std::vector<ObjectInfo> objects; // names as the bucket has them
  std::string next;                // the token of the next part; empty: there is none
};

// Throws CorruptData for what is no listing.
S3Listing read_s3_listing(std::string_view xml);

struct S3VersionListing {
  std::vector<ObjectVersion> versions; // names as the bucket has them
  std::string next_key, next_version;  // where the next part begins; both empty: there is none
};
S3VersionListing read_s3_versions(std::string_view xml);

// Of GET ?object-lock: nothing when the bucket locks nothing by itself.
std::optional<BucketRules::DefaultLock> read_s3_default_lock(std::string_view xml);
// "COMPLIANCE"; nothing for any other word but "GOVERNANCE".
std::optional<LockMode> lock_mode_of(std::string_view text);
// "2026-11-28T05:15:00.123Z". Throws Error.
core::TimePoint parse_s3_time(std::string text);

// An element of an answer by its name, the first that there is: "UploadId", "ETag"; empty: none.
std::string s3_element(std::string_view xml, const char* name);

// Throws what an answer that is not 2xx means, with one sentence on what to do: AccessDenied for
// keys and rights, TransientError for what may pass, Error for the rest. `now` is this machine's
// time, for the one failure that is its clock's.
[[noreturn]] void throw_s3_failure(const core::HttpReply& reply, core::TimePoint now);

} // namespace intendance::storage
