// SPDX-License-Identifier: AGPL-3.0-or-later
// Fills a repository that was just made with a snapshot of as many chunks as wanted, as cheaply as
// is honest: packs, directories, indexes, manifest and reference lists are real and sealed, and as
// many as a backup of as much would have written; only the blocks of contents hold nothing.
//
// simulate_repository REPOSITORY_URL KEYS_DIRECTORY CHUNKS
#include "backupd/engine/chunk_writer.hpp"
#include "backupd/engine/manifest_writer.hpp"
#include "backupd/repository/repository.hpp"
#include "storage/open_store.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace {

using namespace intendance;
using namespace intendance::backupd;

constexpr std::uint32_t chunk_length = 64 * 1024; // bytes: the engine's average
constexpr std::uint64_t chunks_per_block = 16;
constexpr std::uint64_t blocks_per_pack = 24;
constexpr std::uint64_t packs_per_index = 8;
constexpr std::uint64_t chunks_per_file = 10;
constexpr std::size_t sealed_size = 48; // bytes in a pack of each block, which nothing opens

ChunkId id_of(std::uint64_t number) {
  Buffer bytes;
  ByteWriter(bytes).fixed(number);
  return core::to_array<sizeof(ChunkId)>(ByteView(core::blake2b(bytes)).first(sizeof(ChunkId)));
}

class Simulation {
public:
  Simulation(Repository& repository, std::uint64_t chunks)
      : repository_(repository), chunks_(chunks),
        origin_(begin_session(repository.trust()).origin) {}

  void write_packs() {
    std::vector<PackInfo> unindexed;
    for (std::uint64_t chunk = 0; chunk < chunks_;) {
      unindexed.push_back(write_pack(chunk));
      if (unindexed.size() == packs_per_index || chunk >= chunks_) write_index(unindexed);
    }
  }

  void write_snapshot() {
    const auto now = core::system_clock().now();
    ChunkIndex index(scratch_.path() / "index");
    PackPipeline::Options options;
    options.spool_folder = scratch_.path();
    ChunkWriter writer(repository_, index, options);
    const Chunker chunker(repository_.secrets().newest().naming);
    ManifestWriter manifest(writer, chunker, {});
    Entry folder;
    folder.path = "simulated";
    folder.type = FileType::directory;
    folder.mode = 0755;
    manifest.add(folder, {});
    SnapshotHeader header;
    header.directories = 1;
    for (std::uint64_t first = 0; first < chunks_; first += chunks_per_file, ++header.files) {
      const auto entry = file(header.files, first);
      header.bytes += entry.size;
      manifest.add(entry, {});
    }
    manifest.finish();
    writer.flush();
    header.machine = repository_.trust().writer(repository_.writer().public_key())->name;
    header.job = "simulated";
    header.started = header.finished = now;
    header.sequence = 1;
    header.trust_version = repository_.trust().version;
    header.references = manifest.reference_roots();
    const SnapshotBody body{{"/simulated"}, manifest.page_lists(), {}};
    const auto object = encode_snapshot(header, body, writer.session(), repository_.secrets(),
                                        repository_.writer(), repository_.trust().repository);
    repository_.store().put(snapshot_object_name(core::sha256(object)), object);
  }

private:
  Entry file(std::uint64_t number, std::uint64_t first) const {
    Entry entry;
    entry.path = fmt::format("simulated/{:09}", number);
    entry.mode = 0644;
    for (auto chunk = first; chunk < std::min(first + chunks_per_file, chunks_); ++chunk)
      entry.extents.push_back({id_of(chunk), chunk_length});
    entry.size = entry.extents.size() * chunk_length;
    return entry;
  }

  PackInfo write_pack(std::uint64_t& chunk) {
    const Buffer sealed(sealed_size);
    PackWriter pack(repository_.secrets(), scratch_.path());
    for (std::uint64_t block = 0; block < blocks_per_pack && chunk < chunks_; ++block) {
      std::vector<PackChunk> chunks;
      for (; chunks.size() < chunks_per_block && chunk < chunks_; ++chunk)
        chunks.push_back({id_of(chunk), chunk_length});
      pack.add(origin_, ChunkKind::contents, block, sealed, chunks);
    }
    pack.finish();
    pack.store(repository_.store());
    return pack.take_info();
  }

  void write_index(std::vector<PackInfo>& packs) {
    const auto object = encode_index(packs, repository_.secrets());
    repository_.store().put(index_object_name(core::sha256(object)), object);
    packs.clear();
  }

  Repository& repository_;
  const std::uint64_t chunks_;
  const Origin origin_;
  const core::TemporaryDirectory scratch_;
};

} // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: simulate_repository REPOSITORY_URL KEYS_DIRECTORY CHUNKS\n");
    return 2;
  }
  try {
    const core::TemporaryDirectory memory;
    auto repository = Repository::open(storage::open_store(argv[1]), KeyFolder(argv[2]),
                                       {Role::writer}, memory.path());
    Simulation simulation(repository, std::stoull(argv[3]));
    simulation.write_packs();
    simulation.write_snapshot();
    return 0;
  } catch (const std::exception& error) { // the boundary of the program
    fmt::print(stderr, "simulate_repository: {}\n", error.what());
    return 1;
  }
}
