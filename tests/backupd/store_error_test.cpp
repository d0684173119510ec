// SPDX-License-Identifier: AGPL-3.0-or-later
// Every request that a command makes to its store fails once: the command says so and names what
// it was about, every snapshot still restores bit for bit, and the same command again does its
// work. Backups, prunes and restores are tried likewise in engine_test and crash_test.
#include "tests/backupd/store_error_fixture.hpp"
#include "tests/backupd/tree.hpp"

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;
using core::ExitStatus;

TEST_F(StoreErrors, WhileListingAndReading) {
  make_repository();
  const auto changing = changing_file();
  for (const auto& command :
       {Arguments{"snapshots", "--json"}, Arguments{"ls", "latest"}, Arguments{"find", "changing"},
        Arguments{"diff", "latest", "latest"}, Arguments{"cat", "latest", changing},
        Arguments{"repository", "info"}}) {
    const auto expected = run(whole_, command).out;
    at_every_request(command, {.after =
                                   [&](const Place&, const Answer& answer) {
                                     if (answer.status == ExitStatus::done) {
                                       EXPECT_EQ(answer.out, expected);
                                     }
                                   },
                               .again =
                                   [&](const Place&, const Answer& answer) {
                                     EXPECT_EQ(answer.status, ExitStatus::done) << answer.err;
                                     EXPECT_EQ(answer.out, expected);
                                   },
                               .at_least = 2});
  }
}

TEST_F(StoreErrors, WhileVerifying) {
  make_repository();
  for (const auto& command : {Arguments{"verify"}, Arguments{"verify", "--read-data"}}) {
    at_every_request(command, {.again = [&](const Place& place, const Answer& answer) {
                       EXPECT_EQ(answer.status, ExitStatus::done) << answer.out << answer.err;
                       EXPECT_EQ(objects_of(place), objects_of(whole_));
                     }});
  }
}

TEST_F(StoreErrors, WhileForgetting) {
  make_repository();
  at_every_request({"forget", "--keep-last", "1"},
                   {.after =
                        [&](const Place& place, const Answer&) {
                          const auto names = names_of(place);
                          EXPECT_TRUE(names.contains(newest_));
                          expect_restores(place, names);
                        },
                    .again =
                        [&](const Place& place, const Answer& answer) {
                          EXPECT_EQ(answer.status, ExitStatus::done) << answer.err;
                          EXPECT_EQ(names_of(place), std::set<std::string>{newest_});
                        }});
}

TEST_F(StoreErrors, WhileRebuildingIndexes) {
  make_repository();
  auto without = copy_of(whole_);
  fs::rename(without.folder, folder_.path() / "without");
  without.folder = folder_.path() / "without";
  std::vector<std::string> indexes;
  without.store->list("indexes/", [&](const auto& info) { indexes.push_back(info.name); });
  for (const auto& each : indexes) without.store->remove(each);
  for (const auto* place : {&whole_, &without}) {
    at_every_request({"repository", "rebuild-index"},
                     {.after =
                          [&](const Place& made, const Answer&) {
                            if (place == &whole_) expect_restores(made, all());
                          },
                      .again =
                          [&](const Place& made, const Answer& answer) {
                            EXPECT_EQ(answer.status, ExitStatus::done) << answer.err;
                            expect_restores(made, all());
                          }},
                     place);
  }
}

TEST_F(StoreErrors, WhileRepairing) {
  make_repository();
  std::set<std::string> before;
  whole_.store->list("packs/", [&](const auto& info) { before.insert(info.name); });
  const auto undamaged = all();
  write("lost", 300'000);
  back_up();
  auto rest = trees_.at(newest_);
  rest.erase("lost");
  std::string largest;
  std::uint64_t size = 0;
  const auto reader = open(whole_);
  // The pack with the contents alone, so that the list of files stays.
  whole_.store->list("packs/", [&](const auto& info) {
    if (before.contains(info.name) || info.size < size) return;
    size = info.size;
    largest = info.name;
  });
  ASSERT_GT(size, 300'000u);
  auto bytes = *whole_.store->get(largest, size);
  const auto pack = reader.read_pack_info(*digest_of(largest), size);
  bool damaged = false;
  for (const auto& block : pack.directory.blocks) {
    if (block.kind != ChunkKind::contents || damaged) continue;
    bytes.at(block.offset + block.stored / 2) ^= 1;
    damaged = true;
  }
  whole_.store->remove(largest);
  whole_.store->put(largest, ByteView(bytes));
  at_every_request({"repository", "repair"},
                   {.after =
                        [&](const Place& place, const Answer&) {
                          for (const auto& name : undamaged)
                            EXPECT_TRUE(names_of(place).contains(name));
                        },
                    .again =
                        [&](const Place& place, Answer answer) {
                          // Packs that were stored and not yet named.
                          if (answer.err.find("rebuild-index") != std::string::npos) {
                            run(place, {"repository", "rebuild-index"});
                            answer = run(place, {"repository", "repair"});
                          }
                          EXPECT_EQ(answer.status, ExitStatus::warnings) << answer.err;
                          // The damaged one stays; the rest was stored once.
                          EXPECT_EQ(names_of(place).size(), undamaged.size() + 2);
                          EXPECT_EQ(restored_tree(open(place), "latest", tree_), rest);
                        },
                    .error_is_damage = true});
}

} // namespace
} // namespace intendance::backupd
