// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/announcements.hpp"

#include "core/log.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace intendance::backupd {

using Json = nlohmann::json;

namespace {

constexpr std::string_view session_prefix = "sessions/";
constexpr std::string_view session_magic = "INTDSESS";
constexpr std::string_view mark_magic = "INTDMARK";
constexpr std::size_t nonce_size = 24;
constexpr std::uint64_t longest_announcement = std::uint64_t{64} << 20;

Buffer seal_json(std::string_view magic, std::string_view purpose, const Json& json,
                 const SharedSecrets& secrets) {
  auto object = object_intro(magic, secrets.epochs.rbegin()->first);
  const auto nonce = core::random_nonce();
  const auto text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto sealed = core::seal(core::derive(secrets.newest().structure, purpose), nonce,
                                 core::as_bytes(text), object);
  ByteWriter out(object);
  out.bytes(nonce);
  out.bytes(sealed);
  return object;
}

Mark open_mark(ByteView object, const SharedSecrets& secrets) {
  ByteReader reader(object);
  const auto intro = read_intro(reader, mark_magic, "a mark");
  const auto nonce = reader.array<nonce_size>();
  const auto text = core::open_sealed(core::derive(secrets.of(intro.epoch).structure, "mark"),
                                      nonce, reader.rest(), intro.bytes);
  try {
    const auto json = Json::parse(core::as_text(text));
    Mark mark;
    mark.machine = json.at("machine").get<std::string>();
    for (const auto& pack : json.at("packs"))
      mark.packs.push_back(core::to_array<32>(core::from_hex(pack.get<std::string>())));
    return mark;
  } catch (const Json::exception& error) {
    throw core::CorruptData(std::string("holds no valid description: ") + error.what());
  }
}

std::string random_name(const std::string& prefix) {
  return prefix + core::to_hex(core::random_bytes(16));
}

// CLOCK_BOOTTIME goes on while the machine sleeps.
std::chrono::nanoseconds boot_time() {
  timespec now{};
  if (::clock_gettime(CLOCK_BOOTTIME, &now) != 0) core::throw_errno("cannot read the clock");
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

} // namespace

std::vector<Mark> read_marks(const Repository& repository, std::vector<Finding>& findings) {
  std::vector<storage::ObjectInfo> objects;
  repository.store().list("marks/", [&](const auto& info) { objects.push_back(info); });
  std::vector<Mark> marks;
  for (const auto& info : objects) {
    try {
      const auto object = repository.store().get(info.name, longest_announcement);
      if (!object) continue; // its prune is done
      auto mark = open_mark(*object, repository.secrets());
      mark.object = info.name;
      mark.stored = info.modified;
      marks.push_back(std::move(mark));
    } catch (const core::Unanswered&) {
      throw;
    } catch (const core::Error& error) {
      findings.push_back({info.name, error.what()});
    }
  }
  return marks;
}

std::string put_mark(const Repository& repository, const std::string& machine,
                     const std::vector<PackName>& packs) {
  Json json = {{"machine", machine},
               {"started", core::format_utc(core::system_clock().now())},
               {"packs", Json::array()}};
  for (const auto& pack : packs) json["packs"].push_back(core::to_hex(pack));
  auto name = random_name("marks/");
  repository.store().put(name, ByteView(seal_json(mark_magic, "mark", json, repository.secrets())));
  return name;
}

std::vector<SessionInfo> list_sessions(const Repository& repository) {
  std::vector<SessionInfo> sessions;
  repository.store().list(std::string(session_prefix), [&](const storage::ObjectInfo& info) {
    sessions.push_back({info.name, info.modified});
  });
  return sessions;
}

Session::Session(const Repository& repository, const std::string& machine, const std::string& job,
                 const std::filesystem::path& memory)
    : repository_(repository), object_(random_name(std::string(session_prefix))),
      begun_(boot_time()) {
  if (!memory.empty()) remember(memory);
  const Json json = {{"machine", machine},
                     {"job", job},
                     {"started", core::format_utc(core::system_clock().now())}};
  repository.store().put(object_,
                         ByteView(seal_json(session_magic, "session", json, repository.secrets())));
}

Session::~Session() {
  try {
    repository_.store().remove(object_);
    if (!file_.empty()) ::unlink(file_.c_str());
  } catch (const std::exception& error) {
    // It counts for nothing once it is older than the grace period; until then prunes wait.
    core::log::warning("end of a backup could not be announced, prunes wait for it for a while",
                       {{"object", object_}, {"reason", error.what()}});
  }
}

std::chrono::nanoseconds Session::age() const { return boot_time() - begun_; }

// Before the object is put: what has no object is withdrawn without harm.
void Session::remember(const std::filesystem::path& memory) {
  try {
    core::make_folders(memory);
    const auto file = memory / object_.substr(session_prefix.size());
    held_ = core::open_file(file, O_WRONLY | O_CREAT | O_EXCL, 0600);
    file_ = file;
    // Waits only for another backup that is looking whether anybody holds it.
    if (::flock(held_.get(), LOCK_EX) != 0) core::throw_errno("cannot lock " + file_.string());
  } catch (const core::Error& error) { // a disk that is full must not keep a backup from being made
    core::log::debug("a backup is not remembered while it runs", {{"reason", error.what()}});
  }
}

std::filesystem::path session_memory(const std::filesystem::path& state,
                                     const Repository& repository) {
  return state / "sessions" / core::to_hex(repository.trust().repository);
}

namespace {

std::string object_of(const std::filesystem::path& file) {
  return std::string(session_prefix) + file.filename().string();
}

// Whoever held it locked is gone, or it is being made this very moment.
bool is_left_behind(const std::filesystem::path& file) {
  const core::FileDescriptor held(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return held && ::flock(held.get(), LOCK_EX | LOCK_NB) == 0;
}

// A file whose object is not listed: it was withdrawn, or never put, or the list lags.
bool is_forgotten(const std::filesystem::path& file) {
  std::error_code error;
  const auto written = std::filesystem::last_write_time(file, error);
  return !error && std::filesystem::file_time_type::clock::now() - written > session_life;
}

void withdraw_old(const Repository& repository, const std::vector<std::filesystem::path>& dead,
                  const Session& running) {
  const auto sessions = list_sessions(repository);
  const auto find = [&](const std::string& object) {
    return std::find_if(sessions.begin(), sessions.end(),
                        [&](const SessionInfo& each) { return each.object == object; });
  };
  const auto own = find(running.object());
  if (own == sessions.end()) return; // a list that lags
  for (const auto& file : dead) {
    const auto found = find(object_of(file));
    if (found != sessions.end() && own->stored - found->stored > commit_limit) {
      repository.store().remove(found->object);
      ::unlink(file.c_str());
    } else if (found == sessions.end() && is_forgotten(file)) {
      ::unlink(file.c_str());
    }
  }
}

} // namespace

void withdraw_dead_sessions(const Repository& repository, const std::filesystem::path& memory,
                            const Session& running) {
  try {
    std::vector<std::filesystem::path> dead;
    std::error_code none; // no such folder: nothing is remembered
    for (const auto& file : std::filesystem::directory_iterator(memory, none)) {
      if (is_left_behind(file.path())) dead.push_back(file.path());
    }
    if (!dead.empty()) withdraw_old(repository, dead, running);
  } catch (const core::Error& error) { // prunes wait for them a while longer, and nothing is lost
    core::log::warning("sessions of backups that were killed cannot be withdrawn",
                       {{"reason", error.what()}});
  }
}

} // namespace intendance::backupd
