// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/upkeep.hpp"
#include "backupd/repository/catalogue.hpp"
#include "core/sha256.hpp"
#include "storage/counting_store.hpp"

#include <gtest/gtest.h>

namespace intendance::backupd {
namespace {

class Catalogue : public ::testing::Test {
protected:
  struct Place {
    Place() : keys(folder.path()) {
      Repository::initialise(*store, keys, "web-1", core::system_clock().now());
    }
    Repository open(Role role) {
      counting = new storage::CountingStore(*store);
      return Repository::open(std::unique_ptr<storage::ObjectStore>(counting), keys, {role}, {});
    }
    // Of this place's machine, with nothing in it.
    std::string put_snapshot(std::uint64_t sequence) {
      const auto repository = open(Role::writer);
      SnapshotHeader header;
      header.machine = "web-1";
      header.job = "tei";
      header.started = core::parse_utc("2026-11-23T02:15:31Z") + std::chrono::hours(sequence);
      header.finished = header.started;
      header.sequence = sequence;
      header.trust_version = 1;
      const auto object =
          encode_snapshot(header, {}, begin_session(repository.trust()), repository.secrets(),
                          repository.writer(), repository.trust().repository);
      const auto name = snapshot_object_name(core::sha256(object));
      store->put(name, ByteView(object));
      return name;
    }
    std::vector<std::string> names(const std::string& prefix) {
      std::vector<std::string> found;
      store->list(prefix, [&](const auto& info) { found.push_back(info.name); });
      return found;
    }

    core::TemporaryDirectory folder;
    std::unique_ptr<storage::ObjectStore> store = storage::make_memory_store();
    KeyFolder keys;
    storage::CountingStore* counting = nullptr; // of the repository opened last
  };

  void put_snapshots(std::uint64_t count) {
    for (; count > 0; --count) names_.push_back(place_.put_snapshot(names_.size() + 1));
  }
  // How many are listed, by how many requests.
  std::pair<std::size_t, std::uint64_t> listed(Role role = Role::maintainer) {
    const auto repository = place_.open(role);
    const auto before = place_.counting->counts().requests();
    findings_.clear();
    const auto count = repository.snapshots(findings_).size();
    return {count, place_.counting->counts().requests() - before};
  }

  Place place_;
  std::vector<std::string> names_; // of snapshots
  std::vector<Finding> findings_;
};

TEST_F(Catalogue, ListsManySnapshotsByFewRequests) {
  put_snapshots(300);
  EXPECT_EQ(listed(), std::pair(std::size_t{300}, std::uint64_t{302}));
  EXPECT_EQ(write_catalogues(*place_.store, {}), 300u);
  for (const auto role : {Role::maintainer, Role::reader, Role::writer}) {
    const auto [count, requests] = listed(role);
    EXPECT_EQ(count, 300u);
    EXPECT_LE(requests, 4u);
  }
  EXPECT_TRUE(findings_.empty());
  put_snapshots(20); // too few for another
  EXPECT_EQ(write_catalogues(*place_.store, {}), 0u);
  EXPECT_EQ(listed(), std::pair(std::size_t{320}, std::uint64_t{23}));
}

TEST_F(Catalogue, ForgottenSnapshotsAreNotListed) {
  put_snapshots(40);
  write_catalogues(*place_.store, {});
  place_.store->remove(names_[7]);
  EXPECT_EQ(listed().first, 39u);
}

TEST_F(Catalogue, DamageCostsRequestsAlone) {
  put_snapshots(40);
  write_catalogues(*place_.store, {});
  const auto name = place_.names("catalogues/").at(0);
  auto bytes = *place_.store->get(name, 1u << 30);
  for (const std::size_t at : {std::size_t{0}, std::size_t{17}, bytes.size() / 2}) {
    SCOPED_TRACE(at);
    auto changed = bytes;
    changed[at] ^= 1;
    place_.store->remove(name);
    place_.store->put(name, ByteView(changed));
    EXPECT_EQ(listed().first, 40u);
  }
  place_.store->remove(name);
  place_.store->put(name, ByteView(bytes).first(bytes.size() - 10));
  EXPECT_EQ(listed().first, 40u);
  ASSERT_EQ(findings_.size(), 1u);
  EXPECT_EQ(findings_[0].object, name);
  // It is made anew.
  EXPECT_EQ(write_catalogues(*place_.store, {}), 40u);
  EXPECT_EQ(listed().first, 40u);
  EXPECT_TRUE(findings_.empty());
}

// Who can write there puts copies of what nobody here trusts, or of nothing.
TEST_F(Catalogue, StrangersCopiesAreNotListed) {
  put_snapshots(40);
  Place other;
  for (std::uint64_t each = 1; each <= 40; ++each) other.put_snapshot(each);
  write_catalogues(*other.store, {});
  for (const auto& name : other.names("catalogues/"))
    place_.store->put(name, ByteView(*other.store->get(name, 1u << 30)));
  EXPECT_EQ(listed().first, 40u);
  // Not even where their snapshots are too.
  for (const auto& name : other.names("snapshots/"))
    place_.store->put(name, ByteView(*other.store->get(name, 1u << 20)));
  EXPECT_EQ(listed().first, 40u);
  EXPECT_EQ(findings_.size(), 40u);
}

TEST_F(Catalogue, WhoeverVerifiesReadsTheSnapshotsThemselves) {
  put_snapshots(40);
  write_catalogues(*place_.store, {});
  auto bytes = *place_.store->get(names_[3], 1u << 20);
  bytes.back() ^= 1;
  place_.store->remove(names_[3]);
  place_.store->put(names_[3], ByteView(bytes));
  EXPECT_EQ(listed().first, 40u);
  const core::TemporaryDirectory scratch;
  const auto report = verify_in(scratch.path(), place_.open(Role::maintainer), {}, {});
  EXPECT_EQ(report.snapshots, 39u);
  ASSERT_FALSE(report.findings.empty());
  EXPECT_EQ(report.findings[0].object, names_[3]);
}

TEST_F(Catalogue, ManyAndOldOnesAreGathered) {
  for (int each = 0; each < 18; ++each) {
    put_snapshots(32);
    write_catalogues(*place_.store, {});
  }
  EXPECT_LE(place_.names("catalogues/").size(), 2u);
  EXPECT_EQ(listed().first, 576u);
  for (std::size_t each = 0; each < 300; ++each) place_.store->remove(names_[each]);
  EXPECT_EQ(write_catalogues(*place_.store, {}), 276u);
  EXPECT_EQ(place_.names("catalogues/").size(), 1u);
  EXPECT_EQ(listed().first, 276u);
  EXPECT_LE(listed().second, 4u);
  EXPECT_EQ(write_catalogues(*place_.store, {}), 0u);
}

TEST_F(Catalogue, APruneWritesThem) {
  put_snapshots(32);
  const core::TemporaryDirectory scratch;
  PruneOptions options;
  options.machine = "hub";
  options.dry_run = true;
  prune_in(scratch.path(), place_.open(Role::maintainer), options, {});
  EXPECT_TRUE(place_.names("catalogues/").empty());
  options.dry_run = false;
  prune_in(scratch.path(), place_.open(Role::maintainer), options, {});
  EXPECT_EQ(place_.names("catalogues/").size(), 1u);
}

} // namespace
} // namespace intendance::backupd
