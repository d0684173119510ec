// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/key_change.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace intendance::backupd {

KeyChange begin_key_change(const core::CommandContext& context) {
  const auto chosen = chosen_repository(context);
  const KeyFolder keys(chosen.keys);
  auto owner = keys.owner();
  auto reader = keys.reader();
  if (!owner || !reader) {
    throw core::ConfigError(fmt::format(
        "{} holds no {}; who is trusted changes with both: owner.key signs, reader.key knows the "
        "secrets that are sealed to everybody anew",
        keys.path().string(), owner ? "reader.key" : "owner.key"));
  }
  auto store = open_store(chosen, context.stop());
  return core::with_context("opening " + store->address(), [&] {
    const auto memory = trust_memory(context);
    auto trust = find_trust(*store, keys.owner_public(), memory);
    if (owner->public_key() != keys.owner_public()) {
      throw core::ConfigError("owner.key and owner.pub of " + keys.path().string() +
                              " are not of one owner");
    }
    report(context, trust.findings);
    auto secrets = open_reader_secrets(trust.document, *reader);
    auto next = next_version(trust, core::system_clock().now());
    return KeyChange{std::move(store),   memory,           std::move(*owner),
                     std::move(*reader), std::move(trust), std::move(secrets),
                     std::move(next)};
  });
}

namespace {

// Those that were not said at the beginning.
std::vector<Finding> new_findings(const std::vector<Finding>& before,
                                  const std::vector<Finding>& now) {
  std::vector<Finding> added;
  for (const auto& each : now) {
    if (std::find(before.begin(), before.end(), each) == before.end()) added.push_back(each);
  }
  return added;
}

} // namespace

void finish_key_change(const core::CommandContext& context, KeyChange& change) {
  seal_secrets(change.next, change.secrets);
  const auto stored = store_trust(*change.store, change.next, change.owner, change.reader);
  const auto now = core::with_context(
      fmt::format("trust object {} is stored, and nobody knows yet whether it is in force "
                  "(intendance repository info shows it)",
                  change.next.version),
      [&] { return find_trust(*change.store, change.owner.public_key(), change.memory); });
  const auto added = new_findings(change.trust.findings, now.findings);
  if (now.digest != stored) {
    if (!added.empty())
      throw core::Error(fmt::format("trust object {} was stored and is not in force: {}: {}",
                                    change.next.version, added.back().object,
                                    added.back().message));
    throw core::Error(
        fmt::format("trust object {} was stored, but another one ({}) is in force: somebody else "
                    "changed who is trusted at the same time; look with intendance "
                    "repository info",
                    change.next.version, now.document.version));
  }
  report(context, added);
  change.trust.findings.insert(change.trust.findings.end(), added.begin(), added.end());
}

} // namespace intendance::backupd
