// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/sigv4.hpp"

#include "core/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace intendance::storage {

namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256", service = "s3", end = "aws4_request";

enum class Slash { keep, encode };

bool is_unreserved(char each) {
  return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
         (each >= '0' && each <= '9') ||
         std::string_view("-._~").find(each) != std::string_view::npos;
}

std::string percent_encode(std::string_view text, Slash slash) {
  std::string out;
  for (const char each : text) {
    if (is_unreserved(each) || (each == '/' && slash == Slash::keep))
      out += each;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(each));
  }
  return out;
}

// "20130524T000000Z"
std::string compact_utc(core::TimePoint now) {
  auto text = core::format_utc(now);
  std::erase_if(text, [](char each) { return each == '-' || each == ':'; });
  return text;
}

std::string hex_digest(std::string_view text) {
  return core::to_hex(core::sha256(core::as_bytes(text)));
}

core::Digest signing_key(const core::SecretBytes& secret, std::string_view date,
                         std::string_view region) {
  core::SecretBytes start(secret.size() + 4);
  constexpr std::string_view prefix = "AWS4";
  std::copy(prefix.begin(), prefix.end(), start.writable().begin());
  std::copy(secret.view().begin(), secret.view().end(), start.writable().begin() + prefix.size());
  auto key = core::hmac_sha256(start.view(), core::as_bytes(date));
  for (const auto part : {region, service, end}) key = core::hmac_sha256(key, core::as_bytes(part));
  return key;
}

} // namespace

std::string encode_path(std::string_view path) { return percent_encode(path, Slash::keep); }

std::string canonical_query(const Pairs& query) {
  Pairs encoded;
  for (const auto& [name, value] : query)
    encoded.emplace_back(percent_encode(name, Slash::encode), percent_encode(value, Slash::encode));
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded)
    out += fmt::format("{}{}={}", out.empty() ? "" : "&", name, value);
  return out;
}

void sign_v4(SignedParts& request, const S3Credentials& credentials, std::string_view region,
             core::TimePoint now) {
  const auto time = compact_utc(now);
  const auto date = time.substr(0, 8);
  request.headers.emplace_back("x-amz-date", time);
  request.headers.emplace_back("x-amz-content-sha256", request.digest);
  auto headers = request.headers;
  std::sort(headers.begin(), headers.end());
  std::string lines, names;
  for (const auto& [name, value] : headers) {
    lines += fmt::format("{}:{}\n", name, value);
    names += (names.empty() ? "" : ";") + name;
  }
  const auto canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, encode_path(request.path),
                  canonical_query(request.query), lines, names, request.digest);
  const auto scope = fmt::format("{}/{}/{}/{}", date, region, service, end);
  const auto to_sign = fmt::format("{}\n{}\n{}\n{}", algorithm, time, scope, hex_digest(canonical));
  const auto signature = core::to_hex(core::hmac_sha256(
      signing_key(credentials.secret_key, date, region), core::as_bytes(to_sign)));
  request.headers.emplace_back(
      "authorization", fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", algorithm,
                                   credentials.access_key, scope, names, signature));
}

} // namespace intendance::storage
