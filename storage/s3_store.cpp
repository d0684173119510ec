// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/s3_store.hpp"

#include "core/md5.hpp"
#include "core/sha256.hpp"
#include "storage/http_objects.hpp"
#include "storage/s3_answers.hpp"
#include "storage/s3_bucket.hpp"
#include "storage/s3_versions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <type_traits>

namespace intendance::storage {

namespace {

// What one PUT may carry is 5 GiB everywhere; beyond the first figure a broken connection costs
// less when only a part is sent again.
constexpr std::uint64_t longest_put = std::uint64_t{128} << 20;
constexpr std::uint64_t part_size = std::uint64_t{64} << 20;
constexpr std::uint64_t most_parts = 1000; // Swift's limit
constexpr std::uint64_t most_answer = std::uint64_t{8} << 20;
constexpr unsigned most_connections = 12; // of one program: a store counts requests
constexpr std::uint64_t most_refusal = std::uint64_t{64} << 10;
constexpr std::size_t hashing_step = std::size_t{1} << 20;

struct Digests {
  std::string sha256; // hex
  core::Md5::Digest md5{};
};

Digests digests_of(const Content& content, std::uint64_t offset, std::uint64_t length) {
  core::Sha256 sha256;
  core::Md5 md5;
  core::Buffer part(std::min<std::uint64_t>(hashing_step, length));
  for (std::uint64_t at = 0; at < length;) {
    const auto step = std::span(part).first(std::min<std::uint64_t>(part.size(), length - at));
    content.read(offset + at, step);
    sha256.update(step);
    md5.update(step);
    at += step.size();
  }
  return {core::to_hex(sha256.finish()), md5.finish()};
}

// Without its quotes.
std::string etag_of(std::string text) {
  std::erase(text, '"');
  return text;
}

std::uint64_t number_in(std::string_view text, const char* what) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size())
    throw core::CorruptData(fmt::format("answers without {} that can be read", what));
  return number;
}

class S3Store final : public ObjectStore {
public:
  S3Store(S3Place place, S3Credentials credentials, core::Clock& clock, std::stop_token stop)
      : bucket_(std::move(place), std::move(credentials), clock, std::move(stop)) {}

  using ObjectStore::put;
  void put(const std::string& name, const Content& content) override {
    check_object_name(name);
    core::with_context("storing " + name + " in " + address(), [&] {
      if (content.size() <= longest_put) return put_whole(name, content);
      if (head_of(name)) throw core::Error("there is an object of that name");
      put_parts(name, content);
    });
  }

  std::optional<core::Buffer> get(const std::string& name, std::uint64_t most) override {
    return on(name, [&]() -> std::optional<core::Buffer> {
      auto request = bucket_.request("GET", name);
      core::HttpCall call;
      call.most_body = std::max(most, most_refusal);
      auto reply = bucket_.send(std::move(request), std::move(call));
      if (is_absent(reply)) return std::nullopt;
      bucket_.want_success(reply);
      if (reply.body_size > most || reply.body_cut)
        throw core::CorruptData("is longer than it may be");
      const auto bytes = core::as_bytes(reply.body);
      check_md5(reply, core::Md5::of(bytes));
      return core::Buffer(bytes.begin(), bytes.end());
    });
  }

  bool read(const std::string& name, std::uint64_t offset, std::span<std::uint8_t> into) override {
    return on(name, [&] {
      if (into.empty() || offset > UINT64_MAX - into.size())
        return reaches(head_of(name), offset, into.size());
      const Range range{offset, into.size()};
      auto request = bucket_.request("GET", name);
      request.headers.emplace_back("range", range.header());
      core::HttpCall call;
      call.into = into;
      const auto reply = bucket_.send(std::move(request), std::move(call));
      if (is_absent(reply)) return false;
      range.want_whole(reply, [&] { bucket_.want_success(reply); });
      return true;
    });
  }

  void list(const std::string& prefix,
            const std::function<void(const ObjectInfo&)>& visit) override {
    std::string next;
    do {
      const auto listing = core::with_context("listing " + prefix + " in " + address(), [&] {
        auto request = bucket_.request("GET");
        request.query = {{"list-type", "2"}, {"prefix", bucket_.place().prefix + prefix}};
        if (!next.empty()) request.query.emplace_back("continuation-token", next);
        core::HttpCall call;
        call.most_body = most_answer;
        const auto reply = bucket_.send(std::move(request), std::move(call));
        bucket_.want_success(reply);
        return read_s3_listing(reply.body);
      });
      for (auto info : listing.objects) {
        if (!info.name.starts_with(bucket_.place().prefix)) continue;
        info.name.erase(0, bucket_.place().prefix.size());
        visit(info);
      }
      if (listing.next == next && !next.empty())
        throw core::CorruptData("listing " + prefix + " in " + address() + ": goes on for ever");
      next = listing.next;
    } while (!next.empty());
  }

  std::optional<ObjectInfo> head(const std::string& name) override {
    return on(name, [&] { return head_of(name); });
  }

  void remove(const std::string& name) override {
    check_object_name(name);
    core::with_context("removing " + name + " from " + address(), [&] {
      const auto reply = bucket_.send(bucket_.request("DELETE", name), {});
      if (!is_absent(reply)) bucket_.want_success(reply);
    });
  }

  std::string address() const override { return bucket_.address(); }
  ObjectVersions* versions() override { return &versions_; }
  unsigned connections() const override { return most_connections; }

private:
  template <class Ask>
  std::invoke_result_t<Ask> on(const std::string& name, Ask&& ask) {
    check_object_name(name);
    return core::with_context(name + " in " + address(), ask);
  }

  static core::HttpUpload upload_of(const Content& content, std::uint64_t offset,
                                    std::uint64_t length) {
    return {length, [&content, offset](std::uint64_t at, std::span<std::uint8_t> into) {
              content.read(offset + at, into);
            }};
  }

  struct Sent {
    core::HttpReply reply;
    core::Md5::Digest md5{};
  };

  Sent send_part(SignedParts request, const Content& content, std::uint64_t offset,
                 std::uint64_t length) {
    const auto digests = digests_of(content, offset, length);
    request.digest = digests.sha256;
    request.headers.emplace_back("content-md5", core::to_base64(digests.md5));
    core::HttpCall call;
    call.upload = upload_of(content, offset, length);
    return {bucket_.send(std::move(request), std::move(call)), digests.md5};
  }

  // The entity tag of an object that came in one piece is its MD5. An answer without one is not a
  // server's that has the object.
  static void check_md5(const core::HttpReply& reply, const core::Md5::Digest& md5) {
    const auto tag = etag_of(header_of(reply, "etag"));
    if (tag.empty()) throw core::Error("answers 200 without an ETag; is it an S3 server?");
    if (tag.find('-') != std::string::npos) return; // of an object in parts
    if (tag != core::to_hex(md5))
      throw core::CorruptData("has other bytes than were sent: the network, a proxy or memory may "
                              "be failing");
  }

  void put_whole(const std::string& name, const Content& content) {
    auto request = bucket_.request("PUT", name);
    const bool conditional = refuses_names_in_use_;
    if (conditional)
      request.headers.emplace_back("if-none-match", "*");
    else if (head_of(name))
      throw core::Error("there is an object of that name");
    const auto sent = send_part(std::move(request), content, 0, content.size());
    if (sent.reply.status == 412) throw core::Error("there is an object of that name");
    if (conditional && sent.reply.status == 501) { // Swift's s3api
      refuses_names_in_use_ = false;
      return put_whole(name, content);
    }
    bucket_.want_success(sent.reply);
    or_remove(name, [&] { check_md5(sent.reply, sent.md5); });
  }

  // Nobody may see what came to the store as something else.
  template <class Check>
  void or_remove(const std::string& name, Check&& check) {
    try {
      check();
    } catch (const core::CorruptData&) {
      try_to_delete(bucket_.request("DELETE", name));
      throw;
    }
  }

  void put_parts(const std::string& name, const Content& content) {
    const auto size = std::max(part_size, (content.size() + most_parts - 1) / most_parts);
    auto begin = bucket_.request("POST", name);
    begin.query = {{"uploads", ""}};
    const auto begun = bucket_.send(std::move(begin), {});
    bucket_.want_success(begun);
    const auto id = s3_element(begun.body, "UploadId");
    if (id.empty()) throw core::CorruptData("begins an upload without saying which");
    try {
      std::string parts;
      std::uint64_t number = 0;
      core::Md5 md5; // of the parts' digests
      for (std::uint64_t at = 0; at < content.size(); at += size) {
        auto request = bucket_.request("PUT", name);
        request.query = {{"partNumber", std::to_string(++number)}, {"uploadId", id}};
        const auto sent =
            send_part(std::move(request), content, at, std::min(size, content.size() - at));
        bucket_.want_success(sent.reply);
        check_md5(sent.reply, sent.md5);
        md5.update(sent.md5);
        parts += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", number,
                             header_of(sent.reply, "etag"));
      }
      complete(name, id, "<CompleteMultipartUpload>" + parts + "</CompleteMultipartUpload>");
      const auto tag = fmt::format("{}-{}", core::to_hex(md5.finish()), number);
      or_remove(name, [&] { want_parts(name, content.size(), tag); });
    } catch (...) {
      auto abandon = bucket_.request("DELETE", name);
      abandon.query = {{"uploadId", id}};
      try_to_delete(std::move(abandon));
      throw;
    }
  }

  // The answer may be 200 and an error all the same: it begins before the work is done.
  void complete(const std::string& name, const std::string& id, const std::string& body) {
    auto request = bucket_.request("POST", name);
    request.query = {{"uploadId", id}};
    request.digest = core::to_hex(core::sha256(core::as_bytes(body)));
    core::HttpCall call;
    call.body = body;
    const auto reply = bucket_.send(std::move(request), std::move(call));
    bucket_.want_success(reply);
    if (const auto code = s3_element(reply.body, "Code"); !code.empty())
      throw core::TransientError("did not put the parts together: " + code);
  }

  // Ceph 16 names no ETag when it has put the parts together.
  void want_parts(const std::string& name, std::uint64_t size, const std::string& tag) {
    const auto reply = bucket_.send(bucket_.request("HEAD", name), {});
    bucket_.want_success(reply);
    if (number_in(header_of(reply, "content-length"), "a size") != size ||
        etag_of(header_of(reply, "etag")) != tag)
      throw core::CorruptData("was put together from other bytes than were sent");
  }

  // Of an object or of an upload that failed: that failure is the one to tell.
  void try_to_delete(SignedParts request) noexcept {
    try {
      bucket_.send(std::move(request), {});
    } catch (...) { // what is left costs room
    }
  }

  std::optional<ObjectInfo> head_of(const std::string& name) {
    const auto reply = bucket_.send(bucket_.request("HEAD", name), {});
    if (reply.status == 404) return std::nullopt;
    bucket_.want_success(reply);
    ObjectInfo info{name, number_in(header_of(reply, "content-length"), "a size"), {}};
    info.modified = core::parse_http_date(header_of(reply, "last-modified"));
    return info;
  }

  S3Bucket bucket_;
  S3Versions versions_{bucket_};
  std::atomic<bool> refuses_names_in_use_ = true;
};

} // namespace

S3Place S3Place::parse(const std::string& url) {
  auto place = parse_http_place(url, "s3");
  if (!place) {
    throw core::ConfigError("\"" + url +
                            "\" is not an address of a bucket\n  allowed: "
                            "s3://HOST/BUCKET[/PREFIX]");
  }
  return {std::move(place->origin), std::move(place->top), std::move(place->prefix)};
}

std::unique_ptr<ObjectStore> open_s3_store(S3Place place, S3Credentials credentials,
                                           core::Clock& clock, std::stop_token stop) {
  return std::make_unique<S3Store>(std::move(place), std::move(credentials), clock,
                                   std::move(stop));
}

} // namespace intendance::storage
