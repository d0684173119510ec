// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/s3_answers.hpp"

#include "core/error.hpp"
#include "storage/http_connections.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

namespace intendance::storage {

namespace {

pugi::xml_document parsed(std::string_view xml) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size()))
    throw core::CorruptData("answers with what is no XML; is it an S3 server?");
  return document;
}

std::uint64_t size_of(const pugi::xml_node& node, const std::string& name) {
  const auto size = node.child("Size").text().as_ullong(~0ull);
  if (name.empty() || size == ~0ull)
    throw core::CorruptData("lists an object without its name or size");
  return size;
}

core::TimePoint time_of(const pugi::xml_node& node, const std::string& name) {
  try {
    return parse_s3_time(node.child_value("LastModified"));
  } catch (const core::Error&) {
    throw core::CorruptData("lists " + name + " without a time that can be read");
  }
}

ObjectInfo object_of(const pugi::xml_node& node) {
  ObjectInfo info;
  info.name = node.child_value("Key");
  info.size = size_of(node, info.name);
  info.modified = time_of(node, info.name);
  return info;
}

ObjectVersion version_of(const pugi::xml_node& node) {
  ObjectVersion version;
  version.name = node.child_value("Key");
  version.id = node.child_value("VersionId");
  version.removed = std::string_view(node.name()) == "DeleteMarker";
  if (version.id.empty()) throw core::CorruptData("lists a version without its id");
  if (!version.removed) version.size = size_of(node, version.name);
  version.is_newest = node.child("IsLatest").text().as_bool();
  version.written = time_of(node, version.name);
  return version;
}

struct Meaning {
  std::string_view code; // of the answer's XML
  std::string_view text;
};

constexpr Meaning denials[] = {
    {"InvalidAccessKeyId",
     "does not know the access key: it is mistyped, expired or of another cloud"},
    {"SignatureDoesNotMatch",
     "finds a wrong signature: the secret key is not the access key's, or the region is wrong"},
    {"AuthorizationHeaderMalformed", "wants another region: set region in the credentials"},
    {"ExpiredToken", "says that the credentials have expired: new ones are needed"},
    {"InvalidToken", "does not know the credentials: new ones are needed"},
};

constexpr Meaning refusals[] = {
    {"NoSuchBucket", "has no such bucket: correct the address, or make it (intendance repository "
                     "init --make-bucket)"},
    {"QuotaExceeded", "has no room left for this project: a larger quota, or less that is kept"},
    {"EntityTooLarge", "takes no object as large as this"},
    {"InvalidBucketName", "takes no bucket of that name"},
    {"NotImplemented", "does not have this function"},
    {"MethodNotAllowed", "allows no such request"},
    {"BadDigest", "received other bytes than were sent; the network or memory may be failing"},
    {"XAmzContentSHA256Mismatch",
     "received other bytes than were sent; the network or memory may be failing"},
};

template <std::size_t Count>
const Meaning* find(const Meaning (&all)[Count], std::string_view code) {
  for (const auto& each : all) {
    if (each.code == code) return &each;
  }
  return nullptr;
}

[[noreturn]] void throw_skewed(const core::HttpReply& reply, core::TimePoint now) {
  const auto date = reply.headers.find("date");
  throw core::AccessDenied(fmt::format(
      "refuses what is signed at another time than its own: this machine's clock says {}{}; set it "
      "right (timedatectl)",
      core::format_utc(now), date == reply.headers.end() ? "" : ", the server's " + date->second));
}

} // namespace

S3Listing read_s3_listing(std::string_view xml) {
  const auto document = parsed(xml);
  const auto root = document.child("ListBucketResult");
  if (!root) throw core::CorruptData("answers with what is no listing; is it an S3 server?");
  S3Listing listing;
  for (const auto& node : root.children("Contents")) listing.objects.push_back(object_of(node));
  if (root.child("IsTruncated").text().as_bool()) {
    listing.next = root.child_value("NextContinuationToken");
    if (listing.next.empty()) throw core::CorruptData("lists a part and does not say how to go on");
  }
  return listing;
}

S3VersionListing read_s3_versions(std::string_view xml) {
  const auto document = parsed(xml);
  const auto root = document.child("ListVersionsResult");
  if (!root) throw core::CorruptData("answers with what is no listing; is it an S3 server?");
  S3VersionListing listing;
  for (const auto& node : root.children()) {
    const std::string_view name = node.name();
    if (name == "Version" || name == "DeleteMarker") listing.versions.push_back(version_of(node));
  }
  if (root.child("IsTruncated").text().as_bool()) {
    listing.next_key = root.child_value("NextKeyMarker");
    listing.next_version = root.child_value("NextVersionIdMarker");
    if (listing.next_key.empty())
      throw core::CorruptData("lists a part and does not say how to go on");
  }
  return listing;
}

std::optional<BucketRules::DefaultLock> read_s3_default_lock(std::string_view xml) {
  constexpr int days_a_year = 365;
  const auto document = parsed(xml);
  const auto rule =
      document.child("ObjectLockConfiguration").child("Rule").child("DefaultRetention");
  const auto mode = lock_mode_of(rule.child_value("Mode"));
  const auto days =
      rule.child("Days").text().as_int() + days_a_year * rule.child("Years").text().as_int();
  if (!mode || days <= 0) return std::nullopt;
  return BucketRules::DefaultLock{*mode, std::chrono::days(days)};
}

std::optional<LockMode> lock_mode_of(std::string_view text) {
  if (text == "COMPLIANCE") return LockMode::compliance;
  if (text == "GOVERNANCE") return LockMode::governance;
  return std::nullopt;
}

core::TimePoint parse_s3_time(std::string text) {
  if (const auto point = text.find('.'); point != std::string::npos)
    text = text.substr(0, point) + "Z";
  return core::parse_utc(text);
}

std::string s3_element(std::string_view xml, const char* name) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size())) return "";
  const auto found = document.find_node(
      [&](const pugi::xml_node& node) { return std::string_view(node.name()) == name; });
  return found.child_value();
}

void throw_s3_failure(const core::HttpReply& reply, core::TimePoint now) {
  const auto code = s3_element(reply.body, "Code");
  const auto message = s3_element(reply.body, "Message");
  const auto answered =
      fmt::format("answers {}{}{}", reply.status, code.empty() ? "" : " " + code,
                  message.empty() || message == code ? "" : " (" + message.substr(0, 200) + ")");
  if (code.empty() && is_html(reply)) {
    const auto page = answered + " with a page for people: a proxy or another server stands there";
    if (reply.status >= 500) throw core::TransientError(page);
    throw core::Error(page);
  }
  if (code == "RequestTimeTooSkewed") throw_skewed(reply, now);
  if (const auto* known = find(denials, code))
    throw core::AccessDenied(fmt::format("{} ({})", known->text, code));
  if (const auto* known = find(refusals, code))
    throw core::Error(fmt::format("{} ({})", known->text, code));
  if (reply.status == 401 || reply.status == 403)
    throw core::AccessDenied(answered + ": these credentials do not allow it");
  if (reply.status == 413 || reply.status == 507)
    throw core::Error(answered + ": no room left; a larger quota, or less that is kept");
  if (reply.status == 429 || reply.status >= 500 || code == "RequestTimeout")
    throw core::TransientError(answered, retry_after_of(reply));
  if (reply.status / 100 == 3)
    throw core::Error(answered + ": the bucket is elsewhere; correct the address or the region");
  throw core::Error(answered);
}

} // namespace intendance::storage
