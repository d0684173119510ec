// SPDX-License-Identifier: AGPL-3.0-or-later
// Requests to one container of an object store that speaks Swift, with a token of Keystone.
#pragma once

#include "storage/keystone.hpp"
#include "storage/sigv4.hpp"
#include "storage/swift_store.hpp"

#include <atomic>
#include <stop_token>
#include <string>

namespace intendance::storage {

struct SwiftRequest {
  const char* method;
  std::string path; // within the project, from "/" on, not encoded; empty: of the project itself
  Pairs query;      // not encoded
  core::HttpCall call;
};

// Any thread.
class SwiftContainer {
public:
  SwiftContainer(SwiftPlace place, KeystoneIdentity identity, core::Clock& clock,
                 std::stop_token stop);

  // Of the container itself, of an object by its name, of the project.
  SwiftRequest request(const char* method) const;
  SwiftRequest request(const char* method, const std::string& name) const;
  SwiftRequest account_request(const char* method) const { return {method, "", {}, {}}; }
  // "/lab/web-1/packs/3f/a"
  std::string path_of(const std::string& name) const;

  // Any answer; a token that is no longer accepted is renewed once. Throws what Keystone and
  // core::HttpClient throw.
  core::HttpReply send(SwiftRequest request);
  // Whether there is no such object; when there is no container, Error.
  bool is_absent(const core::HttpReply& reply);
  // Throws what an answer other than 2xx means.
  void want_success(const core::HttpReply& reply) const;

  const SwiftPlace& place() const { return place_; }
  core::Clock& clock() const { return clock_; }
  std::string address() const;

private:
  const SwiftPlace place_;
  core::Clock& clock_;
  Keystone keystone_;
  HttpConnections connections_;
  std::atomic<bool> is_there_ = false; // the container; once seen, it is not asked for again
};

} // namespace intendance::storage
