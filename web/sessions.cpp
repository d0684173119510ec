// SPDX-License-Identifier: AGPL-3.0-or-later
#include "web/sessions.hpp"

#include "core/secret.hpp"
#include "web/random.hpp"

#include <algorithm>

namespace intendance::web {

namespace {

constexpr std::size_t half_of_secret = 32; // hexadecimal digits: 128 bits

} // namespace

SessionStore::SessionStore(core::Clock& clock, std::chrono::seconds lifetime)
    : clock_(clock), lifetime_(lifetime) {}

SessionStore::Opened SessionStore::open() {
  const std::string secret = random_hex(half_of_secret);
  const core::TimePoint now = clock_.now();
  const Session session{now + lifetime_};
  sessions_.with([&](Sessions& sessions) {
    std::erase_if(sessions,
                  [now](const auto& entry) { return entry.second.session.expires <= now; });
    if (sessions.size() >= most_sessions)
      sessions.erase(
          std::min_element(sessions.begin(), sessions.end(), [](const auto& a, const auto& b) {
            return a.second.session.expires < b.second.session.expires;
          }));
    sessions[secret.substr(0, half_of_secret)] = {secret.substr(half_of_secret), session};
  });
  return {secret, session};
}

std::optional<Session> SessionStore::find(std::string_view secret) const {
  if (secret.size() != 2 * half_of_secret) return std::nullopt;
  return sessions_.with([&](const Sessions& sessions) -> std::optional<Session> {
    const auto found = sessions.find(secret.substr(0, half_of_secret));
    if (found == sessions.end() || found->second.session.expires <= clock_.now())
      return std::nullopt;
    const core::SecretBytes proof(core::as_bytes(found->second.proof));
    if (!core::equal_secret(proof, secret.substr(half_of_secret))) return std::nullopt;
    return found->second.session;
  });
}

void SessionStore::close(std::string_view secret) {
  if (!find(secret)) return;
  sessions_.with([&](Sessions& sessions) {
    const auto found = sessions.find(secret.substr(0, half_of_secret));
    if (found != sessions.end()) sessions.erase(found);
  });
}

std::size_t SessionStore::size() const {
  const core::TimePoint now = clock_.now();
  return sessions_.with([now](const Sessions& sessions) {
    return static_cast<std::size_t>(
        std::count_if(sessions.begin(), sessions.end(),
                      [now](const auto& entry) { return entry.second.session.expires > now; }));
  });
}

std::optional<std::chrono::seconds> AttemptLimiter::wait(const std::string& address) const {
  const core::TimePoint now = clock_.now();
  return failures_.with([&](const auto& all) -> std::optional<std::chrono::seconds> {
    const auto found = all.find(address);
    if (found == all.end() || found->second.count < most_failures ||
        now >= found->second.first + window)
      return std::nullopt;
    return std::chrono::ceil<std::chrono::seconds>(found->second.first + window - now);
  });
}

void AttemptLimiter::failed(const std::string& address) {
  const core::TimePoint now = clock_.now();
  failures_.with([&](auto& all) {
    if (all.size() >= most_addresses && !all.contains(address))
      all.erase(std::min_element(all.begin(), all.end(), [](const auto& a, const auto& b) {
        return a.second.last < b.second.last;
      }));
    Failures& failures = all[address];
    if (failures.count == 0 || now >= failures.first + window) failures = {0, now, now};
    ++failures.count;
    failures.last = now;
  });
}

void AttemptLimiter::succeeded(const std::string& address) {
  failures_.with([&](auto& all) { all.erase(address); });
}

} // namespace intendance::web
