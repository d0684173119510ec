// SPDX-License-Identifier: AGPL-3.0-or-later
// A login on an SSH server, by libssh; what is said through it is sftp_session.cpp's.
#pragma once

#include "core/error.hpp"
#include "core/handle.hpp"
#include "storage/sftp_store.hpp"
#include "storage/watched_socket.hpp"

#include <string>
#include <utility>

struct ssh_key_struct;     // libssh's
struct ssh_session_struct; // libssh's

namespace intendance::storage {

// One thread at a time. Only the given key and the given file of host keys count: nothing of ~/.ssh
// and /etc/ssh, no agent, no password.
class SshSession {
public:
  // Throws ConfigError for a private key that cannot be used, AccessDenied for a host key or a
  // login that is not accepted, TransientError or Cancelled for the rest. All must outlive it.
  SshSession(const SftpPlace& place, const SftpIdentity& identity, const SftpPatience& patience,
             std::stop_token stop);
  SshSession(SshSession&&) = delete;
  ~SshSession();

  ssh_session_struct* handle() const { return session_.get(); }
  WatchedSocket& socket() { return socket_; }
  // A call of libssh that may wait: cut off after that time.
  template <class Call>
  auto within(std::chrono::milliseconds patience, Call&& call) {
    const WatchedSocket::Period period(socket_, patience);
    return std::forward<Call>(call)();
  }

  bool is_connected() const;
  bool is_broken() const; // of no use any more
  bool is_openssh() const;
  std::string reason() const; // of the last failure, in libssh's words
  // Throws Cancelled or TransientError when that is why a call failed.
  void want_answer() const;

private:
  static void free_key(ssh_key_struct* key) noexcept;
  static void free_session(ssh_session_struct* session) noexcept;
  using Key = core::Handle<ssh_key_struct, free_key>;

  static Key key_of(const SftpIdentity& identity);
  template <class Value>
  void set(int option, const Value& value);
  void configure();
  void connect();
  void check_host_key();
  std::string shown_key();
  void log_in();

  const SftpPlace& place_;
  const SftpIdentity& identity_;
  const SftpPatience& patience_;
  const Key key_;
  WatchedSocket socket_;
  core::Handle<ssh_session_struct, free_session> session_;
};

} // namespace intendance::storage
