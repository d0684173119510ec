// SPDX-License-Identifier: AGPL-3.0-or-later
// A store that fails when it is told to: for tests of everything that has to survive that.
#pragma once

#include "storage/object_store.hpp"
#include "storage/verb.hpp"

#include <set>

namespace intendance::storage {

enum class FaultKind { transient, denied, corrupt, cancelled, other }; // what is thrown
enum class FaultMoment { before, after }; // whether the call took effect

struct StoreCall {
  Verb verb;
  std::string name; // or the prefix of a list
};

struct FaultPlan {
  std::uint64_t call = 1;    // the 1st, 2nd… that matches, counted from arm()
  std::set<Verb> verbs = {}; // none: any
  std::string prefix = {};   // of names
  FaultMoment moment = FaultMoment::before;
  FaultKind kind = FaultKind::transient;
  // Every call from then on fails too, as if the process had been killed there: what its
  // destructors still try reaches nothing.
  bool kill = false;
};

// Passes everything to another store, which must outlive it, but for the calls that a plan fails.
// Any thread; calls of several threads are counted in the order in which they begin.
class FaultyStore final : public ObjectStore {
public:
  explicit FaultyStore(ObjectStore& inner);
  ~FaultyStore() override;

  void arm(FaultPlan plan); // in place of an older plan; a killed store lives again
  void disarm();
  std::uint64_t calls() const; // since it was made
  bool has_fired() const;      // since arm()
  // Is called before each call in its thread: to delay it, or to do something between two calls.
  // Calls that it makes to this store are neither counted nor failed. Set it before threads start.
  void set_hook(std::function<void(const StoreCall&)> hook);

  using ObjectStore::put;
  void put(const std::string& name, const Content& content) override;
  std::optional<core::Buffer> get(const std::string& name, std::uint64_t most) override;
  bool read(const std::string& name, std::uint64_t offset, std::span<std::uint8_t> into) override;
  void list(const std::string& prefix,
            const std::function<void(const ObjectInfo&)>& visit) override;
  std::optional<ObjectInfo> head(const std::string& name) override;
  void remove(const std::string& name) override;
  std::string address() const override;
  ObjectVersions* versions() override { return inner_.versions(); }
  unsigned connections() const override { return inner_.connections(); }

private:
  struct State;
  template <class Call>
  auto pass(Verb verb, const std::string& name, Call&& call);

  ObjectStore& inner_;
  std::unique_ptr<State> state_;
};

} // namespace intendance::storage
