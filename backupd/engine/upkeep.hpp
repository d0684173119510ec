// SPDX-License-Identifier: AGPL-3.0-or-later
// What keeps a repository in order, as the commands and the hub's care both do it: forgetting by
// rules, pruning and verifying with a scratch folder, and how large everything is.
#pragma once

#include "backupd/engine/prune.hpp"
#include "backupd/engine/verify.hpp"
#include "backupd/schedule/retention.hpp"

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace intendance::backupd {

struct ForgetDecision {
  Snapshot snapshot;
  std::vector<std::string> reasons; // that keep it; none: it is forgotten
  bool is_kept() const { return !reasons.empty(); }
};

// What the rules say of `snapshots`, or of those of one job alone. Throws ConfigError for a policy
// that keeps nothing.
std::vector<ForgetDecision> decide(const KeepPolicy& policy, const std::vector<Snapshot>& snapshots,
                                   const std::optional<std::string>& job,
                                   const core::TimeZone& zone, core::TimePoint now);

// Removes those that nothing keeps; how many. What only they needed goes with the next prune.
std::uint64_t forget(const Repository& repository, const std::vector<ForgetDecision>& decisions);

// Removes an object "snapshots/…" that is no readable snapshot, and because of which nothing can be
// pruned. Throws ConfigError for any other.
void forget_damaged(const Repository& repository, const std::string& object);

// prune() and verify() with what they need of a disk in `scratch`, a folder that is there and, for
// prune(), a place for an index of 24 bytes a chunk and packs that are being rewritten.
PruneReport prune_in(const std::filesystem::path& scratch, const Repository& repository,
                     PruneOptions options, std::stop_token stop, WorkCounters* work = nullptr);
VerifyReport verify_in(const std::filesystem::path& scratch, const Repository& repository,
                       const VerifyOptions& options, std::stop_token stop,
                       WorkCounters* work = nullptr);

// The keys that each needs, the one that knows less first where it makes no difference.
inline constexpr std::initializer_list<Role> roles_to_maintain = {Role::maintainer, Role::reader};
// With a reader's key, verify() names files.
inline constexpr std::initializer_list<Role> roles_to_verify = {Role::reader, Role::maintainer};

// Which packs of the repository were read whole is remembered there, by the repository's own id:
// what it is called here, and where it lies, may change.
std::filesystem::path verify_ledger_file(const std::filesystem::path& state,
                                         const Repository& repository);

// Different objects that something is wrong with.
std::uint64_t count_objects(const std::vector<Finding>& findings);
// Different files of any snapshot that it costs; nothing where no key says.
std::optional<std::uint64_t> count_lost_files(const VerifyReport& report);

struct RepositorySize {
  std::uint64_t snapshots = 0, packs = 0;
  std::uint64_t bytes = 0; // of all objects
};
RepositorySize measure(const Repository& repository);

} // namespace intendance::backupd
