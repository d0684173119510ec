// SPDX-License-Identifier: AGPL-3.0-or-later
// One connection to an SFTP server, by libssh.
// https://datatracker.ietf.org/doc/html/draft-ietf-secsh-filexfer-02 (SFTP 3), and OpenSSH's
// PROTOCOL for its extensions.
#pragma once

#include "storage/sftp_store.hpp"

#include <optional>
#include <vector>

namespace intendance::storage {

// One thread at a time. Paths are the server's. Throws TransientError when the connection breaks or
// an answer is late, Cancelled soon after `stop`, AccessDenied for a host key or a login that is
// not accepted and for missing permission, Error for the rest; none names the object. After any of
// them the session is of no use.
class SftpSession {
public:
  SftpSession(const SftpPlace& place, const SftpIdentity& identity, const SftpPatience& patience,
              std::stop_token stop);
  SftpSession(SftpSession&&) = delete;
  ~SftpSession();

  enum class Kind { file, folder, other };
  struct Entry {
    std::string name; // without its folder
    Kind kind = Kind::other;
    std::uint64_t size = 0; // bytes
    core::TimePoint modified{};
  };
  std::optional<Entry> look(const std::string& path);    // at a link itself; absent: nullopt
  std::vector<Entry> entries(const std::string& folder); // absent: none

  // Fills `into`; CorruptData when the file ends before. Absent: false.
  bool read(const std::string& path, std::uint64_t offset, std::span<std::uint8_t> into);
  // A new file of its own, on the server's disk when it returns. False when its folder is missing.
  bool write(const std::string& path, const Content& content);

  enum class Naming { done, in_use, no_folder };
  // The file gets another name, which nobody else has.
  Naming rename(const std::string& from, const std::string& to);
  bool
  make_folder(const std::string& path); // there already: fine; false when that above is missing
  void sync_folder(const std::string& path); // where the server can
  void remove(const std::string& path);      // absent: fine

private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

} // namespace intendance::storage
