// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/chunk_index.hpp"

#include "core/log.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace intendance::backupd {

using core::CorruptData;

namespace {

constexpr std::size_t most_recent = 64 * 1024; // entries in memory
constexpr std::size_t most_runs = 8;
// Below both, reading the few new index objects again costs less than writing everything.
constexpr std::size_t objects_worth_saving = 16;
constexpr std::size_t entries_worth_saving = 32 * 1024;

// run ‖ names of index objects ‖ packs ‖ trailer: magic, u64 end of the run, u64 objects,
// u64 packs, BLAKE2b-256 over names, packs and the three numbers
constexpr std::string_view magic = "INTDCHUNKINDEX 1";
constexpr std::size_t trailer_size = 16 + 3 * 8 + 32;
constexpr std::size_t pack_record = 32 + 8 + 4 + 4;
constexpr std::size_t most_packs = std::size_t{1} << 24;

Buffer read_part(const core::FileDescriptor& file, std::uint64_t offset, std::uint64_t length) {
  Buffer bytes(length);
  if (core::read_at(file.get(), bytes, offset) != length) throw CorruptData("is cut");
  return bytes;
}

} // namespace

std::size_t ChunkIndex::PackNameHash::operator()(const PackName& name) const noexcept {
  std::size_t hash; // names are hashes already
  std::memcpy(&hash, name.data(), sizeof(hash));
  return hash;
}

ChunkIndex::ChunkIndex(std::filesystem::path folder) : folder_(std::move(folder)) {
  core::make_folders(folder_);
  if (!std::filesystem::exists(file())) return;
  try {
    load();
  } catch (const core::Error& error) {
    core::log::warning("index of chunks cannot be used, making it again",
                       {{"file", file().string()}, {"reason", error.what()}});
    clear();
  }
}

void ChunkIndex::clear() {
  objects_.clear();
  packs_.clear();
  pack_numbers_.clear();
  runs_.clear();
  recent_.clear();
  kept_objects_ = 0;
}

void ChunkIndex::load() {
  const auto opened =
      std::make_shared<const core::FileDescriptor>(core::open_file(file(), O_RDONLY));
  struct stat status {};
  if (::fstat(opened->get(), &status) != 0) core::throw_errno("cannot look at it");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < trailer_size) throw CorruptData("is cut");
  const auto trailer = read_part(*opened, size - trailer_size, trailer_size);
  ByteReader reader(trailer);
  reader.expect(magic, "an index of chunks");
  const auto run_end = reader.fixed<std::uint64_t>();
  const auto objects = reader.fixed<std::uint64_t>();
  const auto packs = reader.fixed<std::uint64_t>();
  if (run_end > size || objects > size / 32 || packs > size / pack_record ||
      run_end + objects * 32 + packs * pack_record + trailer_size != size) {
    throw CorruptData("is not as long as it says");
  }
  const auto lists = read_part(*opened, run_end, size - trailer_size - run_end);
  core::Blake2b hash;
  hash.update(lists);
  hash.update(ByteView(trailer).subspan(magic.size(), 24));
  if (hash.finish() != reader.array<32>()) throw CorruptData("is damaged");
  ByteReader names(lists);
  for (std::uint64_t each = 0; each < objects; ++each)
    objects_.insert(objects_.end(), names.array<32>());
  for (std::uint64_t each = 0; each < packs; ++each) {
    IndexedPack pack;
    pack.name = names.array<32>();
    pack.size = names.fixed<std::uint64_t>();
    pack.directory_length = names.fixed<std::uint32_t>();
    pack.oldest_epoch = names.fixed<std::uint32_t>();
    pack_numbers_.emplace(pack.name, static_cast<std::uint32_t>(packs_.size()));
    packs_.push_back(pack);
  }
  runs_.push_back(SortedRun::open(opened, 0, run_end));
  kept_objects_ = objects_.size();
}

void ChunkIndex::remove() {
  clear();
  std::error_code error;
  std::filesystem::remove(file(), error);
}

void ChunkIndex::add(const PackInfo& pack, From from) {
  const auto number = static_cast<std::uint32_t>(packs_.size());
  if (number >= most_packs) throw core::Error("the repository has more packs than can be indexed");
  const auto [known, is_new] = pack_numbers_.emplace(pack.name, number);
  if (!is_new) {
    auto& earlier = packs_[known->second];
    earlier.named = earlier.named || from == From::index;
    return;
  }
  IndexedPack indexed;
  indexed.name = pack.name;
  indexed.size = pack.size;
  indexed.directory_length = pack.directory_length;
  indexed.named = from == From::index;
  indexed.oldest_epoch = ~std::uint32_t{0};
  for (const auto& origin : pack.directory.origins)
    indexed.oldest_epoch = std::min(indexed.oldest_epoch, origin.epoch);
  packs_.push_back(indexed);
  const auto& chunks = pack.directory.chunks;
  for (std::uint32_t chunk = 0; chunk < chunks.size(); ++chunk)
    recent_.emplace(chunks[chunk].id, ChunkPlace{number, chunk});
  if (recent_.size() >= most_recent) spill();
}

std::optional<std::uint32_t> ChunkIndex::find_pack(const PackName& name) const {
  const auto found = pack_numbers_.find(name);
  return found == pack_numbers_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<ChunkPlace> ChunkIndex::find(const ChunkId& id) const {
  std::vector<ChunkPlace> found;
  const auto [first, last] = recent_.equal_range(id);
  for (auto each = first; each != last; ++each) found.push_back(each->second);
  for (const auto& run : runs_) run.find(id, found);
  return found;
}

std::optional<ChunkPlace> ChunkIndex::find_usable(const ChunkId& id) const {
  for (const auto& place : find(id)) {
    if (packs_.at(place.pack).usable) return place;
  }
  return std::nullopt;
}

std::uint64_t ChunkIndex::size() const {
  std::uint64_t total = recent_.size();
  for (const auto& run : runs_) total += run.size();
  return total;
}

std::vector<IndexEntry> ChunkIndex::sorted_recent() const {
  std::vector<IndexEntry> entries;
  entries.reserve(recent_.size());
  for (const auto& [id, place] : recent_) entries.push_back({id, place});
  std::sort(entries.begin(), entries.end());
  return entries;
}

EntrySource ChunkIndex::entries() const {
  std::vector<EntrySource> sources;
  for (const auto& run : runs_) sources.push_back(run.entries());
  sources.emplace_back([entries = sorted_recent(), at = std::size_t{0}](IndexEntry& entry) mutable {
    if (at == entries.size()) return false;
    entry = entries[at++];
    return true;
  });
  return merged(std::move(sources));
}

// What is in memory becomes a sorted file without a name; many of them become one.
void ChunkIndex::spill() {
  core::with_context("index of chunks in " + folder_.string(), [&] { spill_recent(); });
}

void ChunkIndex::spill_recent() {
  const auto unnamed = [&] {
    return std::make_shared<const core::FileDescriptor>(core::open_unnamed_file(folder_));
  };
  if (runs_.size() < most_runs) {
    auto entries = sorted_recent();
    recent_.clear();
    std::size_t at = 0;
    const auto next = [&](IndexEntry& entry) {
      if (at == entries.size()) return false;
      entry = entries[at++];
      return true;
    };
    runs_.push_back(SortedRun::write(unnamed(), 0, next, entries.size()));
    return;
  }
  auto all = SortedRun::write(unnamed(), 0, entries(), size());
  recent_.clear();
  runs_.clear();
  runs_.push_back(std::move(all));
}

void ChunkIndex::save() {
  const auto kept = runs_.empty() || kept_objects_ == 0 ? 0 : runs_.front().size();
  // What no index names may be gone tomorrow.
  if (std::any_of(packs_.begin(), packs_.end(), [](const auto& pack) { return !pack.named; }))
    return;
  if (objects_.size() - kept_objects_ < objects_worth_saving &&
      size() - kept < entries_worth_saving) {
    return;
  }
  const auto lock = core::open_file(folder_ / "lock", O_RDWR | O_CREAT, 0600);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return; // somebody else is just doing it
  const auto temporary = folder_ / "chunks.next";
  try {
    core::with_context("index of chunks in " + folder_.string(), [&] { write_kept(temporary); });
  } catch (const core::Error&) {
    ::unlink(temporary.c_str()); // it takes room that is wanted elsewhere
    throw;
  }
}

void ChunkIndex::write_kept(const std::filesystem::path& temporary) {
  const auto opened = std::make_shared<const core::FileDescriptor>(
      core::open_file(temporary, O_RDWR | O_CREAT | O_TRUNC, 0600));
  auto run = SortedRun::write(opened, 0, entries(), size());
  Buffer lists;
  ByteWriter writer(lists);
  for (const auto& object : objects_) writer.bytes(object);
  for (const auto& pack : packs_) {
    writer.bytes(pack.name);
    writer.fixed(pack.size);
    writer.fixed(pack.directory_length);
    writer.fixed(pack.oldest_epoch);
  }
  Buffer numbers;
  ByteWriter number_writer(numbers);
  number_writer.fixed(run.end());
  number_writer.fixed(std::uint64_t{objects_.size()});
  number_writer.fixed(std::uint64_t{packs_.size()});
  core::Blake2b hash;
  hash.update(lists);
  hash.update(numbers);
  writer.text(magic);
  writer.bytes(numbers);
  writer.bytes(hash.finish());
  if (::lseek(opened->get(), static_cast<off_t>(run.end()), SEEK_SET) < 0)
    core::throw_errno("cannot write " + temporary.string());
  core::write_all(opened->get(), lists);
  // Without fsync: a file that a power cut tore is recognised and made again.
  if (::rename(temporary.c_str(), file().c_str()) != 0)
    core::throw_errno("cannot write " + file().string());
  runs_.clear();
  runs_.push_back(std::move(run));
  recent_.clear();
  kept_objects_ = objects_.size();
}

} // namespace intendance::backupd
