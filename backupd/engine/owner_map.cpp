// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/owner_map.hpp"

#include "core/error.hpp"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>

namespace intendance::backupd {

namespace {

// A group's record holds its members too: as large as it must be.
template <class Record, class Find>
bool look_up(Record& record, std::vector<char>& buffer, Find&& find) {
  Record* found = nullptr;
  for (buffer.resize(4096); buffer.size() <= std::size_t{1} << 24;
       buffer.resize(buffer.size() * 4)) {
    if (find(&record, buffer.data(), buffer.size(), &found) != ERANGE) return found != nullptr;
  }
  return false;
}

std::optional<std::uint32_t> user_called(const std::string& name) {
  passwd record{};
  std::vector<char> buffer;
  const bool found =
      look_up(record, buffer, [&](auto... rest) { return ::getpwnam_r(name.c_str(), rest...); });
  return found ? std::optional<std::uint32_t>(record.pw_uid) : std::nullopt;
}

std::optional<std::uint32_t> group_called(const std::string& name) {
  group record{};
  std::vector<char> buffer;
  const bool found =
      look_up(record, buffer, [&](auto... rest) { return ::getgrnam_r(name.c_str(), rest...); });
  return found ? std::optional<std::uint32_t>(record.gr_gid) : std::nullopt;
}

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char each) { return each >= '0' && each <= '9'; });
}

// The largest number is no owner: to the kernel it means "as it was".
std::optional<std::uint32_t> to_number(const std::string& text) {
  std::uint32_t number = 0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  const bool valid = parsed.ec == std::errc() && parsed.ptr == end &&
                     number != std::numeric_limits<std::uint32_t>::max();
  return valid ? std::optional(number) : std::nullopt;
}

[[noreturn]] void refuse(const std::string& rule, const std::string& why) {
  throw core::ConfigError("--owner-map=" + rule + ": " + why +
                          "\n  allowed: FROM=TO · FROM:GROUP=TO:GROUP · :GROUP=:GROUP · by-name, "
                          "each a name or a number, FROM also *");
}

} // namespace

OwnerMap::OwnerMap(const std::vector<std::string>& rules) {
  for (const auto& rule : rules) add(rule);
}

void OwnerMap::add(const std::string& rule) {
  if (rule == "by-name") {
    by_name_ = true;
    return;
  }
  const auto equals = rule.find('=');
  if (equals == std::string::npos) refuse(rule, "says not whom files come to belong to");
  const auto from = rule.substr(0, equals), to = rule.substr(equals + 1);
  const auto from_colon = from.find(':'), to_colon = to.find(':');
  if ((from_colon == std::string::npos) != (to_colon == std::string::npos))
    refuse(rule, "has a group on one side only");
  if (from_colon == std::string::npos) return add(Kind::user, from, to, rule);
  if (from_colon != 0 || to_colon != 0)
    add(Kind::user, from.substr(0, from_colon), to.substr(0, to_colon), rule);
  add(Kind::group, from.substr(from_colon + 1), to.substr(to_colon + 1), rule);
}

void OwnerMap::add(Kind kind, const std::string& from, const std::string& to,
                   const std::string& rule) {
  const std::string what = kind == Kind::user ? "user" : "group";
  if (from.empty() || to.empty()) refuse(rule, "names no " + what);
  if (is_number(from) && !to_number(from)) refuse(rule, from + " is no number of a " + what);
  const auto number = is_number(to)        ? to_number(to)
                      : kind == Kind::user ? user_called(to)
                                           : group_called(to);
  if (!number) refuse(rule, "this machine has no " + what + " " + to);
  (kind == Kind::user ? users_ : groups_).rules.push_back({from, *number});
}

std::uint32_t OwnerMap::number_of(Kind kind, std::uint32_t stored, const std::string& name) {
  auto& table = kind == Kind::user ? users_ : groups_;
  for (const auto& rule : table.rules) {
    const bool fits = rule.from == "*" ||
                      (is_number(rule.from) ? to_number(rule.from) == stored : rule.from == name);
    if (fits) return rule.to;
  }
  if (!by_name_ || name.empty()) return stored;
  auto known = table.known.find(name);
  if (known == table.known.end()) {
    const auto found = kind == Kind::user ? user_called(name) : group_called(name);
    known = table.known.emplace(name, found).first;
  }
  return known->second.value_or(stored);
}

Owner OwnerMap::owner_of(const Entry& entry) {
  return {number_of(Kind::user, entry.uid, entry.user),
          number_of(Kind::group, entry.gid, entry.group)};
}

} // namespace intendance::backupd
