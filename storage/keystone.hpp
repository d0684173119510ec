// SPDX-License-Identifier: AGPL-3.0-or-later
// A token of OpenStack's Keystone, and where it may be shown.
#pragma once

#include "core/clock.hpp"
#include "storage/credentials.hpp"
#include "storage/http_connections.hpp"

#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

namespace intendance::storage {

struct KeystonePass {
  std::string token;
  std::string endpoint; // of the object store, with the project's path and without "/" at the end
  core::TimePoint expires{}; // as Keystone says, for messages
  core::TimePoint renew{};   // by this machine's clock
};

// Any thread. Tokens are asked for when they are needed: at first, some minutes before they expire,
// and after a server refused one. Lifetimes are taken from the answers alone, so that this
// machine's clock may be wrong.
class Keystone {
public:
  // The object store is the catalogue's that has `origin`, "https://HOST[:PORT]".
  Keystone(KeystoneIdentity identity, std::string origin, core::Clock& clock, std::stop_token stop);

  // Throws AccessDenied when Keystone does not accept the identity, TransientError when it does not
  // answer, Error when it is none or its catalogue has no such object store.
  std::shared_ptr<const KeystonePass> pass();

  // A server accepts this one no more: the next pass() is another, one for all threads. Throws
  // AccessDenied where there can be no other.
  void refused(const std::shared_ptr<const KeystonePass>& pass);

private:
  std::shared_ptr<const KeystonePass> ask();

  const KeystoneIdentity identity_;
  const std::string origin_;
  core::Clock& clock_;
  HttpConnections connections_;
  std::mutex asking_; // also while Keystone is asked: the others want the same answer
  std::shared_ptr<const KeystonePass> pass_;
};

} // namespace intendance::storage
