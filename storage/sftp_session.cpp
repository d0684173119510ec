// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/sftp_session.hpp"

#include "core/lazy_library.hpp"
#include "storage/ssh_session.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <libssh/sftp.h>

#include <algorithm>
#include <deque>

namespace intendance::storage {

namespace {

using core::LazyFunction;

core::LazyLibrary libssh{"libssh.so.4", "libssh-4"};
const LazyFunction<decltype(::sftp_async_read)> sftp_async_read{libssh, "sftp_async_read"};
const LazyFunction<decltype(::sftp_async_read_begin)> sftp_async_read_begin{
    libssh, "sftp_async_read_begin"};
const LazyFunction<decltype(::sftp_attributes_free)> sftp_attributes_free{libssh,
                                                                          "sftp_attributes_free"};
const LazyFunction<decltype(::sftp_close)> sftp_close{libssh, "sftp_close"};
const LazyFunction<decltype(::sftp_closedir)> sftp_closedir{libssh, "sftp_closedir"};
const LazyFunction<decltype(::sftp_dir_eof)> sftp_dir_eof{libssh, "sftp_dir_eof"};
const LazyFunction<decltype(::sftp_extension_supported)> sftp_extension_supported{
    libssh, "sftp_extension_supported"};
const LazyFunction<decltype(::sftp_free)> sftp_free{libssh, "sftp_free"};
const LazyFunction<decltype(::sftp_fsync)> sftp_fsync{libssh, "sftp_fsync"};
const LazyFunction<decltype(::sftp_get_error)> sftp_get_error{libssh, "sftp_get_error"};
const LazyFunction<decltype(::sftp_init)> sftp_init{libssh, "sftp_init"};
const LazyFunction<decltype(::sftp_lstat)> sftp_lstat{libssh, "sftp_lstat"};
const LazyFunction<decltype(::sftp_mkdir)> sftp_mkdir{libssh, "sftp_mkdir"};
const LazyFunction<decltype(::sftp_new)> sftp_new{libssh, "sftp_new"};
const LazyFunction<decltype(::sftp_open)> sftp_open{libssh, "sftp_open"};
const LazyFunction<decltype(::sftp_opendir)> sftp_opendir{libssh, "sftp_opendir"};
const LazyFunction<decltype(::sftp_read)> sftp_read{libssh, "sftp_read"};
const LazyFunction<decltype(::sftp_readdir)> sftp_readdir{libssh, "sftp_readdir"};
const LazyFunction<decltype(::sftp_rename)> sftp_rename{libssh, "sftp_rename"};
const LazyFunction<decltype(::sftp_seek64)> sftp_seek64{libssh, "sftp_seek64"};
const LazyFunction<decltype(::sftp_statvfs)> sftp_statvfs{libssh, "sftp_statvfs"};
const LazyFunction<decltype(::sftp_statvfs_free)> sftp_statvfs_free{libssh, "sftp_statvfs_free"};
const LazyFunction<decltype(::sftp_unlink)> sftp_unlink{libssh, "sftp_unlink"};
const LazyFunction<decltype(::sftp_write)> sftp_write{libssh, "sftp_write"};
const LazyFunction<decltype(::ssh_channel_is_closed)> ssh_channel_is_closed{
    libssh, "ssh_channel_is_closed"};
const LazyFunction<decltype(::ssh_channel_is_eof)> ssh_channel_is_eof{libssh, "ssh_channel_is_eof"};
const LazyFunction<decltype(::ssh_version)> ssh_version{libssh, "ssh_version"};
// From libssh 0.11 on, which renames over what is there.
const LazyFunction<int(sftp_session, const char*, const char*)> sftp_hardlink{libssh,
                                                                              "sftp_hardlink"};

using Sftp = core::Handle<sftp_session_struct, [](sftp_session each) { sftp_free(each); }>;
using Attributes =
    core::Handle<sftp_attributes_struct, [](sftp_attributes each) { sftp_attributes_free(each); }>;
using Room =
    core::Handle<sftp_statvfs_struct, [](sftp_statvfs_t each) { sftp_statvfs_free(each); }>;

constexpr std::chrono::milliseconds goodbye{5'000}; // for what is closed because it failed

// To close what is open at the server is a request like others: it must not wait for ever.
struct Closing {
  WatchedSocket* socket;
  void operator()(sftp_file file) const noexcept {
    const WatchedSocket::Period period(*socket, goodbye);
    sftp_close(file);
  }
  void operator()(sftp_dir folder) const noexcept {
    const WatchedSocket::Period period(*socket, goodbye);
    sftp_closedir(folder);
  }
};
using File = std::unique_ptr<sftp_file_struct, Closing>;
using Folder = std::unique_ptr<sftp_dir_struct, Closing>;

// What any server must take and give in one request; OpenSSH's takes nearly 256 KiB, and as libssh
// waits for the answer to each write, larger ones are faster on a long way.
constexpr std::size_t block_size = std::size_t{32} << 10;
constexpr std::size_t openssh_block_size = std::size_t{240} << 10;
constexpr std::size_t reads_at_once = 64;

std::string human(std::uint64_t bytes) {
  return bytes < 10'000'000 ? fmt::format("{} kB", bytes / 1000)
                            : fmt::format("{} MB", bytes / 1'000'000);
}

} // namespace

class SftpSession::Implementation {
  template <class Call>
  auto within(Call&& call) {
    return ssh_.within(patience_.answer, std::forward<Call>(call));
  }

public:
  Implementation(const SftpPlace& place, const SftpIdentity& identity, const SftpPatience& patience,
                 std::stop_token stop)
      : place_(place), patience_(patience), ssh_(place, identity, patience, std::move(stop)) {
    sftp_.reset(within([&] { return sftp_new(ssh_.handle()); }));
    if (sftp_ && within([&] { return sftp_init(sftp_.get()); }) == SSH_OK) return;
    close();
    ssh_.want_answer();
    if (!ssh_.is_connected()) throw core::TransientError("the connection broke: " + ssh_.reason());
    throw core::Error("the server lets us in and offers no SFTP (" + ssh_.reason() +
                      "): its configuration, or the key's line in authorized_keys, allows "
                      "something else");
  }
  ~Implementation() { close(); }

  std::optional<Entry> look(const std::string& path) {
    const Attributes found(within([&] { return sftp_lstat(sftp_.get(), path.c_str()); }));
    if (found) return entry_of(*found);
    if (!says_absent()) fail("cannot look at it");
    return std::nullopt;
  }

  std::vector<Entry> entries(const std::string& path) {
    const Folder folder(within([&] { return sftp_opendir(sftp_.get(), path.c_str()); }),
                        Closing{&ssh_.socket()});
    if (!folder && says_absent()) return {};
    if (!folder) fail("cannot open folder " + path);
    std::vector<Entry> found;
    while (const Attributes each{within([&] { return sftp_readdir(sftp_.get(), folder.get()); })}) {
      found.push_back(entry_of(*each));
      found.back().name = each->name;
    }
    if (sftp_dir_eof(folder.get()) == 0) fail("cannot list folder " + path);
    return found;
  }

  bool read(const std::string& path, std::uint64_t offset, std::span<std::uint8_t> into) {
    const auto file = open(path, O_RDONLY);
    if (!file && says_absent()) return false;
    if (!file) fail("cannot open it");
    // A part that comes shorter than asked for, which a server may do, is read again at the end.
    struct Part {
      std::size_t at, size;
      int request;
    };
    std::deque<Part> asked, cut;
    for (std::size_t next = 0; next < into.size() || !asked.empty();) {
      if (next < into.size() && asked.size() < reads_at_once) {
        const auto size = std::min(block_size, into.size() - next);
        asked.push_back({next, size, begin_read(file.get(), offset + next, size)});
        next += size;
        continue;
      }
      const auto part = asked.front();
      asked.pop_front();
      const auto got = end_read(file.get(), into.subspan(part.at, part.size), part.request);
      if (got < part.size) cut.push_back({part.at + got, part.size - got, 0});
    }
    for (const auto& part : cut)
      read_again(file.get(), offset + part.at, into.subspan(part.at, part.size));
    return true;
  }

  bool write(const std::string& path, const Content& content) {
    auto file = open(path, O_WRONLY | O_CREAT | O_EXCL);
    if (!file && says_absent()) return false;
    if (!file) fail_to_store("cannot write " + path);
    const auto most = ssh_.is_openssh() ? openssh_block_size : block_size;
    core::Buffer block;
    for (std::uint64_t offset = 0; offset < content.size(); offset += block.size()) {
      block.resize(std::min<std::uint64_t>(most, content.size() - offset));
      content.read(offset, block);
      const auto done = within([&] { return sftp_write(file.get(), block.data(), block.size()); });
      if (done != static_cast<ssize_t>(block.size())) fail_to_store("cannot write it");
    }
    if (offers_sync() && sync(file.get()) != SSH_OK) fail_to_store("cannot sync it");
    if (ssh_.within(patience_.flush, [&] { return sftp_close(file.release()); }) != SSH_OK)
      fail_to_store("cannot write it");
    return true;
  }

  Naming rename(const std::string& from, const std::string& to) {
    if (within([&] { return give_name(from.c_str(), to.c_str()); }) == SSH_OK) return Naming::done;
    if (says_absent()) return Naming::no_folder;
    if (!says_failure()) fail("cannot name it");
    if (look(to)) return Naming::in_use;
    fail_to_store("cannot name it");
  }

  bool make_folder(const std::string& path) {
    if (within([&] { return sftp_mkdir(sftp_.get(), path.c_str(), 0700); }) == SSH_OK) return true;
    if (is_broken()) fail("cannot make folder " + path);
    const int code = sftp_get_error(sftp_.get());
    if (code == SSH_FX_FILE_ALREADY_EXISTS) return true;
    if (says_absent()) return false;
    fail_to_store("cannot make folder " + path);
  }

  void sync_folder(const std::string& path) {
    if (!offers_sync()) return;
    const auto folder = open(path, O_RDONLY);
    if (folder && sync(folder.get()) == SSH_OK) return;
    if (is_broken()) fail("cannot sync folder " + path);
    // Not every server opens a folder, nor every file system syncs one (EINVAL, ENOSYS); it is
    // their own affair then when names are on the disk.
    const int code = sftp_get_error(sftp_.get());
    if (folder && code != SSH_FX_BAD_MESSAGE && code != SSH_FX_OP_UNSUPPORTED)
      fail_to_store("cannot sync folder " + path);
  }

  void remove(const std::string& path) {
    if (within([&] { return sftp_unlink(sftp_.get(), path.c_str()); }) != SSH_OK && !says_absent())
      fail("cannot remove it");
  }

private:
  void close() noexcept {
    const WatchedSocket::Period period(ssh_.socket(), goodbye);
    sftp_.reset();
  }

  File open(const std::string& path, int flags) {
    return {within([&] { return sftp_open(sftp_.get(), path.c_str(), flags, 0600); }),
            Closing{&ssh_.socket()}};
  }

  int begin_read(sftp_file file, std::uint64_t offset, std::size_t size) {
    const int request = within([&] {
      sftp_seek64(file, offset);
      return sftp_async_read_begin(file, static_cast<std::uint32_t>(size));
    });
    if (request < 0) fail("cannot read it");
    return request;
  }

  std::size_t end_read(sftp_file file, std::span<std::uint8_t> into, int request) {
    const int got = within([&] {
      return sftp_async_read(file, into.data(), static_cast<std::uint32_t>(into.size()),
                             static_cast<std::uint32_t>(request));
    });
    return checked(got);
  }

  void read_again(sftp_file file, std::uint64_t offset, std::span<std::uint8_t> into) {
    sftp_seek64(file, offset);
    while (!into.empty()) {
      const auto got = within([&] { return sftp_read(file, into.data(), into.size()); });
      into = into.subspan(checked(got));
    }
  }

  std::size_t checked(ssize_t got) {
    if (got < 0) fail("cannot read it");
    if (got == 0) throw core::CorruptData("became shorter while it was being read");
    return static_cast<std::size_t>(got);
  }

  bool offers(const char* extension, const char* version) {
    return sftp_extension_supported(sftp_.get(), extension, version) != 0;
  }

  bool offers_sync() { return offers("fsync@openssh.com", "1"); }
  int sync(sftp_file file) {
    return ssh_.within(patience_.flush, [&] { return sftp_fsync(file); });
  }

  int give_name(const char* from, const char* to) {
    const bool renames_over = ssh_version(SSH_VERSION_INT(0, 11, 0)) != nullptr;
    if (!renames_over || !offers("hardlink@openssh.com", "1"))
      return sftp_rename(sftp_.get(), from, to);
    const int done = sftp_hardlink(sftp_.get(), from, to);
    if (done == SSH_OK) (void)sftp_unlink(sftp_.get(), from);
    return done;
  }

  static Entry entry_of(const sftp_attributes_struct& attributes) {
    Entry entry;
    if (attributes.type == SSH_FILEXFER_TYPE_REGULAR) entry.kind = Kind::file;
    if (attributes.type == SSH_FILEXFER_TYPE_DIRECTORY) entry.kind = Kind::folder;
    if (entry.kind == Kind::file && (attributes.flags & SSH_FILEXFER_ATTR_SIZE) == 0)
      throw core::CorruptData("the server does not say how long a file is");
    entry.size = attributes.size;
    entry.modified = core::TimePoint(std::chrono::seconds(attributes.mtime));
    return entry;
  }

  bool is_broken() {
    return ssh_.is_broken() || ssh_channel_is_closed(sftp_->channel) != 0 ||
           ssh_channel_is_eof(sftp_->channel) != 0;
  }
  // Of the last answer.
  bool says_absent() {
    const int code = sftp_get_error(sftp_.get());
    return !is_broken() && (code == SSH_FX_NO_SUCH_FILE || code == SSH_FX_NO_SUCH_PATH);
  }
  bool says_failure() { return !is_broken() && sftp_get_error(sftp_.get()) == SSH_FX_FAILURE; }

  [[noreturn]] void fail(const std::string& doing) {
    ssh_.want_answer();
    const auto reason = ssh_.reason();
    if (is_broken()) throw core::TransientError(doing + ": the connection broke: " + reason);
    switch (sftp_get_error(sftp_.get())) {
    case SSH_FX_PERMISSION_DENIED:
    case SSH_FX_WRITE_PROTECT:
      throw core::AccessDenied(doing + ": the server denies this account the permission");
    case SSH_FX_NO_CONNECTION:
    case SSH_FX_CONNECTION_LOST: throw core::TransientError(doing + ": " + reason);
    default: throw core::Error(doing + ": " + reason);
    }
  }

  // A disk without room is a mere failure to SFTP 3.
  [[noreturn]] void fail_to_store(const std::string& doing) {
    if (!says_failure()) fail(doing);
    throw core::Error(fmt::format("{}: {}; its disk or this account's quota may be full{}", doing,
                                  ssh_.reason(), free_room()));
  }

  std::string free_room() {
    if (!offers("statvfs@openssh.com", "2")) return "";
    const Room room(within([&] { return sftp_statvfs(sftp_.get(), place_.folder.c_str()); }));
    if (!room) return "";
    return fmt::format(" ({} of {} are free)", human(room->f_bavail * room->f_frsize),
                       human(room->f_blocks * room->f_frsize));
  }

  const SftpPlace& place_;
  const SftpPatience& patience_;
  SshSession ssh_;
  Sftp sftp_;
};

SftpSession::SftpSession(const SftpPlace& place, const SftpIdentity& identity,
                         const SftpPatience& patience, std::stop_token stop)
    : implementation_(
          std::make_unique<Implementation>(place, identity, patience, std::move(stop))) {}
SftpSession::~SftpSession() = default;

std::optional<SftpSession::Entry> SftpSession::look(const std::string& path) {
  return implementation_->look(path);
}
std::vector<SftpSession::Entry> SftpSession::entries(const std::string& folder) {
  return implementation_->entries(folder);
}
bool SftpSession::read(const std::string& path, std::uint64_t offset,
                       std::span<std::uint8_t> into) {
  return implementation_->read(path, offset, into);
}
bool SftpSession::write(const std::string& path, const Content& content) {
  return implementation_->write(path, content);
}
SftpSession::Naming SftpSession::rename(const std::string& from, const std::string& to) {
  return implementation_->rename(from, to);
}
bool SftpSession::make_folder(const std::string& path) {
  return implementation_->make_folder(path);
}
void SftpSession::sync_folder(const std::string& path) { implementation_->sync_folder(path); }
void SftpSession::remove(const std::string& path) { implementation_->remove(path); }

} // namespace intendance::storage
