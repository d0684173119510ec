// SPDX-License-Identifier: AGPL-3.0-or-later
// Versions and locks of a bucket:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
#pragma once

#include "storage/object_versions.hpp"
#include "storage/s3_bucket.hpp"

namespace intendance::storage {

class S3Versions final : public ObjectVersions {
public:
  // The bucket must outlive it.
  explicit S3Versions(S3Bucket& bucket) : bucket_(bucket) {}

  void make_place(std::optional<std::chrono::days> lock) override;
  std::optional<BucketRules> rules() override;
  std::optional<ObjectLock> lock_of(const std::string& name) override;
  void extend_lock(const std::string& name, core::TimePoint until) override;
  PlaceTraits try_out(const std::string& name) override;
  std::string write_only_policy(const std::string& user,
                                const std::vector<std::string>& removable) override;
  void list_versions(const std::string& prefix,
                     const std::function<void(const ObjectVersion&)>& visit) override;
  void put_back(const ObjectVersion& version) override;
  void take_away(const ObjectVersion& mark) override;

private:
  // The answer's body; nothing when it may not be asked, or the bucket has none.
  std::optional<std::string> property(const char* name);
  std::string owner();

  S3Bucket& bucket_;
};

} // namespace intendance::storage
