// SPDX-License-Identifier: AGPL-3.0-or-later
// Against whoever holds a store's credentials and means harm: stores that keep what is removed or
// written over, and that let nobody remove it before a day that was set.
#pragma once

#include "core/clock.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace intendance::storage {

// Governance can be lifted by who has the right to; compliance by nobody, not even the owner.
enum class LockMode { governance, compliance };

struct ObjectLock {
  LockMode mode = LockMode::governance;
  core::TimePoint until{};
};

// What a bucket says that it does with each new object.
struct BucketRules {
  bool versions = false; // removing and writing over leave the older version beneath
  struct DefaultLock {
    LockMode mode = LockMode::governance;
    std::chrono::days period{};
  };
  std::optional<DefaultLock> lock;
};

// What the place lets these credentials do, as trying it showed.
struct PlaceTraits {
  bool refuses_names_in_use = false; // by itself; otherwise of two puts at once the later one stays
  bool removes = false;              // what was written
  bool has_policies = false;         // it can be told who may do what
};

struct ObjectVersion {
  std::string name;
  std::string id;         // the store's own name of the version
  bool is_newest = false; // what everybody sees
  bool removed = false;   // a mark that makes the name seem absent; otherwise bytes
  std::uint64_t size = 0; // bytes
  core::TimePoint written{};
};

// A store that can have versions. Any thread; fails as an ObjectStore does.
class ObjectVersions {
public:
  virtual ~ObjectVersions() = default;

  // Makes the place itself, where everything that is written is locked for so long, in compliance;
  // without locks and versions for nothing. Of a place that is there, and these credentials', the
  // rules alone are set, where it was made with locks. Throws Error where the store cannot.
  virtual void make_place(std::optional<std::chrono::days> lock) = 0;
  // Nothing when these credentials may not ask.
  virtual std::optional<BucketRules> rules() = 0;
  // Of the newest version, as the store keeps it in fact: a store may ignore what it does not know.
  // Nothing when there is none, no such object, or these credentials may not ask.
  virtual std::optional<ObjectLock> lock_of(const std::string& name) = 0;
  // Only ever later. An absent object is an Error.
  virtual void extend_lock(const std::string& name, core::TimePoint until) = 0;

  // Writes a small object under that name, which must be new, twice, and removes it.
  virtual PlaceTraits try_out(const std::string& name) = 0;
  // In the words that the store takes: that this user, who is not the owner, may write and read
  // here, and remove what begins with one of these prefixes alone. And that the owner, whose these
  // credentials are, may do everything with what that user writes, which without it is his own.
  virtual std::string write_only_policy(const std::string& user,
                                        const std::vector<std::string>& removable) = 0;

  // In the order of names; of one name, the newest first.
  virtual void list_versions(const std::string& prefix,
                             const std::function<void(const ObjectVersion&)>& visit) = 0;
  // Makes the bytes of an older version the newest again.
  virtual void put_back(const ObjectVersion& version) = 0;
  // For a mark of removal: what was beneath is seen again.
  virtual void take_away(const ObjectVersion& mark) = 0;
};

} // namespace intendance::storage
