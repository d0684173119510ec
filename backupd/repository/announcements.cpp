// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/announcements.hpp"

#include "core/log.hpp"

#include <nlohmann/json.hpp>
#include <time.h>

namespace intendance::backupd {

using Json = nlohmann::json;

namespace {

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
    } catch (const core::TransientError&) {
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
  const auto name = random_name("marks/");
  repository.store().put(name, ByteView(seal_json(mark_magic, "mark", json, repository.secrets())));
  return name;
}

std::vector<SessionInfo> list_sessions(const Repository& repository) {
  std::vector<SessionInfo> sessions;
  repository.store().list("sessions/", [&](const storage::ObjectInfo& info) {
    sessions.push_back({info.name, info.modified});
  });
  return sessions;
}

Session::Session(const Repository& repository, const std::string& machine, const std::string& job)
    : repository_(repository), object_(random_name("sessions/")), begun_(boot_time()) {
  const Json json = {{"machine", machine},
                     {"job", job},
                     {"started", core::format_utc(core::system_clock().now())}};
  repository.store().put(object_,
                         ByteView(seal_json(session_magic, "session", json, repository.secrets())));
}

Session::~Session() {
  try {
    repository_.store().remove(object_);
  } catch (const std::exception& error) {
    // It counts for nothing once it is older than the grace period; until then prunes wait.
    core::log::warning("end of a backup could not be announced, prunes wait for it for a while",
                       {{"object", object_}, {"reason", error.what()}});
  }
}

std::chrono::nanoseconds Session::age() const { return boot_time() - begun_; }

} // namespace intendance::backupd
