// SPDX-License-Identifier: AGPL-3.0-or-later
// What a prune copies, and what it takes for a copy, without seeing into blocks.
#include "backupd/engine/verify.hpp"
#include "backupd/repository/announcements.hpp"
#include "core/sha256.hpp"
#include "tests/backupd/prune_fixture.hpp"

#include <algorithm>
#include <set>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;

// Packs with the directory of another one, and other bytes in its blocks.
class Counterfeits : public Pruning {
protected:
  Counterfeits() {
    write("file", 300'000);
    back_up_now();
    for (const auto& pack : packs()) originals_.push_back(pack.name);
  }
  std::vector<PackInfo> packs() {
    const auto repository = open(Role::maintainer);
    std::vector<PackInfo> found;
    repository.store().list("packs/", [&](const auto& info) {
      found.push_back(repository.read_pack_info(*digest_of(info.name), info.size));
    });
    return found;
  }
  enum class Bytes { same, other };
  void put_copies(Bytes bytes, std::size_t count) {
    const auto repository = open(Role::maintainer);
    std::vector<PackInfo> copies;
    for (const auto& original : packs()) {
      if (std::find(originals_.begin(), originals_.end(), original.name) == originals_.end())
        continue;
      const auto object = *repository.store().get(pack_object_name(original.name), original.size);
      for (std::size_t each = 0; each < count; ++each) {
        PackWriter writer(repository.secrets(), folder_.path());
        for (const auto& block : original.directory.blocks) {
          const auto stored = ByteView(object).subspan(block.offset, block.stored);
          Buffer sealed(stored.begin(), stored.end());
          if (bytes == Bytes::other) sealed[each % sealed.size()] ^= 1;
          writer.add(original.directory.origins[block.origin], block.kind, block.number, sealed,
                     original.directory.chunks_of(block));
        }
        writer.finish();
        writer.store(repository.store());
        copies.push_back(writer.take_info());
      }
    }
    const auto object = encode_index(copies, repository.secrets());
    repository.store().put(index_object_name(core::sha256(object)), ByteView(object));
  }
  PruneReport prune_originals() {
    put_mark(open(Role::maintainer), "hub", originals_);
    const auto report = prune_now();
    for (const auto& finding : report.findings)
      ADD_FAILURE() << finding.object << ": " << finding.message;
    for (const auto& name : originals_)
      EXPECT_FALSE(open_store()->head(pack_object_name(name))) << core::to_hex(name);
    return report;
  }
  std::vector<PackName> originals_;
};

TEST_F(Counterfeits, AreNoCopies) {
  put_copies(Bytes::other, 3);
  EXPECT_EQ(prune_originals().rescued, originals_.size());
  expect_restores(describe_tree(source_));
}

TEST_F(Counterfeits, DoNotHideATrueCopy) {
  put_copies(Bytes::other, 3);
  put_copies(Bytes::same, 1);
  put_copies(Bytes::other, 3);
  EXPECT_EQ(prune_originals().rescued, 0u);
  expect_restores(describe_tree(source_));
}

// A pack that is rewritten gets a new name: damage in it would be proven to be as it should be.
TEST_F(Pruning, CopiesNoDamage) {
  for (int each = 0; each < 4; ++each) write("f" + std::to_string(each), 1'200'000);
  const auto first = back_up_now();
  for (int each = 1; each < 4; ++each) fs::remove(source_ / ("f" + std::to_string(each)));
  back_up_now();
  forget(first);
  // A bit in every block with contents; which of them are needed does not matter.
  std::set<std::string> damaged;
  const auto repository = open(Role::maintainer);
  repository.store().list("packs/", [&](const auto& info) {
    const auto pack = repository.read_pack_info(*digest_of(info.name), info.size);
    auto bytes = core::read_file(folder_.path() / "store" / info.name, std::size_t{1} << 30);
    for (const auto& block : pack.directory.blocks) {
      if (block.kind != ChunkKind::contents) continue;
      bytes.at(block.offset + block.stored / 2) ^= 1;
      damaged.insert(info.name);
    }
    if (damaged.contains(info.name))
      core::write_file_atomically(folder_.path() / "store" / info.name, bytes);
  });
  ASSERT_FALSE(damaged.empty());
  std::set<std::string> named;
  for (const auto& finding : prune_now().findings) named.insert(finding.object);
  const core::TemporaryDirectory scratch;
  ChunkIndex index(scratch.path());
  VerifyOptions options;
  options.read_data = true;
  std::set<std::string> found;
  for (const auto& finding : verify(open(Role::maintainer), index, options, {}).findings)
    found.insert(finding.object);
  EXPECT_FALSE(named.empty());
  for (const auto& name : named) EXPECT_TRUE(found.contains(name)) << name;
}

} // namespace
} // namespace intendance::backupd
