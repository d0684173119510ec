// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/owner_names.hpp"

#include <grp.h>
#include <pwd.h>

#include <cerrno>
#include <vector>

namespace intendance::backupd {

namespace {

constexpr std::size_t longest_record = std::size_t{16} << 20; // a group may have many members

// `ask` is getpwuid_r or getgrgid_r, which say ERANGE when their record does not fit.
template <class Record, class Ask>
const Record* find(Record& record, std::vector<char>& buffer, Ask&& ask) {
  Record* found = nullptr;
  for (std::size_t size = 1024; size <= longest_record; size *= 4) {
    buffer.resize(size);
    if (ask(&record, buffer.data(), buffer.size(), &found) != ERANGE) break;
  }
  return found;
}

std::string name_of_user(std::uint32_t uid) {
  passwd record{};
  std::vector<char> buffer;
  const auto* found =
      find(record, buffer, [&](passwd* into, char* text, std::size_t size, passwd** result) {
        return ::getpwuid_r(uid, into, text, size, result);
      });
  return found == nullptr ? "" : found->pw_name;
}

std::string name_of_group(std::uint32_t gid) {
  group record{};
  std::vector<char> buffer;
  const auto* found =
      find(record, buffer, [&](group* into, char* text, std::size_t size, group** result) {
        return ::getgrgid_r(gid, into, text, size, result);
      });
  return found == nullptr ? "" : found->gr_name;
}

template <class Ask>
const std::string& remembered(std::unordered_map<std::uint32_t, std::string>& names,
                              std::uint32_t number, Ask&& ask) {
  const auto found = names.find(number);
  return found != names.end() ? found->second : names.emplace(number, ask(number)).first->second;
}

} // namespace

void OwnerNames::fill(Entry& entry) {
  entry.user = remembered(users_, entry.uid, name_of_user);
  entry.group = remembered(groups_, entry.gid, name_of_group);
}

} // namespace intendance::backupd
