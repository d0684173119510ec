// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/previous.hpp"

#include "core/log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace intendance::backupd {

using core::CorruptData;

namespace {

constexpr std::string_view magic = "INTDPREV 2";
constexpr std::size_t page_intro = 4 + 4 + 8;
constexpr std::size_t trailer_size = 8 + 32 + 8 + 4 + 8;
constexpr std::size_t full_page = std::size_t{256} << 10;
constexpr std::size_t longest_page = std::size_t{256} << 20; // the lists may be long

Buffer short_hash(ByteView bytes) {
  const auto digest = core::blake2b(bytes);
  return {digest.begin(), digest.begin() + 8};
}

Buffer read_exactly(const core::FileDescriptor& file, std::uint64_t offset, std::size_t length) {
  Buffer bytes(length);
  if (core::read_at(file.get(), bytes, offset) != length) throw CorruptData("is cut");
  return bytes;
}

} // namespace

PreviousManifest::PreviousManifest(const std::filesystem::path& file, const ChunkIndex& index) {
  if (!std::filesystem::exists(file)) return;
  try {
    core::with_context(file.string(), [&] { open(file, index); });
  } catch (const core::Error& error) {
    give_up(error);
  }
}

void PreviousManifest::give_up(const core::Error& error) {
  core::log::warning("manifest of the last backup cannot be used, reading every file",
                     {{"reason", error.what()}});
  has_current_ = false;
  at_ = end_ = 0;
  page_.clear();
  page_at_ = 0;
}

void PreviousManifest::open(const std::filesystem::path& file, const ChunkIndex& index) {
  file_ = core::open_file(file, O_RDONLY);
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) core::throw_errno("cannot look at it");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < magic.size() + trailer_size) throw CorruptData("is cut");
  const auto intro = read_exactly(file_, 0, magic.size());
  ByteReader(intro).expect(magic, "a manifest of the last backup");
  const auto trailer = read_exactly(file_, size - trailer_size, trailer_size);
  ByteReader reader(trailer);
  end_ = reader.fixed<std::uint64_t>();
  reader.array<32>();
  started_.seconds = static_cast<std::int64_t>(reader.fixed<std::uint64_t>());
  started_.nanoseconds = reader.fixed<std::uint32_t>();
  const auto wanted = short_hash(ByteView(trailer).first(trailer_size - 8));
  if (core::as_text(reader.bytes(8)) != core::as_text(wanted) || end_ > size)
    throw CorruptData("is damaged");
  auto lists_at = end_;
  read_lists(read_page(lists_at), index);
  at_ = magic.size();
  has_current_ = next();
}

void PreviousManifest::read_lists(ByteView lists, const ChunkIndex& index) {
  ByteReader reader(lists);
  for (auto left = reader.varint(); left > 0; --left) {
    const auto number = reader.varint_as<std::uint32_t>();
    if (number >= most_packs) throw CorruptData("is damaged");
    const auto pack = index.find_pack(reader.array<32>());
    const bool usable = pack && index.packs().at(*pack).usable;
    if (packs_.size() <= number) packs_.resize(number + 1, unusable);
    packs_[number] = usable ? *pack : unusable;
    all_usable_ = all_usable_ && usable;
  }
  for (auto left = reader.varint(); left > 0; --left) {
    const auto number = reader.varint_as<std::uint32_t>();
    pack_of_block_.push_back(number < packs_.size() ? packs_[number] : unusable);
  }
  for (auto left = reader.varint(); left > 0; --left)
    unsure_.emplace(core::as_text(reader.bytes(reader.varint())));
}

Buffer PreviousManifest::read_page(std::uint64_t& at) const {
  const auto intro = read_exactly(file_, at, page_intro);
  ByteReader reader(intro);
  const auto stored = reader.fixed<std::uint32_t>();
  const auto length = reader.fixed<std::uint32_t>();
  if (stored > longest_page || length > longest_page) throw CorruptData("is damaged");
  const auto packed = read_exactly(file_, at + page_intro, stored);
  if (core::as_text(reader.bytes(8)) != core::as_text(short_hash(packed)))
    throw CorruptData("is damaged");
  at += page_intro + stored;
  Buffer page;
  unpack(packed, length, page);
  return page;
}

// Whether all chunks are in usable packs.
bool PreviousManifest::translate(PreviousEntry& entry, ByteReader& reader) const {
  bool usable = true;
  entry.packs.clear();
  for (std::size_t each = 0; each < entry.entry.extents.size(); ++each) {
    const auto home = ChunkHome::from_code(reader.varint());
    const auto& table = home.is_block() ? pack_of_block_ : packs_;
    const auto pack = home.number() < table.size() ? table[home.number()] : unusable;
    entry.packs.push_back(pack);
    usable = usable && pack != unusable;
  }
  return usable;
}

bool PreviousManifest::next() {
  if (page_at_ == page_.size()) {
    if (at_ >= end_) return false;
    page_ = read_page(at_);
    page_at_ = 0;
  }
  ByteReader reader(ByteView(page_).subspan(page_at_));
  current_.entry = decode_entry(reader.bytes(reader.varint()));
  current_usable_ = translate(current_, reader);
  page_at_ = page_.size() - reader.left();
  return true;
}

PreviousEntry* PreviousManifest::find(const std::string& path) {
  try {
    while (has_current_ && (compare_paths(current_.entry.path, path) < 0 ||
                            current_.entry.type == FileType::more_extents)) {
      has_current_ = next();
    }
  } catch (const core::Error& error) {
    give_up(error);
  }
  if (!has_current_ || current_.entry.path != path || !current_usable_) return nullptr;
  // Whether the rest of a large file is usable is not known yet.
  if (current_.entry.continues && !all_usable_) return nullptr;
  if (unsure_.contains(path) || !rest_is_readable()) return nullptr;
  return &current_;
}

// Of a large file, damage further on must show while the file can still be read instead: nobody
// takes the first of its records back.
bool PreviousManifest::rest_is_readable() {
  if (!current_.entry.continues) return true;
  const auto at = at_;
  const auto page_at = page_at_;
  auto page = page_;
  auto first = current_;
  try {
    while (current_.entry.continues) {
      if (!next() || current_.entry.type != FileType::more_extents)
        throw CorruptData("ends within /" + first.entry.path);
    }
  } catch (const core::Error& error) {
    give_up(error);
    return false;
  }
  at_ = at;
  page_at_ = page_at;
  page_ = std::move(page);
  current_ = std::move(first);
  current_usable_ = true;
  return true;
}

PreviousEntry* PreviousManifest::find_more() {
  has_current_ = next();
  if (!has_current_ || current_.entry.type != FileType::more_extents)
    throw CorruptData("manifest of the last backup: is damaged; remove it");
  return &current_;
}

NextManifest::NextManifest(std::filesystem::path file, FileTime started)
    : file_(std::move(file)), temporary_(file_.string() + ".next"), started_(started) {
  unless_given_up([&] {
    core::make_folders(file_.parent_path());
    out_ = core::open_file(temporary_, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    write(core::as_bytes(magic));
  });
}

NextManifest::~NextManifest() {
  if (out_) ::unlink(temporary_.c_str());
}

// It only makes the next backup quick, so this one goes on without it.
template <class Work>
void NextManifest::unless_given_up(Work&& work) {
  if (given_up_) return;
  try {
    work();
  } catch (const core::Error& error) {
    given_up_ = error;
    page_.clear();
    if (!out_) return;
    ::unlink(temporary_.c_str()); // it takes room that is wanted elsewhere
    out_.close();
  }
}

void NextManifest::write(ByteView bytes) {
  core::with_context(temporary_.string(), [&] { core::write_all(out_.get(), bytes); });
  written_ += bytes.size();
}

void NextManifest::write_page() {
  const auto packed = compressor_.pack(page_, packed_);
  Buffer intro;
  ByteWriter writer(intro);
  writer.fixed(static_cast<std::uint32_t>(packed.size()));
  writer.fixed(static_cast<std::uint32_t>(page_.size()));
  writer.bytes(short_hash(packed));
  write(intro);
  write(packed);
  page_.clear();
}

void NextManifest::add(ByteView record, std::span<const ChunkHome> homes) {
  if (given_up_) return;
  ByteWriter writer(page_);
  writer.bytes(record);
  for (const auto& home : homes) writer.varint(home.code());
  if (page_.size() >= full_page) unless_given_up([&] { write_page(); });
}

void NextManifest::commit(const SnapshotName& snapshot, const ChunkWriter& chunks,
                          const ChunkIndex& index) {
  if (given_up_) throw *given_up_;
  if (!page_.empty()) write_page();
  const auto lists_at = written_;
  ByteWriter writer(page_);
  const auto& used = chunks.used_packs();
  writer.varint(static_cast<std::uint64_t>(std::count(used.begin(), used.end(), true)));
  for (std::uint32_t pack = 0; pack < used.size(); ++pack) {
    if (!used[pack]) continue;
    writer.varint(pack);
    writer.bytes(index.packs().at(pack).name);
  }
  writer.varint(chunks.pack_of_block().size());
  for (const auto pack : chunks.pack_of_block()) writer.varint(pack);
  writer.varint(unsure_.size());
  for (const auto& path : unsure_) {
    writer.varint(path.size());
    writer.text(path);
  }
  write_page();
  Buffer trailer;
  ByteWriter end(trailer);
  end.fixed(lists_at);
  end.bytes(snapshot);
  end.fixed(static_cast<std::uint64_t>(started_.seconds));
  end.fixed(started_.nanoseconds);
  end.bytes(short_hash(Buffer(trailer)));
  write(trailer);
  // Without fsync: a file that a power cut tore is recognised, and everything read again.
  if (::rename(temporary_.c_str(), file_.c_str()) != 0)
    core::throw_errno("cannot write " + file_.string());
  out_.close();
}

} // namespace intendance::backupd
