// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/schedule/state_folder.hpp"

#include "core/error.hpp"
#include "core/log.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>

#include <cerrno>

namespace intendance::backupd {

using Json = nlohmann::json;

Outcome outcome_of(const std::string& name) {
  for (std::size_t each = 0; each < outcome_names.size(); ++each) {
    if (name == outcome_names[each]) return static_cast<Outcome>(each);
  }
  throw core::CorruptData("holds an unknown outcome");
}

Json time_or_null(const std::optional<core::TimePoint>& time) {
  return time ? Json(core::format_utc(*time)) : Json();
}

std::optional<core::TimePoint> time_of(const Json& json, const char* key) {
  if (!json.contains(key) || json.at(key).is_null()) return std::nullopt;
  return core::parse_utc(json.at(key));
}

std::uint64_t count_of(const Json& json, const char* key) {
  return json.contains(key) ? json.at(key).get<std::uint64_t>() : 0;
}

StateFolder::StateFolder(std::filesystem::path folder) : folder_(std::move(folder)) {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) {
    throw core::Error("cannot make folder " + folder_.string() + ": " + error.message() +
                      "; it must belong to whoever runs this");
  }
}

std::optional<std::string> StateFolder::text_of(const std::string& name) const {
  const auto file = folder_ / (name + ".json");
  if (!std::filesystem::exists(file)) return std::nullopt;
  return core::read_file(file);
}

void StateFolder::warn_of(const std::string& name, const std::string& reason) const {
  core::log::warning("what is remembered cannot be read, going on as if nothing was",
                     {{"file", (folder_ / (name + ".json")).string()}, {"reason", reason}});
}

void StateFolder::store(const std::string& name, const Json& json) const {
  const auto text = json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  core::write_file_atomically(folder_ / (name + ".json"), text, 0640);
}

bool StateFolder::is_locked(const std::string& name) const {
  const core::FileDescriptor file(
      ::open((folder_ / (name + ".lock")).c_str(), O_RDONLY | O_CLOEXEC));
  return file && ::flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

std::optional<core::FileDescriptor> StateFolder::lock(const std::string& name) const {
  auto file = core::open_file(folder_ / (name + ".lock"), O_RDWR | O_CREAT, 0640);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno == EWOULDBLOCK) return std::nullopt;
  core::throw_errno("cannot lock " + (folder_ / (name + ".lock")).string());
}

} // namespace intendance::backupd
