// SPDX-License-Identifier: AGPL-3.0-or-later
// Objects in a container of OpenStack's Swift, or of Ceph's gateway that speaks its language.
#pragma once

#include "storage/credentials.hpp"
#include "storage/object_store.hpp"

#include <stop_token>
#include <string>

namespace intendance::storage {

struct SwiftPlace {
  std::string origin; // "https://objets.example.ca:8080"
  std::string container;
  std::string prefix; // of every name: "" or "web-1/"

  // "swift://HOST[:PORT]/CONTAINER[/PREFIX]", or "swift+http://…" without TLS. Throws ConfigError.
  static SwiftPlace parse(const std::string& url);
};

// A put carries its MD5, and what the server says it has must agree; an object that is long goes in
// segments beneath ".segments", which go with it. Nothing is tried again here but what a token that
// expired made fail: see retrying_store.hpp. Requests at a time: as many as there are threads, each
// on a connection that is kept.
//
// Swift's lists may lag. One that misses what was put shortly before keeps the promise of
// docs/garbage-collection.md. One that still shows what was removed would not: so each removal
// leaves a note (".removed/packs"), and while it is fresh, a list asks for each object by its name.
//
// Of what went in segments, beyond 128 MiB, Ceph's gateway lists the size of the list of these;
// head() has the object's. Only parts of archives are so long, and nobody needs their sizes from a
// list.
std::unique_ptr<ObjectStore> open_swift_store(SwiftPlace place, KeystoneIdentity identity,
                                              core::Clock& clock, std::stop_token stop = {});

} // namespace intendance::storage
