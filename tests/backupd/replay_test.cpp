// SPDX-License-Identifier: AGPL-3.0-or-later
// Objects of an earlier day put back into the store, one kind after the other and all of them: each
// is named, or does no harm, and nothing else is lost.
#include "backupd/repository/announcements.hpp"
#include "core/sha256.hpp"
#include "tests/backupd/replay_fixture.hpp"

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;

// Two snapshots, of which the first was forgotten and pruned.
class AfterPrune : public Replay {
protected:
  AfterPrune() {
    write("old");
    first_ = back_up_now();
    fs::rename(source_ / "old", folder_.path() / "old");
    write("new");
    second_ = back_up_now();
    tree_ = describe_tree(source_);
    then_ = objects();
    forget(first_);
    const auto report = prune_now();
    EXPECT_GT(report.deleted, 0u);
    EXPECT_EQ(objects("marks/").size(), 0u);
  }
  SnapshotName first_{}, second_{};
  Tree tree_;
  Objects then_; // before it was forgotten
};

TEST_F(AfterPrune, PacksComeBackAndDoNoHarm) {
  ASSERT_GT(put_back(then_, "packs/"), 0u);
  EXPECT_EQ(told(), "");
  expect_restores(second_, tree_);
  write("newest");
  expect_restores(back_up_now(), describe_tree(source_));
  EXPECT_GT(prune_now().deleted, 0u) << "they go again";
  expect_whole();
}

TEST_F(AfterPrune, PacksComeBackWithTheirIndexesAndCanBeBuiltOn) {
  ASSERT_GT(put_back(then_, "packs/"), 0u);
  ASSERT_GT(put_back(then_, "indexes/"), 0u);
  EXPECT_EQ(told(), "");
  expect_restores(second_, tree_);
  fs::rename(folder_.path() / "old", source_ / "old"); // what they hold
  const auto third = back_up_now();
  prune_now();
  expect_whole();
  expect_restores(third, describe_tree(source_));
}

TEST_F(AfterPrune, IndexesComeBackAloneAndAreNamed) {
  ASSERT_GT(put_back(then_, "indexes/"), 0u);
  for (const auto& [name, content] : then_) {
    if (!name.starts_with("packs/") || store_->head(name)) continue;
    EXPECT_TRUE(says(told(), name + ": is gone, and indexes/"));
  }
  expect_restores(second_, tree_);
  // What they say is there is stored again.
  fs::rename(folder_.path() / "old", source_ / "old");
  const auto third = back_up_now();
  expect_restores(third, describe_tree(source_));
  prune_now();
  expect_whole();
  expect_restores(third, describe_tree(source_));
}

TEST_F(AfterPrune, TheSnapshotComesBackWithoutItsChunksAndIsNamed) {
  ASSERT_EQ(put_back(then_, "snapshots/"), 1u);
  const auto name = snapshot_object_name(first_);
  EXPECT_TRUE(says(told(), name));
  expect_restores(second_, tree_);
  EXPECT_EQ(open(Role::reader).find_snapshot("latest").name, second_);
  write("newest");
  const auto third = back_up_now();
  expect_restores(third, describe_tree(source_));
  // Nothing is deleted as long as it is there, and what to do is said.
  const auto before = objects();
  try {
    prune_now();
    ADD_FAILURE() << "what it needs is not there";
  } catch (const core::Error& error) {
    EXPECT_TRUE(says(error.what(), name));
    EXPECT_TRUE(says(error.what(), "forget"));
  }
  EXPECT_EQ(objects(), before);
  forget(first_);
  prune_now();
  expect_whole();
  expect_restores(third, describe_tree(source_));
}

// Putting a snapshot back undoes forgetting, as long as its chunks are there.
TEST_F(Replay, ASnapshotThatWasOnlyForgottenIsThereAgain) {
  write("old");
  const auto first = back_up_now();
  const auto tree = describe_tree(source_);
  write("old");
  back_up_now();
  const auto then = objects();
  forget(first);
  put_back(then, "snapshots/");
  EXPECT_EQ(told(), "");
  prune_now();
  expect_restores(first, tree);
}

// The store and the machine were put back to the same day, each went on from there, and then came
// what was lost: two snapshots have one number.
TEST_F(Replay, ASnapshotOfAnotherLifeIsNamed) {
  write("file");
  back_up_now();
  const auto then = objects();
  fs::copy(folder_.path() / "state", folder_.path() / "state then", fs::copy_options::recursive);
  write("of the first life");
  const auto lost = back_up_now();
  const auto lost_tree = describe_tree(source_);
  const auto first_life = objects();

  roll_back(then);
  write("of the second life");
  const auto again = back_up_by("state then");
  EXPECT_EQ(again.header.sequence, 2u);
  EXPECT_EQ(text_of(again.findings), "") << "neither remembers";
  const auto again_tree = describe_tree(source_);
  put_back(first_life, "");

  EXPECT_TRUE(says(told(), "is number 2 of its writer, and so is snapshots/"));
  write("later");
  const auto third = back_up_by("state then");
  EXPECT_EQ(third.header.sequence, 3u);
  prune_now();
  expect_restores(lost, lost_tree);
  expect_restores(again.snapshot, again_tree);
  expect_restores(third.snapshot, describe_tree(source_));
}

TEST_F(Replay, YesterdaysStoreIsNoticedByTheMachine) {
  write("file");
  back_up_now();
  const auto yesterday = objects();
  write("today");
  const auto lost = back_up_now();
  roll_back(yesterday);

  write("later");
  const auto next = back_up_by("state");
  EXPECT_TRUE(says(text_of(next.findings), snapshot_object_name(lost) + ": is gone"));
  EXPECT_EQ(next.header.sequence, 3u);
  EXPECT_EQ(next.header.previous, lost);
  expect_whole();
  expect_restores(next.snapshot, describe_tree(source_));
  EXPECT_EQ(text_of(back_up_by("state").findings), "") << "said once";
}

TEST_F(Replay, AnEndedSessionOnlyMakesPrunesWait) {
  write("old");
  const auto first = back_up_now();
  Objects then;
  {
    const auto repository = open(Role::writer);
    const Session session(repository, "web-1", "tei");
    then = objects("sessions/");
  }
  write("old");
  const auto second = back_up_now();
  forget(first);
  ASSERT_EQ(put_back(then, "sessions/"), 1u);
  const auto report = prune_now();
  EXPECT_EQ(report.sessions, 1u);
  EXPECT_EQ(report.deleted, 0u);
  EXPECT_EQ(told(), "");
  expect_restores(second, describe_tree(source_));
  expect_restores(back_up_now(), describe_tree(source_));
}

TEST_F(Replay, AMarkThatWasSweptDoesNoHarm) {
  write("old");
  const auto first = back_up_now();
  write("old");
  const auto second = back_up_now();
  {
    const auto repository = open(Role::maintainer);
    std::vector<PackName> all;
    for (const auto& [name, content] : objects("packs/")) all.push_back(*digest_of(name));
    put_mark(repository, "hub", all);
  }
  const auto then = objects("marks/");
  const auto packs = objects("packs/");
  forget(first);
  prune_now();
  EXPECT_EQ(objects("marks/").size(), 0u);

  ASSERT_EQ(put_back(then, "marks/"), 1u);
  expect_restores(second, describe_tree(source_));
  expect_restores(back_up_now(), describe_tree(source_));
  prune_now();
  EXPECT_EQ(objects("marks/").size(), 0u) << "none of its packs is there";
  expect_whole();

  // With the packs that it names: they go again, and nothing is built on them meanwhile.
  put_back(packs, "packs/");
  put_back(then, "marks/");
  write("newest");
  const auto third = back_up_now();
  prune_now();
  EXPECT_EQ(objects("marks/").size(), 0u);
  expect_whole();
  expect_restores(third, describe_tree(source_));
}

// A writer's number that leaves no room for another.
TEST_F(Replay, TheLastNumberOfAllIsNotFollowed) {
  write("file");
  const auto first = back_up_by("state");
  const auto repository = open(Role::reader);
  const auto writer = open(Role::writer);
  for (const auto number : {~std::uint64_t{0}, ~std::uint64_t{0} - 1, std::uint64_t{0}}) {
    auto header = repository.find_snapshot(core::to_hex(first.snapshot)).header;
    header.sequence = number;
    const auto object = encode_snapshot(header, {}, begin_session(writer.trust()), writer.secrets(),
                                        writer.writer(), writer.trust().repository);
    store_->put(snapshot_object_name(core::sha256(object)), core::ByteView(object));
  }
  const auto next = back_up_by("state");
  EXPECT_EQ(next.header.sequence, 2u);
  EXPECT_EQ(next.header.previous, first.snapshot);
  EXPECT_TRUE(says(text_of(next.findings), "is number 18446744073709551615 of this writer"));
  EXPECT_TRUE(says(text_of(next.findings), "is number 18446744073709551614 of this writer"));
  EXPECT_TRUE(says(told(), "is number 0, and writers begin with 1"));
  expect_restores(next.snapshot, describe_tree(source_));
}

} // namespace
} // namespace intendance::backupd
