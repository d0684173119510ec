// SPDX-License-Identifier: AGPL-3.0-or-later
// Objects as files in a folder of an SFTP server, OpenSSH's above all.
#pragma once

#include "storage/credentials.hpp"
#include "storage/object_store.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

namespace intendance::storage {

struct SftpPlace {
  std::string user; // empty: of this process's name
  std::string host;
  std::uint16_t port = 22;
  std::string folder;  // "/nearline/lab", or "lab" beneath the folder in which a login begins
  std::string address; // as it was given

  // "sftp://[USER@]HOST[:PORT]/FOLDER", or "/~/FOLDER" for the second kind. Throws ConfigError.
  static SftpPlace parse(const std::string& url);
};

struct SftpPatience {
  std::chrono::milliseconds connect{30'000};
  std::chrono::milliseconds answer{60'000};
  std::chrono::milliseconds flush{300'000}; // for all that was written to be on the server's disk
};

// A put writes beneath ".incoming", syncs where the server can, and names: objects appear whole or
// not at all, and a name in use is never written over where the server renames as SFTP 3 says.
// Nothing is tried again here: see retrying_store.hpp. Each thread borrows a connection for a call,
// and they are kept; one that broke is thrown away together with those that waited.
//
// On nearline, where a file goes to tape after a while, each read may wait for a robot longer than
// SftpPatience allows, and files are counted: it takes archives, few and large, and no repository.
std::unique_ptr<ObjectStore> open_sftp_store(SftpPlace place, SftpIdentity identity,
                                             const SftpPatience& patience = {},
                                             std::stop_token stop = {});

} // namespace intendance::storage
