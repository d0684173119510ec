// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/sftp_store.hpp"

#include "core/crypto.hpp"
#include "core/error.hpp"
#include "core/synchronized.hpp"
#include "storage/sftp_session.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

namespace intendance::storage {

namespace {

constexpr unsigned most_connections =
    4;                                 // of one program: sshd drops some of ten that begin at once
constexpr unsigned deepest = 32;       // folders; no store has so many, save one that makes them up
constexpr std::size_t random_size = 8; // bytes of a temporary name
constexpr std::chrono::hours forgotten{24};

class SftpStore final : public ObjectStore {
public:
  SftpStore(SftpPlace place, SftpIdentity identity, const SftpPatience& patience,
            std::stop_token stop)
      : place_(std::move(place)), identity_(std::move(identity)), patience_(patience),
        stop_(std::move(stop)), incoming_(place_.folder + "/.incoming") {}

  using ObjectStore::put;
  void put(const std::string& name, const Content& content) override {
    const auto path = path_of(name);
    on("storing " + name + " in " + address(), [&](SftpSession& session) {
      if (session.look(path)) throw core::Error("there is an object of that name");
      Incoming file(session, incoming_ + "/" + core::to_hex(core::random_bytes(random_size)));
      if (!session.write(file.path(), content)) {
        make_folders(session, incoming_);
        if (!session.write(file.path(), content))
          throw core::Error("cannot write in " + incoming_ + ": the folder has vanished");
      }
      if (!leftovers_removed_.exchange(true)) remove_leftovers(session, file.path());
      file.rename(path);
      session.sync_folder(folder_of(path));
    });
  }

  std::optional<core::Buffer> get(const std::string& name, std::uint64_t most) override {
    core::Buffer bytes;
    const bool there = on_object(name, [&](SftpSession& session, const SftpSession::Entry& entry) {
      if (entry.size > most) throw core::CorruptData("is longer than it may be");
      bytes.resize(entry.size);
      return bytes.empty() || session.read(path_of(name), 0, bytes);
    });
    if (!there) return std::nullopt;
    return bytes;
  }

  bool read(const std::string& name, std::uint64_t offset, std::span<std::uint8_t> into) override {
    return on_object(name, [&](SftpSession& session, const SftpSession::Entry& entry) {
      if (offset > entry.size || into.size() > entry.size - offset)
        throw core::CorruptData("ends before what was asked of it");
      return into.empty() || session.read(path_of(name), offset, into);
    });
  }

  void list(const std::string& prefix,
            const std::function<void(const ObjectInfo&)>& visit) override {
    std::vector<ObjectInfo> found;
    on("listing " + prefix + " in " + address(), [&](SftpSession& session) {
      // The last folder that the prefix names whole; what lies beside it cannot match.
      const auto end = prefix.rfind('/');
      collect(session, end == std::string::npos ? "" : prefix.substr(0, end + 1), prefix, 0, found);
    });
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    for (const auto& info : found) visit(info);
  }

  std::optional<ObjectInfo> head(const std::string& name) override {
    std::optional<ObjectInfo> info;
    on_object(name, [&](SftpSession&, const SftpSession::Entry& entry) {
      info = ObjectInfo{name, entry.size, entry.modified};
      return true;
    });
    return info;
  }

  void remove(const std::string& name) override {
    const auto path = path_of(name);
    on("removing " + name + " from " + address(),
       [&](SftpSession& session) { session.remove(path); });
  }

  std::string address() const override { return place_.address; }

  unsigned connections() const override { return most_connections; }

private:
  // A file that is not wanted under the name it has.
  class Incoming {
  public:
    Incoming(SftpSession& session, std::string path) : session_(session), path_(std::move(path)) {}
    Incoming(const Incoming&) = delete;
    Incoming& operator=(const Incoming&) = delete;
    ~Incoming() {
      if (renamed_) return;
      try {
        session_.remove(path_);
      } catch (const core::Error&) { // what is left goes with the left-overs
      }
    }

    const std::string& path() const { return path_; }

    void rename(const std::string& to) {
      auto naming = session_.rename(path_, to);
      if (naming == SftpSession::Naming::no_folder) {
        make_folders(session_, folder_of(to));
        naming = session_.rename(path_, to);
      }
      if (naming == SftpSession::Naming::in_use)
        throw core::Error("there is an object of that name");
      if (naming == SftpSession::Naming::no_folder)
        throw core::Error("cannot name it: its folder has vanished");
      renamed_ = true;
    }

  private:
    SftpSession& session_;
    const std::string path_;
    bool renamed_ = false;
  };

  std::string path_of(const std::string& name) const {
    check_object_name(name);
    return place_.folder + "/" + name;
  }

  static std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

  static void make_folders(SftpSession& session, const std::string& folder) {
    if (session.make_folder(folder)) return;
    const auto above = folder_of(folder);
    if (!above.empty() && above != folder) {
      make_folders(session, above);
      if (session.make_folder(folder)) return session.sync_folder(above);
    }
    // To libssh a folder that cannot be made is one whose own folder is missing.
    throw core::Error("cannot make folder " + folder +
                      "; the server's disk or this account's quota may be full");
  }

  // Of puts that were broken off long ago; a put that still goes on is younger. The server's clock
  // counts, and `newest` is a file that was written just now.
  void remove_leftovers(SftpSession& session, const std::string& newest) const {
    auto entries = session.entries(incoming_);
    const auto now = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) {
      return newest.ends_with("/" + entry.name);
    });
    if (now == entries.end()) return;
    for (const auto& entry : entries) {
      if (entry.kind == SftpSession::Kind::file && entry.modified < now->modified - forgotten)
        session.remove(incoming_ + "/" + entry.name);
    }
  }

  // `above` ends with a slash, or is empty.
  void collect(SftpSession& session, const std::string& above, const std::string& prefix,
               unsigned depth, std::vector<ObjectInfo>& found) const {
    if (depth > deepest) throw core::CorruptData("folders are nested without end");
    for (const auto& entry : session.entries(place_.folder + "/" + above)) {
      if (entry.name.starts_with('.') || entry.name.find('/') != std::string::npos) continue;
      const auto name = above + entry.name;
      if (entry.kind == SftpSession::Kind::folder) {
        const auto shared = std::min(name.size(), prefix.size());
        if (name.compare(0, shared, prefix, 0, shared) == 0)
          collect(session, name + "/", prefix, depth + 1, found);
      } else if (entry.kind == SftpSession::Kind::file && name.starts_with(prefix)) {
        found.push_back({name, entry.size, entry.modified});
      }
    }
  }

  // False when there is no such object, or `use` says so.
  template <class Use>
  bool on_object(const std::string& name, Use&& use) {
    const auto path = path_of(name);
    bool there = false;
    on(name + " in " + address(), [&](SftpSession& session) {
      const auto entry = session.look(path);
      there = entry && entry->kind == SftpSession::Kind::file && use(session, *entry);
    });
    return there;
  }

  template <class Use>
  void on(const std::string& doing, Use&& use) {
    core::with_context(doing, [&] {
      try {
        auto session = borrow();
        use(*session);
        spare_.with([&](auto& spare) { spare.push_back(std::move(session)); });
      } catch (const core::TransientError&) {
        // Those that waited went to the same server, and each would cost another attempt.
        spare_.with([](auto& spare) { return std::exchange(spare, {}); });
        throw;
      }
    });
  }

  std::unique_ptr<SftpSession> borrow() {
    if (stop_.stop_requested()) throw core::Cancelled("stopped as asked");
    auto session = spare_.with([](auto& spare) {
      if (spare.empty()) return std::unique_ptr<SftpSession>();
      auto last = std::move(spare.back());
      spare.pop_back();
      return last;
    });
    return session ? std::move(session)
                   : std::make_unique<SftpSession>(place_, identity_, patience_, stop_);
  }

  const SftpPlace place_;
  const SftpIdentity identity_;
  const SftpPatience patience_;
  const std::stop_token stop_;
  const std::string incoming_;
  std::atomic<bool> leftovers_removed_ = false;
  core::Synchronized<std::vector<std::unique_ptr<SftpSession>>> spare_;
};

} // namespace

std::unique_ptr<ObjectStore> open_sftp_store(SftpPlace place, SftpIdentity identity,
                                             const SftpPatience& patience, std::stop_token stop) {
  return std::make_unique<SftpStore>(std::move(place), std::move(identity), patience,
                                     std::move(stop));
}

} // namespace intendance::storage
