// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/commands.hpp"

#include "backupd/command_support.hpp"

namespace intendance::backupd {

void register_commands(core::CommandLine& line) {
  register_repository_commands(line);
  register_protection_commands(line);
  register_archive_command(line);
  register_key_commands(line);
  register_revoke_command(line);
  register_recovery_command(line);
  register_backup_commands(line);
  register_listing_commands(line);
  register_search_commands(line);
  register_restore_commands(line);
  register_maintenance_commands(line);
  register_repair_command(line);
  register_export_commands(line);
}

} // namespace intendance::backupd
