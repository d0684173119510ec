// SPDX-License-Identifier: AGPL-3.0-or-later
// What a restored file has besides its contents.
#pragma once

#include "backupd/engine/owner_map.hpp"
#include "backupd/engine/restore_problems.hpp"
#include "backupd/repository/manifest.hpp"

#include <sys/stat.h>

#include <string>
#include <vector>

namespace intendance::backupd {

struct Attributes {
  FileType type = FileType::file;
  std::uint32_t mode = 0; // permission bits, 07777
  Owner owner;
  FileTime modified;
  std::vector<ExtendedAttribute> extended;
};

Attributes attributes_of(const Entry& entry, Owner owner);

// What a new file may have that the snapshot does not know of.
enum class Foreign { none, access_lists, all };

// `descriptor` is open for reading or writing, or O_PATH for what is neither file nor folder;
// `now` is its status. Sets the times last; removes extended attributes (user.* and access lists)
// as `foreign` says. What cannot be set goes to `problems`; rights that would come to somebody
// else with the wrong owner (set-user-ID, capabilities) are not given.
void set_attributes(int descriptor, const struct stat& now, const std::string& path,
                    const Attributes& wanted, Foreign foreign, RestoreProblems& problems);

// Whether it has the type, mode, owner and time that are wanted, as far as this user can set them.
bool has_attributes(const struct stat& now, const Attributes& wanted);

FileTime modified_of(const struct stat& status);
mode_t type_bits(FileType type); // S_IFREG…

} // namespace intendance::backupd
