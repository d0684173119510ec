// SPDX-License-Identifier: AGPL-3.0-or-later
// Addresses of SFTP servers, and what to say of their host keys; without a server.
#pragma once

#include "storage/sftp_store.hpp"

#include <filesystem>
#include <string>

namespace intendance::storage {

enum class HostKey { unknown, changed, of_another_kind, no_file };

// One sentence on what is wrong and what to do. `shown` is what the server shows now:
// "ssh-ed25519 SHA256:…".
std::string host_key_refusal(HostKey key, const SftpPlace& place,
                             const std::filesystem::path& known_hosts, const std::string& shown);

} // namespace intendance::storage
