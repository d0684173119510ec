// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/sorted_run.hpp"

#include "backupd/repository/bytes.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace intendance::backupd {

using core::CorruptData;

namespace {

constexpr std::size_t entry_size = sizeof(ChunkId) + 6;
constexpr std::size_t page_size = 1024;
constexpr std::size_t checksum_size = 8;
constexpr std::size_t count_at = page_size - checksum_size - 2;
constexpr std::size_t entries_per_page = 46;
static_assert(entries_per_page * entry_size <= count_at);
constexpr std::size_t pages_per_read = 64;
constexpr std::size_t footer_size = 3 * 8 + checksum_size;

constexpr std::size_t filter_block = 64; // bytes
constexpr std::uint64_t filter_bits_per_entry = 10;
constexpr std::uint64_t longest_filter = std::uint64_t{16} << 20; // it lies in memory
constexpr unsigned filter_probes = 6;

std::uint64_t number_at(const std::uint8_t* bytes) {
  std::uint64_t number; // of ids, which are uniform in any order of bytes
  std::memcpy(&number, bytes, sizeof(number));
  return number;
}

// Big endian, so that fences sort as ids do.
std::uint64_t fence_of(const ChunkId& id) {
  std::uint64_t fence = 0;
  for (std::size_t each = 0; each < 8; ++each) fence = fence << 8 | id[each];
  return fence;
}

std::uint8_t* block_of(Buffer& filter, const ChunkId& id) {
  const auto blocks = filter.size() / filter_block;
  const auto place = (number_at(id.data() + 8) >> 32) * blocks >> 32;
  return filter.data() + place * filter_block;
}

template <class Use>
bool each_probe(const ChunkId& id, Use&& use) {
  auto bits = number_at(id.data());
  for (unsigned probe = 0; probe < filter_probes; ++probe, bits >>= 9) {
    const auto bit = static_cast<std::size_t>(bits & 511);
    if (!use(bit / 8, static_cast<std::uint8_t>(1u << bit % 8))) return false;
  }
  return true;
}

// As they lie in memory: the file stays on this machine.
ByteView bytes_of(const std::vector<std::uint64_t>& fences) {
  return {reinterpret_cast<const std::uint8_t*>(fences.data()), fences.size() * sizeof(fences[0])};
}

void write_at(int file, ByteView bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const auto count = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) core::throw_errno("cannot write");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

Buffer page_checksum(ByteView page, std::uint64_t number) {
  Buffer bytes(page.begin(), page.begin() + count_at + 2);
  ByteWriter(bytes).fixed(number);
  const auto digest = core::blake2b(bytes);
  return {digest.begin(), digest.begin() + checksum_size};
}

void write_u24(ByteWriter& writer, std::uint32_t value) {
  for (int shift = 0; shift < 24; shift += 8) {
    writer.fixed(static_cast<std::uint8_t>(value >> shift & 0xff));
  }
}

std::uint32_t read_u24(ByteReader& reader) {
  const auto bytes = reader.bytes(3);
  return bytes[0] | static_cast<std::uint32_t>(bytes[1]) << 8 |
         static_cast<std::uint32_t>(bytes[2]) << 16;
}

// Gathers pages and writes them many at a time.
class PageWriter {
public:
  PageWriter(int file, std::uint64_t offset) : file_(file), offset_(offset) {}

  void add(const IndexEntry& entry) {
    ByteWriter writer(buffer_);
    writer.bytes(entry.id);
    write_u24(writer, entry.place.pack);
    write_u24(writer, entry.place.chunk);
    if (++in_page_ == entries_per_page) end_page();
  }
  void finish() {
    if (in_page_ > 0) end_page();
    write();
  }
  std::uint64_t offset() const { return offset_; }
  bool at_page_start() const { return in_page_ == 0; }

private:
  void end_page() {
    const auto begin = buffer_.size() - in_page_ * entry_size;
    buffer_.resize(begin + count_at);
    ByteWriter writer(buffer_);
    writer.fixed(in_page_);
    writer.bytes(page_checksum(ByteView(buffer_).subspan(begin), page_++));
    in_page_ = 0;
    if (buffer_.size() >= pages_per_read * page_size) write();
  }
  void write() {
    write_at(file_, buffer_, offset_);
    offset_ += buffer_.size();
    buffer_.clear();
  }

  int file_;
  std::uint64_t offset_;
  std::uint64_t page_ = 0;
  std::uint16_t in_page_ = 0;
  Buffer buffer_;
};

} // namespace

Buffer SortedRun::checksum(ByteView numbers) const {
  core::Blake2b hash;
  hash.update(bytes_of(fences_));
  hash.update(filter_);
  hash.update(numbers);
  const auto digest = hash.finish();
  return {digest.begin(), digest.begin() + checksum_size};
}

Buffer SortedRun::footer() const {
  Buffer bytes;
  ByteWriter writer(bytes);
  writer.fixed(entry_count_);
  writer.fixed(std::uint64_t{fences_.size()});
  writer.fixed(std::uint64_t{filter_.size()});
  writer.bytes(checksum(Buffer(bytes)));
  return bytes;
}

SortedRun SortedRun::write(std::shared_ptr<const core::FileDescriptor> file, std::uint64_t offset,
                           const EntrySource& entries, std::uint64_t most) {
  SortedRun run;
  run.file_ = std::move(file);
  run.offset_ = offset;
  const auto bytes = std::min(most * filter_bits_per_entry / 8, longest_filter);
  run.filter_.resize((bytes / filter_block + 1) * filter_block);
  PageWriter pages(run.file_->get(), offset);
  for (IndexEntry entry; entries(entry); ++run.entry_count_) {
    if (pages.at_page_start()) run.fences_.push_back(fence_of(entry.id));
    pages.add(entry);
    auto* block = block_of(run.filter_, entry.id);
    each_probe(entry.id, [&](std::size_t byte, std::uint8_t bit) {
      block[byte] = static_cast<std::uint8_t>(block[byte] | bit);
      return true;
    });
  }
  pages.finish();
  const auto footer = run.footer();
  run.end_ = pages.offset();
  // One after the other: together they are long, and memory is not to grow with the repository.
  for (const auto part : {bytes_of(run.fences_), ByteView(run.filter_), ByteView(footer)}) {
    write_at(run.file_->get(), part, run.end_);
    run.end_ += part.size();
  }
  return run;
}

SortedRun SortedRun::open(std::shared_ptr<const core::FileDescriptor> file, std::uint64_t offset,
                          std::uint64_t end) {
  SortedRun run;
  run.file_ = std::move(file);
  run.offset_ = offset;
  run.end_ = end;
  const auto read = [&](std::uint64_t at, std::uint64_t length) {
    if (at < offset || at > end || length > end - at) throw CorruptData("is cut");
    Buffer bytes(length);
    if (core::read_at(run.file_->get(), bytes, at) != length) throw CorruptData("is cut");
    return bytes;
  };
  const auto footer = read(end - footer_size, footer_size);
  ByteReader reader(footer);
  run.entry_count_ = reader.fixed<std::uint64_t>();
  const auto pages = reader.fixed<std::uint64_t>();
  const auto filter_size = reader.fixed<std::uint64_t>();
  if (filter_size > longest_filter + filter_block || filter_size < filter_block ||
      pages > (end - offset) / page_size ||
      end - offset != pages * (page_size + 8) + filter_size + footer_size) {
    throw CorruptData("is not as long as it says");
  }
  const auto fences = read(offset + pages * page_size, pages * 8);
  ByteReader fence_reader(fences);
  run.fences_.reserve(pages);
  for (std::uint64_t each = 0; each < pages; ++each)
    run.fences_.push_back(fence_reader.fixed<std::uint64_t>());
  run.filter_ = read(end - footer_size - filter_size, filter_size);
  if (run.footer() != footer) throw CorruptData("is damaged");
  return run;
}

bool SortedRun::may_hold(const ChunkId& id) const {
  const auto* block = block_of(const_cast<Buffer&>(filter_), id);
  return each_probe(id,
                    [&](std::size_t byte, std::uint8_t bit) { return (block[byte] & bit) != 0; });
}

void SortedRun::read_page(std::uint64_t page, std::vector<IndexEntry>& entries) const {
  std::array<std::uint8_t, page_size> bytes;
  if (core::read_at(file_->get(), bytes, offset_ + page * page_size) != page_size)
    throw DamagedIndex("the index of chunks in the state folder is cut; remove it");
  const auto checked = page_checksum(bytes, page);
  if (!std::equal(checked.begin(), checked.end(), bytes.end() - checksum_size))
    throw DamagedIndex("the index of chunks in the state folder is damaged; remove its folder, it "
                       "will be made again");
  ByteReader reader(bytes);
  const auto count = ByteReader(ByteView(bytes).subspan(count_at)).fixed<std::uint16_t>();
  entries.clear();
  for (unsigned each = 0; each < std::min<std::size_t>(count, entries_per_page); ++each) {
    IndexEntry entry;
    entry.id = reader.array<sizeof(ChunkId)>();
    entry.place.pack = read_u24(reader);
    entry.place.chunk = read_u24(reader);
    entries.push_back(entry);
  }
}

void SortedRun::find(const ChunkId& id, std::vector<ChunkPlace>& places) const {
  if (fences_.empty() || !may_hold(id)) return;
  // The first page that may hold it: the last whose fence is below, since equal ids may begin at
  // the end of the page before.
  const auto fence = fence_of(id);
  const auto first = std::lower_bound(fences_.begin(), fences_.end(), fence);
  auto page = static_cast<std::uint64_t>(first - fences_.begin());
  if (page > 0) --page;
  thread_local std::vector<IndexEntry> entries;
  for (; page < fences_.size() && fences_[page] <= fence; ++page) {
    read_page(page, entries);
    const auto begin = std::lower_bound(
        entries.begin(), entries.end(), id,
        [](const IndexEntry& entry, const ChunkId& wanted) { return entry.id < wanted; });
    for (auto each = begin; each != entries.end() && each->id == id; ++each)
      places.push_back(each->place);
  }
}

EntrySource SortedRun::entries() const {
  struct Cursor {
    std::uint64_t page = 0;
    std::size_t at = 0;
    std::vector<IndexEntry> entries;
  };
  return [this, cursor = std::make_shared<Cursor>()](IndexEntry& entry) {
    while (cursor->at == cursor->entries.size()) {
      if (cursor->page == fences_.size()) return false;
      read_page(cursor->page++, cursor->entries);
      cursor->at = 0;
    }
    entry = cursor->entries[cursor->at++];
    return true;
  };
}

EntrySource merged(std::vector<EntrySource> sources) {
  struct Head {
    IndexEntry entry;
    EntrySource next;
  };
  const auto later = [](const Head& left, const Head& right) { return left.entry > right.entry; };
  auto heads = std::make_shared<std::vector<Head>>();
  for (auto& source : sources) {
    Head head;
    head.next = std::move(source);
    if (head.next(head.entry)) heads->push_back(std::move(head));
  }
  std::make_heap(heads->begin(), heads->end(), later);
  return [heads, later, last = std::optional<IndexEntry>()](IndexEntry& entry) mutable {
    while (!heads->empty()) {
      std::pop_heap(heads->begin(), heads->end(), later);
      auto& head = heads->back();
      entry = head.entry;
      if (head.next(head.entry))
        std::push_heap(heads->begin(), heads->end(), later);
      else
        heads->pop_back();
      if (last && *last == entry) continue;
      last = entry;
      return true;
    }
    return false;
  };
}

} // namespace intendance::backupd
