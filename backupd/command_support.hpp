// SPDX-License-Identifier: AGPL-3.0-or-later
// What the commands of backups share: which repository, with what keys, and how things are shown.
#pragma once

#include "backupd/config.hpp"
#include "backupd/progress_bar.hpp"
#include "backupd/repository/chunk_index.hpp"
#include "backupd/repository/repository.hpp"
#include "backupd/terminal.hpp"
#include "core/command.hpp"

#include <nlohmann/json_fwd.hpp>

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace intendance::backupd {

void register_archive_command(core::CommandLine& line);
void register_protection_commands(core::CommandLine& line);
void register_repository_commands(core::CommandLine& line);
void register_key_commands(core::CommandLine& line);
void register_revoke_command(core::CommandLine& line);
void register_recovery_command(core::CommandLine& line);
void register_backup_commands(core::CommandLine& line);
void register_listing_commands(core::CommandLine& line);
void register_restore_commands(core::CommandLine& line);
void register_maintenance_commands(core::CommandLine& line);
void register_repair_command(core::CommandLine& line);
void register_search_commands(core::CommandLine& line);
void register_export_commands(core::CommandLine& line);

// A command with the options by which a repository is chosen.
core::Command make_command(const std::string& name, const std::string& summary,
                           const std::string& arguments, const std::string& example,
                           core::ExitStatus (*run)(core::CommandContext&));

// Gives the command --nice, and has it run so; without that option as [backupd] says, or at full
// speed where somebody waits for what it does.
enum class Urgency { background, awaited };
void add_priority(core::Command& command, Urgency urgency);

// Of --repository and --keys, or of the configuration. Throws ConfigError.
RepositoryConfig chosen_repository(const core::CommandContext& context);
// What --limit-upload and --limit-download say, in place of what is there. Throws ConfigError.
void apply_limits(const core::CommandContext& context, storage::BandwidthLimits& limits);
// Where the newest trust object that this machine saw is remembered: in the state folder; on a
// machine of the moment there is none, and the path is empty.
std::filesystem::path trust_memory(const core::CommandContext& context);
// Which packs of the repository were read whole, and when; empty as above.
std::filesystem::path verify_memory(const core::CommandContext& context,
                                    const Repository& repository);
// Whether what is remembered here can be written.
bool has_state(const core::CommandContext& context);
Repository open_repository(const core::CommandContext& context, std::initializer_list<Role> roles);

// The index of a repository, up to date: kept in the state folder where there is one.
class OpenIndex {
public:
  OpenIndex(const core::CommandContext& context, const Repository& repository,
            std::vector<Finding>& findings);
  ChunkIndex& index() { return *index_; }

private:
  std::optional<core::TemporaryDirectory> temporary_;
  std::optional<ChunkIndex> index_;
};

// The same, and the snapshot that the command's argument names, looked for meanwhile.
class OpenSnapshot {
public:
  OpenSnapshot(const core::CommandContext& context, const Repository& repository,
               std::vector<Finding>& findings);
  ChunkIndex& index() { return index_->index(); }
  const Snapshot& snapshot() const { return *snapshot_; }

private:
  std::optional<OpenIndex> index_;
  std::optional<Snapshot> snapshot_;
};

// Says on stderr what is not as it should be; whether there was anything.
bool report(const core::CommandContext& context, const std::vector<Finding>& findings);
core::ExitStatus status_of(bool any_warning);

// "0", "30m", "12h", "7d"; nothing when the option is not given. Throws ConfigError.
std::optional<std::chrono::seconds> span_option(const core::CommandContext& context,
                                                const std::string& option);

std::string short_id(const SnapshotName& name);
std::string dumped(const nlohmann::json& json); // indented, foreign bytes made harmless

} // namespace intendance::backupd
