// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/sftp_answers.hpp"

#include "core/error.hpp"

#include <fmt/format.h>

#include <charconv>

namespace intendance::storage {

namespace {

constexpr std::uint16_t ssh_port = 22;

// As ssh-keyscan and known_hosts name it.
std::string scan_of(const SftpPlace& place) {
  return place.port == ssh_port ? "ssh-keyscan " + place.host
                                : fmt::format("ssh-keyscan -p {} {}", place.port, place.host);
}

std::string name_of(const SftpPlace& place) {
  return place.port == ssh_port ? place.host : fmt::format("[{}]:{}", place.host, place.port);
}

// HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT; false for anything else.
bool read_host(std::string_view text, SftpPlace& place) {
  auto colon = text.rfind(':');
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    place.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    colon = text.empty() ? std::string_view::npos : 0;
  } else {
    place.host = text.substr(0, colon);
  }
  if (place.host.empty() || place.host.front() == '-') return false;
  if (colon == std::string_view::npos) return true;
  text.remove_prefix(colon);
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + 1, end, place.port);
  return text.front() == ':' && read.ec == std::errc() && read.ptr == end && place.port != 0;
}

bool read_user(std::string_view text, SftpPlace& place) {
  place.user = text;
  return !text.empty() && text.find(':') == std::string_view::npos;
}

bool read_folder(std::string_view text, SftpPlace& place) {
  constexpr std::string_view home = "/~/";
  if (text.starts_with(home)) text.remove_prefix(home.size());
  place.folder = text;
  return !text.empty() && text != "/" && text != "/~";
}

} // namespace

SftpPlace SftpPlace::parse(const std::string& url) {
  constexpr std::string_view scheme = "sftp://";
  SftpPlace place;
  place.address = url;
  while (place.address.ends_with('/')) place.address.pop_back();
  auto rest = std::string_view(place.address);
  if (rest.starts_with(scheme)) {
    rest.remove_prefix(scheme.size());
    const auto slash = rest.find('/');
    auto host = rest.substr(0, slash);
    const auto at = host.rfind('@');
    const bool has_user = at != std::string_view::npos;
    if (slash != std::string_view::npos && (!has_user || read_user(host.substr(0, at), place)) &&
        read_host(host.substr(has_user ? at + 1 : 0), place) &&
        read_folder(rest.substr(slash), place))
      return place;
  }
  throw core::ConfigError("\"" + url +
                          "\" is not an address of a folder by SFTP\n  allowed: "
                          "sftp://[USER@]HOST[:PORT]/FOLDER · sftp://[USER@]HOST[:PORT]/~/FOLDER "
                          "(beneath the login's own folder); a password is never part of it");
}

std::string host_key_refusal(HostKey key, const SftpPlace& place,
                             const std::filesystem::path& known_hosts, const std::string& shown) {
  const auto file = known_hosts.string(), name = name_of(place);
  switch (key) {
  case HostKey::changed:
    return fmt::format(
        "the server shows another host key than {} has for {}: {}. Somebody may be in between, or "
        "the server was set up anew. Ask those who run it for its fingerprint; only if it is this "
        "one: ssh-keygen -R '{}' -f {} && {} >>{}",
        file, name, shown, name, file, scan_of(place), file);
  case HostKey::of_another_kind:
    return fmt::format(
        "{} has a host key of {}, of another kind than the server shows: {}. Ask those who run it "
        "for its fingerprint; if it is this one: {} >>{}",
        file, name, shown, scan_of(place), file);
  case HostKey::no_file:
    return fmt::format("known_hosts_file {} is missing or cannot be read, and {} shows the host "
                       "key {}. If those who run it publish this fingerprint: {} >>{}",
                       file, name, shown, scan_of(place), file);
  case HostKey::unknown: break;
  }
  return fmt::format("{} has no host key of {}, which shows {}. If those who run it publish this "
                     "fingerprint: {} >>{}",
                     file, name, shown, scan_of(place), file);
}

} // namespace intendance::storage
