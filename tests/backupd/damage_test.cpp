// SPDX-License-Identifier: AGPL-3.0-or-later
// All that can happen to the objects of a small repository, one by one: each damage is found and
// named, and whatever is restored is right or said to be missing.
//
// What is expected of verify(): packs, indexes and snapshots are named whenever they are not what
// they were, trust objects when opening says so already or verify() remarks on them. Deleting a
// snapshot is what forgetting does, and putting one back undoes it: neither is damage. Sessions and
// marks hold nothing that a restore needs, so that they are left to prune.
#include "backupd/engine/backup.hpp"
#include "backupd/engine/restore.hpp"
#include "backupd/engine/verify.hpp"
#include "backupd/repository/announcements.hpp"
#include "backupd/repository/trust_change.hpp"
#include "core/error.hpp"
#include "storage/fault_injection.hpp"
#include "tests/backupd/tree.hpp"
#include "tests/backupd/whole.hpp"

#include <gtest/gtest.h>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;
using Objects = std::map<std::string, std::string>;

std::string kind_of(const std::string& name) { return name.substr(0, name.find('/')); }

class Damage : public ::testing::Test {
protected:
  Damage() : keys_(folder_.path() / "keys") {
    FirstPeople people;
    people.readers = {{"old", AgeIdentity::generate().recipient()}};
    Repository::initialise(*store_, keys_, "web-1", core::system_clock().now(), people);
    for (const auto* name : {"kept", "deep/kept too"}) write(name, 300);
    fs::create_hard_link(source_ / "kept", source_ / "kept under another name");
    snapshots_.push_back(back_up_now());
    trees_.push_back(describe_tree(source_));
    first_ = objects();
    begin_epoch();
    write("new", 400);
    write("deep/empty", 0);
    snapshots_.push_back(back_up_now());
    trees_.push_back(describe_tree(source_));
    put_mark(open(Role::maintainer), "hub", {});
    store_->put("sessions/00112233445566778899aabbccddeeff", core::as_bytes("{}"));
    good_ = objects();
  }

  Repository open(Role role) {
    return Repository::open(std::make_unique<storage::FaultyStore>(*store_), keys_, {role}, {});
  }
  void write(const std::string& name, std::size_t size) {
    fs::create_directories((source_ / name).parent_path());
    core::write_file_atomically(source_ / name,
                                std::string(core::as_text(core::random_bytes(size))));
  }
  std::string back_up_now() {
    auto repository = open(Role::writer);
    BackupRequest request;
    request.job = "tei";
    request.roots = {source_};
    request.state = folder_.path() / "state";
    return core::to_hex(back_up(repository, request, {}).snapshot);
  }
  void begin_epoch() {
    const auto trust = find_trust(*store_, keys_.owner_public(), {});
    auto secrets = open_reader_secrets(trust.document, *keys_.reader());
    auto next = next_version(trust, core::system_clock().now());
    revoke(next, secrets, find_someone(next, "old"), Naming::kept, {});
    seal_secrets(next, secrets);
    store_trust(*store_, next, *keys_.owner(), *keys_.reader());
  }
  Objects objects() {
    Objects found;
    store_->list("", [&](const storage::ObjectInfo& info) {
      found[info.name] = core::as_text(ByteView(*store_->get(info.name, info.size)));
    });
    return found;
  }
  void set(const std::string& name, const std::optional<std::string>& content) {
    store_->remove(name);
    if (content) store_->put(name, core::as_bytes(*content));
  }

  // What is known to be wrong with those objects, by those keys; an error names one of them too.
  std::string told_by(Role role) {
    std::string told;
    damaged_.clear();
    try {
      const auto repository = open(role);
      VerifyOptions options;
      options.read_data = true;
      ChunkIndex index(scratch_.path() / "index");
      const auto report = verify(repository, index, options, {});
      damaged_ = report.damaged;
      for (const auto* each : {&report.findings, &report.remarks})
        for (const auto& finding : *each) told += finding.object + ": " + finding.message + "\n";
    } catch (const core::Error& error) {
      told += error.what();
    }
    return told;
  }

  // Right, or missing and said to be; how much is missing.
  std::size_t expect_right_or_told(std::size_t which, const std::string& damaged) {
    const auto& expected = trees_[which];
    const core::TemporaryDirectory target;
    std::string told;
    auto& all_lost = all_lost_;
    all_lost = false;
    missing_.clear();
    try {
      const auto repository = open(Role::reader);
      std::vector<Finding> findings;
      ChunkIndex index(scratch_.path() / "index");
      repository.update(index, findings);
      const auto snapshot = repository.find_snapshot(snapshots_[which], findings);
      SnapshotReader reader(repository, index, snapshot);
      RestoreRequest wanted;
      wanted.target = target.path() / "out";
      for (const auto& problem : restore(reader, wanted, {}).problems) {
        told += problem.path + "\n";
        all_lost |= problem.message.find("what follows it is lost") != std::string::npos;
      }
    } catch (const core::Error& error) {
      // Whoever asks for one snapshot by name names it.
      all_lost = true;
      const std::string text = error.what();
      EXPECT_TRUE(text.find(damaged) != std::string::npos ||
                  text.find(snapshots_[which].substr(0, 8)) != std::string::npos ||
                  text.find("packs/") != std::string::npos ||
                  text.find("nothing under trust/") != std::string::npos)
          << text;
    }
    const auto root = target.path() / "out" / source_.relative_path();
    const auto found = fs::exists(root) ? describe_tree(root) : Tree();
    for (const auto& [path, text] : found) {
      const auto place = expected.find(path);
      EXPECT_TRUE(place != expected.end() && (place->second == text)) << path << " " << text;
    }
    for (const auto& [path, text] : expected) {
      if (found.contains(path)) continue;
      missing_.insert((source_ / path).string());
      EXPECT_TRUE(all_lost || told.find("/" + path + "\n") != std::string::npos) << path;
    }
    return missing_.size();
  }

  // Whether verify(), which told that, named just the files that a restore could not bring back.
  void expect_told_exactly(std::size_t which, const std::string& told) {
    const auto snapshot =
        snapshot_object_name(core::to_array<32>(core::from_hex(snapshots_[which])));
    if (all_lost_) { // the snapshot, or what follows somewhere in its list of files
      EXPECT_TRUE(!store_->head(snapshot) || told.find(snapshot) != std::string::npos ||
                  told.find("trust/") != std::string::npos)
          << told;
      return;
    }
    std::set<std::string> damaged;
    for (const auto& each : damaged_)
      if (core::to_hex(each.snapshot) == snapshots_[which]) damaged.insert(each.path);
    EXPECT_EQ(damaged, missing_) << told;
  }

  static bool is_announcement(const std::string& name) {
    return kind_of(name) == "sessions" || kind_of(name) == "marks";
  }

  enum class Expect { named, anything };
  // Of a store in which that object is not what it was.
  void check(const std::string& name, Expect expected) {
    ++states_;
    if (expected == Expect::named && !is_announcement(name)) {
      for (const auto role : {Role::reader, Role::maintainer}) {
        const auto told = told_by(role);
        EXPECT_NE(told.find(name), std::string::npos) << "told: " << told;
      }
    }
    const auto first = expect_right_or_told(0, name), second = expect_right_or_told(1, name);
    if (is_announcement(name) || kind_of(name) == "indexes") {
      EXPECT_EQ(first + second, 0u);
    }
    if (kind_of(name) != "trust" && !first_.contains(name)) {
      EXPECT_EQ(first, 0u);
    }
  }
  void check_with(const std::string& name, const std::optional<std::string>& content,
                  Expect expected = Expect::named) {
    set(name, content);
    check(name, expected);
    set(name, good_.at(name));
  }
  void expect_nothing_left() {
    EXPECT_EQ(objects(), good_);
    expect_whole(open(Role::reader));
    for (std::size_t each : {0, 1}) EXPECT_EQ(expect_right_or_told(each, "nothing"), 0u);
  }

  // Each bit, from 0 to 7, of each byte that is wanted.
  void flip(const std::function<bool(std::size_t byte, unsigned bit)>& wanted) {
    for (const auto& [name, content] : good_) {
      for (std::size_t each = 0; each < content.size() * 8; ++each) {
        const auto byte = each / 8;
        const auto bit = static_cast<unsigned>(each % 8);
        if (!wanted(byte, bit)) continue;
        SCOPED_TRACE(name + " byte " + std::to_string(byte) + " bit " + std::to_string(bit));
        auto flipped = content;
        flipped[byte] = static_cast<char>(flipped[byte] ^ (1 << bit));
        check_with(name, flipped);
        if (HasFailure()) return;
      }
    }
    expect_nothing_left();
  }

  core::TemporaryDirectory folder_, scratch_;
  KeyFolder keys_;
  fs::path source_ = folder_.path() / "source";
  std::unique_ptr<storage::ObjectStore> store_ = storage::make_memory_store();
  std::vector<std::string> snapshots_;
  std::vector<Tree> trees_;
  Objects first_, good_;             // after the first backup, and in the end
  std::vector<DamagedFile> damaged_; // as verify() said last
  std::set<std::string> missing_;    // of the last restore, whole paths
  bool all_lost_ = false;            // not only files that it named
  std::size_t states_ = 0;
};

TEST_F(Damage, OfEveryKindOfObjectThereIsOne) {
  std::set<std::string> kinds;
  for (const auto& [name, content] : good_) kinds.insert(kind_of(name));
  EXPECT_EQ(kinds,
            (std::set<std::string>{"indexes", "marks", "packs", "sessions", "snapshots", "trust"}));
  expect_nothing_left();
}

TEST_F(Damage, OfABitIsFound) {
  flip([](std::size_t byte, unsigned bit) { return byte % 211 == 0 && bit == byte / 211 % 8; });
}

// Each takes minutes, in memory (TMPDIR=/dev/shm): by hand, --gtest_also_run_disabled_tests.
class DamageOfEveryByte : public Damage, public testing::WithParamInterface<unsigned> {};
TEST_P(DamageOfEveryByte, DISABLED_IsFound) {
  flip([&](std::size_t, unsigned bit) { return bit == GetParam(); });
  RecordProperty("states", static_cast<int>(states_));
}
INSTANTIATE_TEST_SUITE_P(Bits, DamageOfEveryByte, testing::Range(0u, 8u));

TEST_F(Damage, OfTheLengthIsFound) {
  for (const auto& [name, content] : good_) {
    for (std::size_t size = 0; size < content.size(); size += 401) {
      SCOPED_TRACE(name + " cut to " + std::to_string(size));
      check_with(name, content.substr(0, size));
    }
    SCOPED_TRACE(name + " by one byte");
    check_with(name, content.substr(0, content.size() - 1));
    check_with(name, content + '\0');
    check_with(name, content + content);
  }
  expect_nothing_left();
}

TEST_F(Damage, ByLossOfOneObjectOrTwoIsFound) {
  for (const auto& [name, content] : good_) {
    // Forgetting deletes a snapshot; of a lost index, verify says what makes it anew.
    const auto lone = kind_of(name) == "packs" ? Expect::named : Expect::anything;
    SCOPED_TRACE(name);
    check_with(name, std::nullopt, lone);
    if (kind_of(name) == "indexes") {
      set(name, std::nullopt);
      EXPECT_NE(told_by(Role::maintainer).find("rebuild-index"), std::string::npos);
    }
    set(name, std::nullopt);
    for (const auto& [other, unused] : good_) {
      if (other <= name || is_announcement(other)) continue;
      SCOPED_TRACE(other);
      set(other, std::nullopt);
      ++states_;
      const auto told = told_by(Role::reader);
      for (const std::size_t which : {0, 1}) {
        expect_right_or_told(which, name);
        expect_told_exactly(which, told);
      }
      set(other, good_.at(other));
    }
    set(name, content);
  }
  expect_nothing_left();
}

TEST_F(Damage, ByAnyOtherObjectInItsPlaceIsFound) {
  for (const auto& [name, content] : good_) {
    for (const auto& [other, others] : good_) {
      if (name == other) continue;
      SCOPED_TRACE(name + " holds " + other);
      check_with(name, others);
      if (other < name || is_announcement(name) || is_announcement(other)) continue;
      set(name, others); // and the other way round
      set(other, content);
      ++states_;
      const auto told = told_by(Role::reader);
      EXPECT_NE(told.find(name), std::string::npos) << told;
      expect_right_or_told(0, name);
      expect_right_or_told(1, name);
      set(name, content);
      set(other, others);
    }
  }
  expect_nothing_left();
}

TEST_F(Damage, ByACopyUnderAnotherNameOrKindCostsNothing) {
  for (const auto& [name, content] : good_) {
    for (const auto* kind : {"trust", "packs", "indexes", "snapshots", "sessions", "marks"}) {
      auto place = kind + name.substr(name.find('/'));
      if (place == name) place.back() = place.back() == '0' ? '1' : '0';
      if (good_.contains(place)) continue;
      SCOPED_TRACE(name + " copied to " + place);
      set(place, content);
      ++states_;
      if (!is_announcement(place)) {
        const auto told = told_by(Role::reader);
        EXPECT_NE(told.find(place), std::string::npos) << told;
      }
      for (std::size_t each : {0, 1}) EXPECT_EQ(expect_right_or_told(each, place), 0u);
      store_->remove(place);
    }
  }
  expect_nothing_left();
}

} // namespace
} // namespace intendance::backupd
