// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/keys.hpp"

#include "backupd/repository/bech32.hpp"
#include "core/error.hpp"
#include "core/sha256.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace intendance::backupd {

using core::CorruptData;
using core::SecretBytes;

namespace {

constexpr std::string_view owner_prefix = "INTENDANCE-OWNER-KEY-1 ";
constexpr std::string_view owner_public_prefix = "intendance-owner-1 ";
constexpr std::string_view writer_public_prefix = "intendance-writer";
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

WriterPublic WriterPublic::parse(std::string_view text) {
  const auto both = bech32_decode(writer_public_prefix, text, 64, "a writer's public key");
  return {core::to_array<32>(core::ByteView(both).first(32)),
          {core::to_array<32>(core::ByteView(both).subspan(32))}};
}

std::string WriterPublic::text() const {
  core::Buffer both(signs.begin(), signs.end());
  both.insert(both.end(), recipient.key.begin(), recipient.key.end());
  return bech32_encode(writer_public_prefix, both);
}

std::string owner_public_text(const core::PublicKey& key) {
  return std::string(owner_public_prefix) + core::to_base64(key);
}

core::PublicKey parse_owner_public(std::string_view text) {
  return core::to_array<32>(decode(text, owner_public_prefix, 32).view());
}

std::string fingerprint(const core::PublicKey& key) {
  const auto hex = core::to_hex(core::ByteView(core::sha256(key)).first(8));
  return fmt::format("{} {} {} {}", hex.substr(0, 4), hex.substr(4, 4), hex.substr(8, 4),
                     hex.substr(12));
}

std::string_view file_name(KeyKind kind) {
  switch (kind) {
  case KeyKind::owner: return "owner.key";
  case KeyKind::reader: return "reader.key";
  case KeyKind::maintenance: return "maintenance.key";
  case KeyKind::writer: return "writer.key";
  }
  return "";
}

NewKey generate_key(KeyKind kind, core::TimePoint now) {
  const auto made = [&](std::string public_text, std::string secret) {
    const auto text = fmt::format("# created: {}\n# public key: {}\n{}\n", core::format_utc(now),
                                  public_text, secret);
    return NewKey{SecretBytes(core::as_bytes(text)), std::move(public_text)};
  };
  if (kind == KeyKind::owner) {
    const auto key = OwnerKey::generate();
    return made(owner_public_text(key.public_key()), key.text());
  }
  if (kind == KeyKind::writer) {
    const auto key = WriterKey::generate();
    return made(key.public_half().text(), key.text());
  }
  const auto key = AgeIdentity::generate();
  return made(key.recipient().text(), key.text());
}

void write_new_file(const std::filesystem::path& file, core::ByteView content, mode_t mode) {
  if (std::error_code ignored; std::filesystem::exists(file, ignored)) {
    throw core::Error(file.string() + " is there already and is never overwritten; give another "
                                      "name, or move the old one to a safe place");
  }
  const auto made = core::open_file(file, O_WRONLY | O_CREAT | O_EXCL, mode);
  try {
    core::with_context("writing " + file.string(), [&] {
      core::write_all(made.get(), content);
      if (::fsync(made.get()) != 0) core::throw_errno("making it durable");
    });
  } catch (...) {
    ::unlink(file.c_str());
    throw;
  }
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const auto directory = core::open_file(folder, O_RDONLY | O_DIRECTORY);
  if (::fsync(directory.get()) != 0) core::throw_errno("making " + file.string() + " durable");
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

void KeyFolder::generate_missing(std::initializer_list<KeyKind> wanted) const {
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) {
    core::throw_errno("cannot make folder " + path_.string());
  }
  const auto pinned = path_ / "owner.pub";
  for (const auto kind : wanted) {
    const auto file = path_ / file_name(kind);
    if (std::filesystem::exists(file)) continue;
    if (kind == KeyKind::owner && std::filesystem::exists(pinned)) {
      throw core::ConfigError(pinned.string() + " is that of an owner whose owner.key is not here; "
                                                "bring his key, or choose another folder");
    }
    write_new_file(file, generate_key(kind, core::system_clock().now()).file.view());
  }
  if (const auto key = owner(); key && !std::filesystem::exists(pinned)) {
    write_new_file(pinned, core::as_bytes(owner_public_text(key->public_key()) + "\n"), 0644);
  }
}

} // namespace intendance::backupd
