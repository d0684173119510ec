// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/previous.hpp"

#include "core/log.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace intendance::backupd {

namespace {

// magic ‖ snapshot (32) ‖ u64 seconds ‖ u32 nanoseconds ‖ records, as in a page
constexpr std::string_view magic = "INTDPREV1";
constexpr std::size_t snapshot_at = magic.size();
constexpr std::size_t most_buffered = std::size_t{1} << 18;
constexpr std::size_t longest_file = std::size_t{4} << 30;

} // namespace

PreviousManifest::PreviousManifest(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return;
  try {
    const auto text = core::read_file(file, longest_file);
    bytes_.assign(text.begin(), text.end());
    ByteReader reader(bytes_);
    reader.expect(magic, "a manifest of the last backup");
    snapshot_ = reader.array<32>();
    started_.seconds = static_cast<std::int64_t>(reader.fixed<std::uint64_t>());
    started_.nanoseconds = reader.fixed<std::uint32_t>();
    at_ = bytes_.size() - reader.left();
    advance();
  } catch (const core::Error& error) {
    core::log::warning("manifest of the last backup cannot be used, reading every file",
                       {{"file", file.string()}, {"reason", error.what()}});
    *this = PreviousManifest("");
  }
}

void PreviousManifest::advance() {
  current_.reset();
  if (at_ >= bytes_.size()) return;
  ByteReader reader(ByteView(bytes_).subspan(at_));
  const auto length = reader.varint();
  reader.bytes(length);
  const auto end = bytes_.size() - reader.left();
  current_ = decode_page(ByteView(bytes_).subspan(at_, end - at_)).front();
  at_ = end;
}

const Entry* PreviousManifest::find(const std::string& path) {
  try {
    while (current_ && compare_paths(current_->path, path) < 0) advance();
  } catch (const core::Error& error) {
    core::log::warning("manifest of the last backup is damaged, reading the other files",
                       {{"reason", error.what()}});
    at_ = bytes_.size();
    current_.reset();
  }
  return current_ && current_->path == path ? &*current_ : nullptr;
}

NextManifest::NextManifest(std::filesystem::path file, FileTime started)
    : file_(std::move(file)), temporary_(file_.string() + ".next") {
  std::filesystem::create_directories(file_.parent_path());
  out_ = core::open_file(temporary_, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ByteWriter writer(buffered_);
  writer.text(magic);
  writer.bytes(SnapshotName{}); // known at the end
  writer.fixed(static_cast<std::uint64_t>(started.seconds));
  writer.fixed(started.nanoseconds);
}

NextManifest::~NextManifest() {
  if (out_) ::unlink(temporary_.c_str());
}

void NextManifest::write_buffered() {
  core::write_all(out_.get(), buffered_);
  buffered_.clear();
}

void NextManifest::add(const Entry& entry) {
  encode_entry(entry, buffered_);
  if (buffered_.size() >= most_buffered) write_buffered();
}

void NextManifest::commit(const SnapshotName& snapshot) {
  write_buffered();
  if (::pwrite(out_.get(), snapshot.data(), snapshot.size(), snapshot_at) !=
          static_cast<ssize_t>(snapshot.size()) ||
      ::fsync(out_.get()) != 0 || ::rename(temporary_.c_str(), file_.c_str()) != 0) {
    core::throw_errno("cannot write " + file_.string());
  }
  out_.close();
}

} // namespace intendance::backupd
