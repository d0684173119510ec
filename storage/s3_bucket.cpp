// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/s3_bucket.hpp"

#include "core/md5.hpp"
#include "core/sha256.hpp"
#include "storage/s3_answers.hpp"

#include <fmt/format.h>

namespace intendance::storage {

namespace {

constexpr std::string_view digest_of_nothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"; // SHA-256 of nothing

} // namespace

S3Bucket::S3Bucket(S3Place place, S3Credentials credentials, core::Clock& clock,
                   std::stop_token stop)
    : place_(std::move(place)), credentials_(std::move(credentials)), clock_(clock),
      host_(place_.endpoint.substr(place_.endpoint.find("://") + 3)),
      connections_(std::move(stop)) {}

SignedParts S3Bucket::request(const char* method) const {
  return {method, "/" + place_.bucket, {}, {}, std::string(digest_of_nothing)};
}

SignedParts S3Bucket::request(const char* method, const std::string& name) const {
  auto request = this->request(method);
  request.path += "/" + place_.prefix + name;
  return request;
}

core::HttpReply S3Bucket::send(SignedParts request, core::HttpCall call) {
  request.headers.emplace_back("host", host_);
  sign_v4(request, credentials_, place_.region, clock_.now());
  call.method = request.method;
  call.url = place_.endpoint + encode_path(request.path);
  if (!request.query.empty()) call.url += "?" + canonical_query(request.query);
  call.headers = std::move(request.headers);
  return connections_.send(std::move(call));
}

core::HttpReply S3Bucket::send_body(SignedParts request, std::string body) {
  const auto bytes = core::as_bytes(body);
  request.digest = core::to_hex(core::sha256(bytes));
  request.headers.emplace_back("content-md5", core::to_base64(core::Md5::of(bytes)));
  core::HttpCall call;
  call.body = std::move(body);
  return send(std::move(request), std::move(call));
}

void S3Bucket::want_success(const core::HttpReply& reply) const {
  if (reply.status / 100 != 2) throw_s3_failure(reply, clock_.now());
}

std::string S3Bucket::address() const {
  const bool plain = place_.endpoint.starts_with("http:");
  auto text = fmt::format("{}://{}/{}", plain ? "s3+http" : "s3", host_, place_.bucket);
  if (!place_.prefix.empty()) text += "/" + place_.prefix.substr(0, place_.prefix.size() - 1);
  return text;
}

bool is_absent(const core::HttpReply& reply) {
  return reply.status == 404 && s3_element(reply.body, "Code") != "NoSuchBucket";
}

} // namespace intendance::storage
