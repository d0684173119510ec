// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/s3_versions.hpp"

#include "core/error.hpp"
#include "storage/s3_answers.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace intendance::storage {

namespace {

constexpr std::uint64_t most_answer = std::uint64_t{8} << 20;

constexpr std::string_view cleaning_rules =
    "<LifecycleConfiguration><Rule><ID>older-versions</ID><Filter><Prefix></Prefix></"
    "Filter><Status>"
    "Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays>"
    "</NoncurrentVersionExpiration><AbortIncompleteMultipartUpload><DaysAfterInitiation>7"
    "</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>";

bool is_unknown(const core::HttpReply& reply) { return reply.status == 501 || reply.status == 405; }

} // namespace

void S3Versions::make_place(std::optional<std::chrono::days> lock) {
  core::with_context("making " + bucket_.address(), [&] {
    auto making = bucket_.request("PUT");
    if (lock) making.headers.emplace_back("x-amz-bucket-object-lock-enabled", "true");
    const auto made = bucket_.send(std::move(making));
    if (s3_element(made.body, "Code") != "BucketAlreadyOwnedByYou") bucket_.want_success(made);
    if (!lock) return;
    auto rule = bucket_.request("PUT");
    rule.query = {{"object-lock", ""}};
    bucket_.want_success(bucket_.send_body(
        std::move(rule), fmt::format("<ObjectLockConfiguration><ObjectLockEnabled>Enabled"
                                     "</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE"
                                     "</Mode><Days>{}</Days></DefaultRetention></Rule>"
                                     "</ObjectLockConfiguration>",
                                     lock->count())));
    // What is beneath goes when its lock ends, and not before: else the bucket would only grow.
    auto lifecycle = bucket_.request("PUT");
    lifecycle.query = {{"lifecycle", ""}};
    bucket_.want_success(bucket_.send_body(std::move(lifecycle), std::string(cleaning_rules)));
    const auto rules = this->rules();
    if (!rules || !rules->versions || !rules->lock || rules->lock->mode != LockMode::compliance)
      throw core::Error("the server made it and did not set the locks that were asked for: it may "
                        "not have them (Swift has none)");
  });
}

std::optional<std::string> S3Versions::property(const char* name) {
  auto request = bucket_.request("GET");
  request.query = {{name, ""}};
  auto reply = bucket_.send(std::move(request));
  if (is_absent(reply) || is_unknown(reply)) return ""; // the bucket has nothing of the kind
  if (reply.status == 403) {
    try {
      bucket_.want_success(reply);
    } catch (const core::AccessDenied&) {
      return std::nullopt;
    }
  }
  bucket_.want_success(reply);
  return std::move(reply.body);
}

std::optional<BucketRules> S3Versions::rules() {
  return core::with_context("rules of " + bucket_.address(), [&]() -> std::optional<BucketRules> {
    const auto versioning = property("versioning");
    const auto lock = property("object-lock");
    if (!versioning || !lock) return std::nullopt;
    BucketRules rules;
    rules.versions = s3_element(*versioning, "Status") == "Enabled";
    if (!lock->empty()) rules.lock = read_s3_default_lock(*lock);
    return rules;
  });
}

std::optional<ObjectLock> S3Versions::lock_of(const std::string& name) {
  return core::with_context(
      "lock of " + name + " in " + bucket_.address(), [&]() -> std::optional<ObjectLock> {
        const auto reply = bucket_.send(bucket_.request("HEAD", name));
        if (reply.status == 404 || reply.status == 403) return std::nullopt;
        bucket_.want_success(reply);
        const auto mode = lock_mode_of(header_of(reply, "x-amz-object-lock-mode"));
        const auto until = header_of(reply, "x-amz-object-lock-retain-until-date");
        if (!mode || until.empty()) return std::nullopt;
        return ObjectLock{*mode, parse_s3_time(until)};
      });
}

void S3Versions::extend_lock(const std::string& name, core::TimePoint until) {
  core::with_context("extending the lock of " + name + " in " + bucket_.address(), [&] {
    auto request = bucket_.request("PUT", name);
    request.query = {{"retention", ""}};
    const auto reply = bucket_.send_body(
        std::move(request),
        fmt::format("<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>{}</RetainUntilDate>"
                    "</Retention>",
                    core::format_utc(until)));
    bucket_.want_success(reply);
  });
}

PlaceTraits S3Versions::try_out(const std::string& name) {
  return core::with_context("trying out " + bucket_.address(), [&] {
    const auto put = [&](bool conditional) {
      auto request = bucket_.request("PUT", name);
      if (conditional) request.headers.emplace_back("if-none-match", "*");
      return bucket_.send_body(std::move(request), "to see what these credentials may do\n");
    };
    PlaceTraits traits;
    auto first = put(true);
    const bool knows_conditions = !is_unknown(first);
    bucket_.want_success(knows_conditions ? first : put(false));
    if (knows_conditions) traits.refuses_names_in_use = put(true).status == 412;
    const auto removed = bucket_.send(bucket_.request("DELETE", name));
    if (removed.status != 403) {
      bucket_.want_success(removed);
      traits.removes = true;
    }
    auto policy = bucket_.request("GET");
    policy.query = {{"policy", ""}};
    const auto answer = bucket_.send(std::move(policy));
    traits.has_policies = answer.status == 200 || answer.status == 404;
    return traits;
  });
}

// Ceph's name of who owns the bucket, TENANT$USER where there are tenants.
std::string S3Versions::owner() {
  auto request = bucket_.request("GET");
  request.query = {{"acl", ""}};
  const auto reply = bucket_.send(std::move(request));
  bucket_.want_success(reply);
  return s3_element(reply.body, "ID");
}

// https://docs.ceph.com/en/pacific/radosgw/bucketpolicy/
std::string S3Versions::write_only_policy(const std::string& user,
                                          const std::vector<std::string>& removable) {
  const auto& place = bucket_.place();
  const auto bucket = "arn:aws:s3:::" + place.bucket;
  const auto objects = bucket + "/" + place.prefix;
  const auto allow = [&](const std::string& who, const std::vector<std::string>& actions,
                         const std::vector<std::string>& resources) {
    const nlohmann::ordered_json statement = {{"Effect", "Allow"},
                                              {"Principal", {{"AWS", {who}}}},
                                              {"Action", actions},
                                              {"Resource", resources}};
    return " " + statement.dump();
  };
  std::vector<std::string> freely;
  for (const auto& prefix : removable) freely.push_back(objects + prefix + "*");
  const auto his = "arn:aws:iam:::user/" + user;
  auto ours = core::with_context("owner of " + bucket_.address(), [&] { return owner(); });
  const auto tenant = ours.substr(0, std::min(ours.find('$'), ours.size()));
  ours = tenant == ours ? "arn:aws:iam:::user/" + ours
                        : "arn:aws:iam::" + tenant + ":user/" + ours.substr(tenant.size() + 1);
  // A statement a line.
  return R"({"Version": "2012-10-17", "Statement": [)"
         "\n" +
         allow(his,
               {"s3:ListBucket", "s3:GetBucketVersioning", "s3:GetBucketObjectLockConfiguration"},
               {bucket}) +
         ",\n" +
         allow(his,
               {"s3:PutObject", "s3:GetObject", "s3:GetObjectRetention", "s3:AbortMultipartUpload"},
               {objects + "*"}) +
         ",\n" + allow(his, {"s3:DeleteObject"}, freely) + ",\n" +
         allow(ours, {"s3:*"}, {bucket, objects + "*"}) + "]}";
}

void S3Versions::list_versions(const std::string& prefix,
                               const std::function<void(const ObjectVersion&)>& visit) {
  const auto& own = bucket_.place().prefix;
  S3VersionListing listing;
  do {
    listing = core::with_context("listing versions in " + bucket_.address(), [&] {
      auto request = bucket_.request("GET");
      request.query = {{"versions", ""}, {"prefix", own + prefix}};
      if (!listing.next_key.empty()) {
        request.query.emplace_back("key-marker", listing.next_key);
        request.query.emplace_back("version-id-marker", listing.next_version);
      }
      core::HttpCall call;
      call.most_body = most_answer;
      const auto reply = bucket_.send(std::move(request), std::move(call));
      bucket_.want_success(reply);
      return read_s3_versions(reply.body);
    });
    for (auto version : listing.versions) {
      if (!version.name.starts_with(own)) continue;
      version.name.erase(0, own.size());
      visit(version);
    }
  } while (!listing.next_key.empty());
}

void S3Versions::put_back(const ObjectVersion& version) {
  core::with_context("putting back " + version.name + " in " + bucket_.address(), [&] {
    auto request = bucket_.request("PUT", version.name);
    request.headers.emplace_back("x-amz-copy-source", encode_path(request.path) +
                                                          "?versionId=" + encode_path(version.id));
    const auto reply = bucket_.send(std::move(request));
    bucket_.want_success(reply);
    // The answer begins before the copy is made.
    if (const auto code = s3_element(reply.body, "Code"); !code.empty())
      throw core::TransientError("was not copied: " + code);
  });
}

void S3Versions::take_away(const ObjectVersion& mark) {
  core::with_context("bringing back " + mark.name + " in " + bucket_.address(), [&] {
    auto request = bucket_.request("DELETE", mark.name);
    request.query = {{"versionId", mark.id}};
    bucket_.want_success(bucket_.send(std::move(request)));
  });
}

} // namespace intendance::storage
