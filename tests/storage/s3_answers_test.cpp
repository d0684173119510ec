// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/s3_answers.hpp"

#include <gmock/gmock.h>

namespace intendance::storage {
namespace {

using ::testing::HasSubstr;

core::HttpReply reply(int status, std::string body, std::string type = "application/xml") {
  core::HttpReply made;
  made.status = status;
  made.body = std::move(body);
  made.headers["content-type"] = std::move(type);
  made.headers["date"] = "Sat, 28 Nov 2026 05:00:00 GMT";
  return made;
}

std::string failure(const std::string& code) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>" + code +
         "</Code><BucketName>lab</BucketName><RequestId>tx1</RequestId></Error>";
}

template <class Expected>
std::string told_by(const core::HttpReply& answer) {
  try {
    throw_s3_failure(answer, core::parse_utc("2026-11-28T05:20:00Z"));
  } catch (const core::Error& error) {
    EXPECT_EQ(typeid(error), typeid(Expected)) << error.what();
    return error.what();
  }
  return "";
}

// As Ceph 16.2.15 writes it.
TEST(S3Answers, AListingHasNamesSizesAndTimes) {
  const auto listing = read_s3_listing(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult "
      "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>lab</Name><Prefix>packs/</Prefix>"
      "<MaxKeys>1000</MaxKeys><IsTruncated>true</IsTruncated>"
      "<Contents><Key>packs/3f/a</Key><LastModified>2026-11-28T05:23:12.118Z</LastModified>"
      "<ETag>&quot;5eb63bbbe01eeed093cb22bb8f5acdc3&quot;</ETag><Size>11</Size>"
      "<StorageClass>STANDARD</StorageClass><Owner><ID>backup</ID></Owner></Contents>"
      "<Contents><Key>packs/4a/b</Key><LastModified>2026-11-28T05:23:13Z</LastModified>"
      "<Size>0</Size></Contents>"
      "<NextContinuationToken>packs/4a/b</NextContinuationToken><KeyCount>2</KeyCount>"
      "</ListBucketResult>");
  ASSERT_EQ(listing.objects.size(), 2u);
  EXPECT_EQ(listing.objects[0].name, "packs/3f/a");
  EXPECT_EQ(listing.objects[0].size, 11u);
  EXPECT_EQ(core::format_utc(listing.objects[0].modified), "2026-11-28T05:23:12Z");
  EXPECT_EQ(listing.objects[1].size, 0u);
  EXPECT_EQ(listing.next, "packs/4a/b");
}

// As Ceph 16.2.15 writes it.
TEST(S3Answers, VersionsAreToldFromMarksOfRemoval) {
  const auto listing = read_s3_versions(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListVersionsResult "
      "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>lab</Name><Prefix></Prefix>"
      "<MaxKeys>1000</MaxKeys><IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker>"
      "<NextVersionIdMarker>v1</NextVersionIdMarker>"
      "<DeleteMarker><Key>a</Key><VersionId>m1</VersionId><IsLatest>true</IsLatest>"
      "<LastModified>2026-11-28T05:24:00.000Z</LastModified></DeleteMarker>"
      "<Version><Key>a</Key><VersionId>v1</VersionId><IsLatest>false</IsLatest>"
      "<LastModified>2026-11-28T05:23:12.118Z</LastModified><Size>11</Size></Version>"
      "</ListVersionsResult>");
  ASSERT_EQ(listing.versions.size(), 2u);
  EXPECT_TRUE(listing.versions[0].removed);
  EXPECT_TRUE(listing.versions[0].is_newest);
  EXPECT_EQ(listing.versions[0].id, "m1");
  EXPECT_FALSE(listing.versions[1].removed);
  EXPECT_EQ(listing.versions[1].size, 11u);
  EXPECT_EQ(core::format_utc(listing.versions[1].written), "2026-11-28T05:23:12Z");
  EXPECT_EQ(listing.next_key, "a");
  EXPECT_EQ(listing.next_version, "v1");
  EXPECT_THROW(read_s3_versions("<ListBucketResult/>"), core::CorruptData);
}

TEST(S3Answers, ADefaultLockHasAModeAndAPeriod) {
  const auto lock = [](const std::string& rule) {
    return read_s3_default_lock("<ObjectLockConfiguration><ObjectLockEnabled>Enabled"
                                "</ObjectLockEnabled>" +
                                rule + "</ObjectLockConfiguration>");
  };
  const auto days = lock("<Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>90</Days>"
                         "</DefaultRetention></Rule>");
  ASSERT_TRUE(days);
  EXPECT_EQ(days->mode, LockMode::compliance);
  EXPECT_EQ(days->period, std::chrono::days(90));
  const auto years = lock("<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Years>2</Years>"
                          "</DefaultRetention></Rule>");
  ASSERT_TRUE(years);
  EXPECT_EQ(years->mode, LockMode::governance);
  EXPECT_EQ(years->period, std::chrono::days(730));
  EXPECT_FALSE(lock(""));
  EXPECT_FALSE(lock("<Rule><DefaultRetention><Mode>SOME</Mode><Days>9</Days></DefaultRetention>"
                    "</Rule>"));
}

TEST(S3Answers, TheLastListingHasNoNext) {
  EXPECT_EQ(read_s3_listing("<ListBucketResult><IsTruncated>false</IsTruncated>"
                            "<NextContinuationToken>x</NextContinuationToken></ListBucketResult>")
                .next,
            "");
}

TEST(S3Answers, WhatIsNoListingIsRefused) {
  for (const char* text :
       {"", "<html><body>Sign in to the network</body></html>", "not XML at all",
        "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>-</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>1</Size><LastModified>soon</LastModified>"
        "</Contents></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"})
    EXPECT_THROW(read_s3_listing(text), core::CorruptData) << text;
}

TEST(S3Answers, KeysAndRightsAreDenied) {
  EXPECT_THAT(told_by<core::AccessDenied>(reply(403, failure("InvalidAccessKeyId"))),
              HasSubstr("does not know the access key"));
  EXPECT_THAT(told_by<core::AccessDenied>(reply(403, failure("SignatureDoesNotMatch"))),
              HasSubstr("the secret key is not the access key's"));
  EXPECT_THAT(told_by<core::AccessDenied>(reply(403, failure("AccessDenied"))),
              HasSubstr("do not allow it"));
  EXPECT_THAT(told_by<core::AccessDenied>(reply(401, "")), HasSubstr("401"));
}

TEST(S3Answers, AWrongClockIsNamedWithBothTimes) {
  const auto told = told_by<core::AccessDenied>(reply(403, failure("RequestTimeTooSkewed")));
  EXPECT_THAT(told, HasSubstr("this machine's clock says 2026-11-28T05:20:00Z"));
  EXPECT_THAT(told, HasSubstr("the server's Sat, 28 Nov 2026 05:00:00 GMT"));
}

TEST(S3Answers, WhatMayPassIsTransient) {
  for (const int status : {429, 500, 502, 503, 504})
    told_by<core::TransientError>(reply(status, failure("SlowDown")));
  told_by<core::TransientError>(reply(400, failure("RequestTimeout")));
  auto asked = reply(503, failure("SlowDown"));
  asked.headers["retry-after"] = "7";
  try {
    throw_s3_failure(asked, {});
  } catch (const core::TransientError& error) {
    EXPECT_EQ(error.retry_after, std::chrono::seconds(7));
  }
}

TEST(S3Answers, TheRestSaysWhatToDo) {
  EXPECT_THAT(told_by<core::Error>(reply(404, failure("NoSuchBucket"))),
              HasSubstr("correct the address, or make it"));
  EXPECT_THAT(told_by<core::Error>(reply(403, failure("QuotaExceeded"))),
              HasSubstr("no room left"));
  EXPECT_THAT(told_by<core::Error>(reply(413, "")), HasSubstr("no room left"));
  EXPECT_THAT(told_by<core::Error>(reply(507, "")), HasSubstr("no room left"));
  EXPECT_THAT(told_by<core::Error>(reply(301, "")), HasSubstr("correct the address"));
  const auto page = reply(404, "<html>Not here</html>", "text/html; charset=utf-8");
  EXPECT_THAT(told_by<core::Error>(page), HasSubstr("a proxy or another server stands there"));
  told_by<core::TransientError>(reply(502, "<html>Bad gateway</html>", "text/html"));
}

} // namespace
} // namespace intendance::storage
