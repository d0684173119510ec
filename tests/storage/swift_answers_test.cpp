// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/swift_answers.hpp"

#include <gmock/gmock.h>

namespace intendance::storage {
namespace {

using ::testing::HasSubstr;

core::HttpReply reply(int status, std::string body = "", std::string type = "text/html") {
  core::HttpReply made;
  made.status = status;
  made.body = std::move(body);
  made.headers["content-type"] = std::move(type);
  made.headers["x-trans-id"] = "tx01";
  return made;
}

template <class Expected>
std::string told_by(const core::HttpReply& answer) {
  try {
    throw_swift_failure(answer);
  } catch (const core::Error& error) {
    EXPECT_EQ(typeid(error), typeid(Expected)) << error.what();
    return error.what();
  }
  return "";
}

// As Swift 2.30.1 writes it.
TEST(SwiftAnswers, AListingHasNamesSizesAndTimes) {
  const auto objects = read_swift_listing(
      R"([{"bytes": 11, "hash": "5eb63bbbe01eeed093cb22bb8f5acdc3", "name": "web-1/packs/3f/a",
          "content_type": "application/octet-stream",
          "last_modified": "2026-11-28T05:23:12.118250"},
         {"bytes": 0, "hash": "d41d8cd98f00b204e9800998ecf8427e", "name": "web-1/packs/4a/b",
          "content_type": "application/octet-stream", "last_modified": "2026-11-28T05:23:13"}])");
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(objects[0].name, "web-1/packs/3f/a");
  EXPECT_EQ(objects[0].size, 11u);
  EXPECT_EQ(objects[0].modified,
            core::parse_utc("2026-11-28T05:23:12Z") + std::chrono::microseconds(118250));
  EXPECT_EQ(objects[1].size, 0u);
  EXPECT_EQ(core::format_utc(objects[1].modified), "2026-11-28T05:23:13Z");
  EXPECT_TRUE(read_swift_listing("[]").empty());
}

TEST(SwiftAnswers, WhatIsNoListingIsRefused) {
  for (const char* text :
       {"", "<html>Sign in to the network</html>", "{}", "7", "[7]", "[{}]",
        R"([{"name": "a", "bytes": -1, "last_modified": "2026-11-28T05:23:13"}])",
        R"([{"name": "a", "bytes": 1, "last_modified": "soon"}])",
        R"([{"name": "a", "bytes": 1, "last_modified": 7}])", R"([{"subdir": "packs/"}])"})
    EXPECT_THROW(read_swift_listing(text), core::CorruptData) << text;
}

TEST(SwiftAnswers, TimesOfListsAndOfHeadsAreTheSame) {
  const auto time = core::parse_utc("2026-11-28T05:15:00Z") + std::chrono::microseconds(123450);
  EXPECT_EQ(parse_swift_time("2026-11-28T05:15:00.123450"), time);
  EXPECT_EQ(parse_swift_time("2026-11-28T05:15:00.123450Z"), time); // Ceph's
  EXPECT_EQ(parse_swift_timestamp("1795842900.12345"), time);
  EXPECT_EQ(parse_swift_timestamp("1795842900.12345_0000000000000001"), time);
  EXPECT_EQ(core::format_utc(parse_swift_time("2026-11-28T05:15:00")), "2026-11-28T05:15:00Z");
  EXPECT_EQ(core::format_utc(parse_swift_timestamp("1795842900")), "2026-11-28T05:15:00Z");
  for (const char* text : {"", ".", "soon", "2026-11-28", "2026-11-28T05:15:00.x"}) {
    EXPECT_THROW(parse_swift_time(text), core::CorruptData) << text;
    EXPECT_THROW(parse_swift_timestamp(text), core::CorruptData) << text;
  }
}

TEST(SwiftAnswers, AHeadHasSizeTimeAndWhetherItIsInSegments) {
  auto answer = reply(200);
  answer.headers["content-length"] = "11";
  answer.headers["etag"] = "\"5eb63bbbe01eeed093cb22bb8f5acdc3\"";
  answer.headers["last-modified"] = "Sat, 28 Nov 2026 05:15:01 GMT";
  EXPECT_EQ(core::format_utc(read_swift_head("a", answer).modified), "2026-11-28T05:15:01Z");
  answer.headers["x-timestamp"] = "1795842900.12345";
  const auto info = read_swift_head("a", answer);
  EXPECT_EQ(info.size, 11u);
  EXPECT_EQ(core::format_utc(info.modified), "2026-11-28T05:15:00Z");
  EXPECT_EQ(swift_etag(answer), "5eb63bbbe01eeed093cb22bb8f5acdc3");
  EXPECT_FALSE(is_large_object(answer));
  answer.headers["x-static-large-object"] = "True";
  EXPECT_TRUE(is_large_object(answer));
  answer.headers["content-length"] = "";
  EXPECT_THROW(read_swift_head("a", answer), core::CorruptData);
}

TEST(SwiftAnswers, AManifestNamesItsSegments) {
  EXPECT_EQ(swift_manifest({{"/lab/a", "5eb63b", 11}}),
            R"([{"etag":"5eb63b","path":"/lab/a","size_bytes":11}])");
}

TEST(SwiftAnswers, ABulkRequestSaysWhatItDid) {
  const auto done =
      read_swift_bulk("  \r\n\r\n{\"Response Status\": \"200 OK\", \"Response Body\": "
                      "\"\", \"Number Deleted\": 2, \"Number Not Found\": 1, "
                      "\"Errors\": []}");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->status, "200 OK");
  EXPECT_EQ(done->deleted, 2u);
  EXPECT_EQ(done->absent, 1u);
  EXPECT_EQ(done->first_failure, "");
  const auto failed = read_swift_bulk(
      R"({"Response Status": "400 Bad Request", "Number Deleted": 0, "Number Not Found": 0,
          "Errors": [["lab/a", "403 Forbidden"]]})");
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->first_failure, "lab/a: 403 Forbidden");
  for (const char* text : {"", "[]", "{}", "7", "<html></html>", R"({"Response Status": 7})"})
    EXPECT_FALSE(read_swift_bulk(text)) << text;
}

TEST(SwiftAnswers, RightsAreDenied) {
  for (const int status : {401, 403})
    EXPECT_THAT(told_by<core::AccessDenied>(
                    reply(status, "<html><h1>Forbidden</h1><p>Access was denied to this "
                                  "resource.</p></html>")),
                HasSubstr("(Forbidden Access was denied to this resource.): these credentials"));
}

TEST(SwiftAnswers, WhatMayPassIsTransient) {
  for (const int status : {408, 429, 498, 499, 500, 502, 503, 504})
    told_by<core::TransientError>(reply(status));
  auto asked = reply(498);
  asked.headers["retry-after"] = "7";
  try {
    throw_swift_failure(asked);
  } catch (const core::TransientError& error) {
    EXPECT_EQ(error.retry_after, std::chrono::seconds(7));
  }
}

TEST(SwiftAnswers, TheRestSaysWhatToDo) {
  EXPECT_THAT(told_by<core::Error>(reply(404)), HasSubstr("no such container: make it first"));
  EXPECT_THAT(told_by<core::Error>(reply(412)), HasSubstr("an object of that name"));
  EXPECT_THAT(told_by<core::Error>(reply(413, "<html><h1>Request Entity Too Large</h1><p>Upload "
                                              "exceeds quota.</p></html>")),
              HasSubstr("no room left for this project"));
  EXPECT_THAT(told_by<core::Error>(reply(413, "<html><h1>Request Entity Too Large</h1><p>The body "
                                              "of your request was too large for this server."
                                              "</p></html>")),
              HasSubstr("takes no object as large"));
  EXPECT_THAT(told_by<core::Error>(reply(507)), HasSubstr("no room left"));
  EXPECT_THAT(told_by<core::Error>(reply(302)), HasSubstr("correct the address"));
  EXPECT_THAT(told_by<core::CorruptData>(reply(422)), HasSubstr("other bytes than were sent"));
  EXPECT_THAT(told_by<core::CorruptData>(reply(409)), HasSubstr("segment"));
}

TEST(SwiftAnswers, AProxysPageIsNoObjectStores) {
  auto page = reply(404, "<html>Not here</html>");
  page.headers.erase("x-trans-id");
  EXPECT_FALSE(is_swift_answer(page));
  EXPECT_THAT(told_by<core::Error>(page), HasSubstr("a proxy or another server stands there"));
  page.status = 502;
  told_by<core::TransientError>(page);
  page.status = 403;
  EXPECT_THAT(told_by<core::Error>(page), HasSubstr("a proxy or another server stands there"));
}

} // namespace
} // namespace intendance::storage
