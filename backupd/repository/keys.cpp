// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/keys.hpp"

#include "core/error.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

namespace intendance::backupd {

using core::CorruptData;
using core::SecretBytes;

namespace {

constexpr std::string_view owner_prefix = "INTENDANCE-OWNER-KEY-1 ";
constexpr std::string_view owner_public_prefix = "intendance-owner-1 ";
constexpr std::string_view writer_prefix = "INTENDANCE-WRITER-KEY-1 ";

SecretBytes decode(std::string_view text, std::string_view prefix, std::size_t size) {
  if (!text.starts_with(prefix)) {
    throw CorruptData(fmt::format("does not begin with {}", prefix.substr(0, prefix.size() - 1)));
  }
  SecretBytes secret(core::from_base64(text.substr(prefix.size())));
  if (secret.size() != size) core::throw_wrong_size(size, secret.size());
  return secret;
}

// The first line that is not a comment.
std::string key_line(const std::string& content) {
  for (std::size_t at = 0; at < content.size();) {
    const auto end = std::min(content.find('\n', at), content.size());
    auto line = content.substr(at, end - at);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty() && line.front() != '#') return line;
    at = end + 1;
  }
  throw CorruptData("holds no key");
}

template <class Parse>
auto load(const std::filesystem::path& file, Parse&& parse) -> std::optional<decltype(parse(""))> {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    core::throw_errno("cannot open " + file.string());
  }
  try {
    return parse(key_line(core::read_file(file, std::size_t{64} << 10)));
  } catch (const CorruptData& error) {
    throw core::ConfigError(file.string() + " " + error.what());
  }
}

void write_missing(const std::filesystem::path& file, const std::string& content, mode_t mode) {
  if (!std::filesystem::exists(file)) core::write_file_atomically(file, content, mode);
}

} // namespace

OwnerKey OwnerKey::parse(std::string_view text) { return OwnerKey(decode(text, owner_prefix, 32)); }
std::string OwnerKey::text() const {
  return std::string(owner_prefix) + core::to_base64(seed_.view());
}

WriterKey WriterKey::generate() {
  return WriterKey(core::random_secret(), AgeIdentity::generate());
}

WriterKey WriterKey::parse(std::string_view text) {
  const auto both = decode(text, writer_prefix, 64);
  return WriterKey(SecretBytes(both.view().first(32)),
                   AgeIdentity::from_secret(SecretBytes(both.view().subspan(32))));
}

std::string WriterKey::text() const {
  core::Buffer both(seed_.view().begin(), seed_.view().end());
  const auto second = identity_.secret().view();
  both.insert(both.end(), second.begin(), second.end());
  const SecretBytes wiped{core::ByteView(both)};
  return std::string(writer_prefix) + core::to_base64(wiped.view());
}

std::string owner_public_text(const core::PublicKey& key) {
  return std::string(owner_public_prefix) + core::to_base64(key);
}

core::PublicKey parse_owner_public(std::string_view text) {
  return core::to_array<32>(decode(text, owner_public_prefix, 32).view());
}

std::optional<OwnerKey> KeyFolder::owner() const {
  return load(path_ / "owner.key", OwnerKey::parse);
}
std::optional<WriterKey> KeyFolder::writer() const {
  return load(path_ / "writer.key", WriterKey::parse);
}
std::optional<AgeIdentity> KeyFolder::reader() const {
  return load(path_ / "reader.key", AgeIdentity::parse);
}
std::optional<AgeIdentity> KeyFolder::maintenance() const {
  return load(path_ / "maintenance.key", AgeIdentity::parse);
}

core::PublicKey KeyFolder::owner_public() const {
  if (const auto pinned = load(path_ / "owner.pub", parse_owner_public)) return *pinned;
  if (const auto owner_key = owner()) return owner_key->public_key();
  throw core::ConfigError(
      (path_ / "owner.pub").string() +
      " is missing: without it nobody can tell whose repository this is; copy it "
      "from where the repository was made");
}

void KeyFolder::generate_missing() const {
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) {
    core::throw_errno("cannot make folder " + path_.string());
  }
  const auto age_file = [](const AgeIdentity& identity) {
    return "# public key: " + identity.recipient().text() + "\n" + identity.text() + "\n";
  };
  write_missing(path_ / "owner.key", OwnerKey::generate().text() + "\n", 0600);
  write_missing(path_ / "owner.pub", owner_public_text(owner()->public_key()) + "\n", 0644);
  write_missing(path_ / "reader.key", age_file(AgeIdentity::generate()), 0600);
  write_missing(path_ / "maintenance.key", age_file(AgeIdentity::generate()), 0600);
  write_missing(path_ / "writer.key", WriterKey::generate().text() + "\n", 0600);
}

} // namespace intendance::backupd
