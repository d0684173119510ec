// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/ssh_session.hpp"

#include "core/lazy_library.hpp"
#include "storage/sftp_answers.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <libssh/libssh.h>
#include <unistd.h>

#include <algorithm>

namespace intendance::storage {

namespace {

using core::LazyFunction;

core::LazyLibrary libssh{"libssh.so.4", "libssh-4"};
const LazyFunction<decltype(::ssh_clean_pubkey_hash)> ssh_clean_pubkey_hash{
    libssh, "ssh_clean_pubkey_hash"};
const LazyFunction<decltype(::ssh_connect)> ssh_connect{libssh, "ssh_connect"};
const LazyFunction<decltype(::ssh_disconnect)> ssh_disconnect{libssh, "ssh_disconnect"};
const LazyFunction<decltype(::ssh_free)> ssh_free{libssh, "ssh_free"};
const LazyFunction<decltype(::ssh_get_error)> ssh_get_error{libssh, "ssh_get_error"};
const LazyFunction<decltype(::ssh_get_error_code)> ssh_get_error_code{libssh, "ssh_get_error_code"};
const LazyFunction<decltype(::ssh_get_fingerprint_hash)> ssh_get_fingerprint_hash{
    libssh, "ssh_get_fingerprint_hash"};
const LazyFunction<decltype(::ssh_get_openssh_version)> ssh_get_openssh_version{
    libssh, "ssh_get_openssh_version"};
const LazyFunction<decltype(::ssh_get_publickey_hash)> ssh_get_publickey_hash{
    libssh, "ssh_get_publickey_hash"};
const LazyFunction<decltype(::ssh_get_server_publickey)> ssh_get_server_publickey{
    libssh, "ssh_get_server_publickey"};
const LazyFunction<decltype(::ssh_is_connected)> ssh_is_connected{libssh, "ssh_is_connected"};
const LazyFunction<decltype(::ssh_key_free)> ssh_key_free{libssh, "ssh_key_free"};
const LazyFunction<decltype(::ssh_key_type)> ssh_key_type{libssh, "ssh_key_type"};
const LazyFunction<decltype(::ssh_key_type_to_char)> ssh_key_type_to_char{libssh,
                                                                          "ssh_key_type_to_char"};
const LazyFunction<decltype(::ssh_new)> ssh_new{libssh, "ssh_new"};
const LazyFunction<decltype(::ssh_options_set)> ssh_options_set{libssh, "ssh_options_set"};
const LazyFunction<decltype(::ssh_pki_import_privkey_base64)> ssh_pki_import_privkey_base64{
    libssh, "ssh_pki_import_privkey_base64"};
const LazyFunction<decltype(::ssh_session_is_known_server)> ssh_session_is_known_server{
    libssh, "ssh_session_is_known_server"};
const LazyFunction<decltype(::ssh_string_free_char)> ssh_string_free_char{libssh,
                                                                          "ssh_string_free_char"};
const LazyFunction<decltype(::ssh_userauth_publickey)> ssh_userauth_publickey{
    libssh, "ssh_userauth_publickey"};

using Text = core::Handle<char, [](char* each) { ssh_string_free_char(each); }>;

constexpr std::chrono::milliseconds goodbye{5'000};

// libssh replaces %d, %h and others in a path.
std::string without_escapes(const std::filesystem::path& path) {
  std::string text;
  for (const char each : path.string()) text.append(each == '%' ? 2 : 1, each);
  return text;
}

// C's strings end with a zero.
core::SecretBytes with_end(const core::SecretBytes& text) {
  core::SecretBytes longer(text.size() + 1);
  std::copy(text.view().begin(), text.view().end(), longer.writable().begin());
  return longer;
}

} // namespace

void SshSession::free_key(ssh_key_struct* key) noexcept { ssh_key_free(key); }
void SshSession::free_session(ssh_session_struct* session) noexcept { ssh_free(session); }

SshSession::Key SshSession::key_of(const SftpIdentity& identity) {
  const auto text = with_end(identity.private_key), passphrase = with_end(identity.passphrase);
  const auto begin = [](const core::SecretBytes& bytes) {
    return reinterpret_cast<const char*>(bytes.view().data());
  };
  ssh_key key = nullptr;
  // Without any passphrase OpenSSL would ask for one on the terminal.
  if (ssh_pki_import_privkey_base64(begin(text), begin(passphrase), nullptr, nullptr, &key) !=
      SSH_OK) {
    throw core::ConfigError(
        identity.private_key_file.string() +
        ": is no private key that libssh reads, or its passphrase is missing or wrong");
  }
  return Key(key);
}

SshSession::SshSession(const SftpPlace& place, const SftpIdentity& identity,
                       const SftpPatience& patience, std::stop_token stop)
    : place_(place), identity_(identity), patience_(patience), key_(key_of(identity)),
      socket_(place.host, place.port, patience.connect, std::move(stop)), session_(ssh_new()) {
  if (!session_) throw core::Error("libssh: no memory for a connection");
  configure();
  connect();
  check_host_key();
  log_in();
}

SshSession::~SshSession() {
  within(goodbye, [&] { ssh_disconnect(session_.get()); });
}

template <class Value>
void SshSession::set(int option, const Value& value) {
  const void* pointer = &value;
  if constexpr (std::is_same_v<Value, std::string>) pointer = value.c_str();
  if (ssh_options_set(session_.get(), static_cast<ssh_options_e>(option), pointer) != SSH_OK)
    throw core::ConfigError(place_.address + ": " + reason());
}

void SshSession::configure() {
  set(SSH_OPTIONS_PROCESS_CONFIG, false);
  set(SSH_OPTIONS_SSH_DIR, without_escapes(identity_.known_hosts_file.parent_path()));
  set(SSH_OPTIONS_KNOWNHOSTS, without_escapes(identity_.known_hosts_file));
  set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, without_escapes(identity_.known_hosts_file));
  set(SSH_OPTIONS_HOST, place_.host);
  set(SSH_OPTIONS_PORT, static_cast<unsigned>(place_.port));
  if (!place_.user.empty()) set(SSH_OPTIONS_USER, place_.user);
  // The watched socket ends what lasts too long; libssh only must not be less patient.
  set(SSH_OPTIONS_TIMEOUT, static_cast<long>(patience_.connect.count() / 1000 + 1));
}

void SshSession::connect() {
  const int twin = ::fcntl(socket_.descriptor(), F_DUPFD_CLOEXEC, 0); // which libssh closes
  if (twin < 0) core::throw_errno("cannot connect to " + place_.host);
  set(SSH_OPTIONS_FD, twin);
  if (within(patience_.connect, [&] { return ssh_connect(session_.get()); }) == SSH_OK) return;
  want_answer();
  const auto message =
      fmt::format("cannot talk SSH with {}, port {}: {}", place_.host, place_.port, reason());
  if (message.find("no match for method") != std::string::npos)
    throw core::Error(message + "; the server's SSH is too old for ours, or too new");
  throw core::TransientError(message);
}

void SshSession::check_host_key() {
  const auto refuse = [&](HostKey key) {
    throw core::AccessDenied(
        host_key_refusal(key, place_, identity_.known_hosts_file, shown_key()));
  };
  switch (ssh_session_is_known_server(session_.get())) {
  case SSH_KNOWN_HOSTS_OK: return;
  case SSH_KNOWN_HOSTS_CHANGED: return refuse(HostKey::changed);
  case SSH_KNOWN_HOSTS_OTHER: return refuse(HostKey::of_another_kind);
  case SSH_KNOWN_HOSTS_UNKNOWN: // also of a file that cannot be read
  case SSH_KNOWN_HOSTS_NOT_FOUND:
    return refuse(::access(identity_.known_hosts_file.c_str(), R_OK) == 0 ? HostKey::unknown
                                                                          : HostKey::no_file);
  case SSH_KNOWN_HOSTS_ERROR: break;
  }
  throw core::AccessDenied("cannot check the host key: " + reason());
}

// "ssh-ed25519 SHA256:…"
std::string SshSession::shown_key() {
  ssh_key key = nullptr;
  if (ssh_get_server_publickey(session_.get(), &key) != SSH_OK) return "none";
  const Key owned(key);
  unsigned char* hash = nullptr;
  std::size_t size = 0;
  if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &size) != SSH_OK) return "none";
  const Text text(ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size));
  ssh_clean_pubkey_hash(&hash);
  return fmt::format("{} {}", ssh_key_type_to_char(ssh_key_type(key)), text ? text.get() : "");
}

void SshSession::log_in() {
  const int verdict = within(patience_.connect, [&] {
    return ssh_userauth_publickey(session_.get(), nullptr, key_.get());
  });
  if (verdict == SSH_AUTH_SUCCESS) return;
  want_answer();
  const auto who = place_.user.empty() ? std::string("this user") : place_.user;
  if (verdict == SSH_AUTH_DENIED) {
    throw core::AccessDenied(
        fmt::format("the server does not accept the key {} for {}: its public half must stand in "
                    "that account's authorized_keys, and be allowed from here",
                    identity_.private_key_file.string(), who));
  }
  if (verdict == SSH_AUTH_PARTIAL) {
    throw core::AccessDenied(
        fmt::format("the server accepts the key and wants a second factor of {}: ask for an "
                    "account, or a server, that is meant for machines",
                    who));
  }
  throw core::TransientError("cannot log in: " + reason());
}

bool SshSession::is_connected() const { return ssh_is_connected(session_.get()) != 0; }

bool SshSession::is_broken() const {
  return socket_.stopped() || socket_.expired() || !is_connected() ||
         ssh_get_error_code(session_.get()) == SSH_FATAL;
}

bool SshSession::is_openssh() const { return ssh_get_openssh_version(session_.get()) != 0; }

std::string SshSession::reason() const { return ssh_get_error(session_.get()); }

void SshSession::want_answer() const {
  if (socket_.stopped()) throw core::Cancelled("stopped as asked");
  if (socket_.expired()) throw core::TransientError("the server no longer answers");
}

} // namespace intendance::storage
