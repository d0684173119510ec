// SPDX-License-Identifier: AGPL-3.0-or-later
// The examples that Amazon publishes beside the specification.
#include "core/sha256.hpp"
#include "storage/sigv4.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace intendance::storage {
namespace {

const std::string empty_digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string header(const SignedParts& request, const std::string& name) {
  const auto found = std::find_if(request.headers.begin(), request.headers.end(),
                                  [&](const auto& each) { return each.first == name; });
  return found == request.headers.end() ? "" : found->second;
}

// What stands behind "Signature=".
std::string signature_of(SignedParts request) {
  const S3Credentials credentials{
      "AKIAIOSFODNN7EXAMPLE",
      core::SecretBytes(core::as_bytes("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))};
  request.headers.emplace_back("host", "examplebucket.s3.amazonaws.com");
  sign_v4(request, credentials, "us-east-1", core::parse_utc("2013-05-24T00:00:00Z"));
  EXPECT_EQ(header(request, "x-amz-date"), "20130524T000000Z");
  const auto text = header(request, "authorization");
  EXPECT_TRUE(text.starts_with("AWS4-HMAC-SHA256 "
                               "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                               "SignedHeaders="))
      << text;
  return text.substr(text.find("Signature=") + 10);
}

TEST(SignatureV4, OfARangeOfAnObject) {
  EXPECT_EQ(signature_of({"GET", "/test.txt", {}, {{"range", "bytes=0-9"}}, empty_digest}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SignatureV4, OfAnObjectThatIsPut) {
  const auto digest = core::to_hex(core::sha256(core::as_bytes("Welcome to Amazon S3.")));
  EXPECT_EQ(signature_of({"PUT",
                          "/test$file.text",
                          {},
                          {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                           {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                          digest}),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(SignatureV4, OfAQueryWithoutAValue) {
  EXPECT_EQ(signature_of({"GET", "/", {{"lifecycle", ""}}, {}, empty_digest}),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(SignatureV4, OfAListing) {
  EXPECT_EQ(signature_of({"GET", "/", {{"prefix", "J"}, {"max-keys", "2"}}, {}, empty_digest}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SignatureV4, EncodesWhatServersDecode) {
  EXPECT_EQ(encode_path("/a b/é+=&~-._"), "/a%20b/%C3%A9%2B%3D%26~-._");
  EXPECT_EQ(canonical_query({{"prefix", "packs/3f"}, {"continuation-token", "a+b/c=="}}),
            "continuation-token=a%2Bb%2Fc%3D%3D&prefix=packs%2F3f");
  EXPECT_EQ(canonical_query({{"a", "2"}, {"a", "1"}, {"A", ""}}), "A=&a=1&a=2");
}

} // namespace
} // namespace intendance::storage
