// SPDX-License-Identifier: AGPL-3.0-or-later
// What every store promises, run against each.
#include "core/error.hpp"
#include "storage/counting_store.hpp"
#include "storage/fault_injection.hpp"
#include "storage/limited_store.hpp"
#include "storage/open_store.hpp"
#include "storage/retrying_store.hpp"
#include "storage/stoppable_store.hpp"
#include "tests/support/test_store.hpp"

#include <gtest/gtest.h>

#include <array>
#include <future>

namespace intendance::storage {
namespace {

struct Subject {
  std::unique_ptr<core::TemporaryDirectory> folder;
  std::unique_ptr<ObjectStore> inner; // behind a wrapper
  std::unique_ptr<ObjectStore> store;
};

std::unique_ptr<ObjectStore> wrapped(const std::string& kind, ObjectStore& inner) {
  if (kind == "counting") return std::make_unique<CountingStore>(inner);
  if (kind == "faulty") return std::make_unique<FaultyStore>(inner); // of which nothing was asked
  constexpr std::uint64_t fast = std::uint64_t{1} << 40;             // a second
  return limit_bandwidth(inner, {.put = fast, .get = fast}, core::system_clock());
}

Subject make_subject(const std::string& kind) {
  if (kind == "server") return {nullptr, nullptr, test::make_store()};
  if (kind == "retrying")
    return {nullptr, nullptr, retrying(make_memory_store(), {}, core::system_clock(), {})};
  if (kind == "memory") return {nullptr, nullptr, make_memory_store()};
  if (kind == "stoppable") return {nullptr, nullptr, stoppable(make_memory_store(), {})};
  if (kind != "directory") {
    auto inner = make_memory_store();
    auto& store = *inner;
    return {nullptr, std::move(inner), wrapped(kind, store)};
  }
  auto folder = std::make_unique<core::TemporaryDirectory>();
  auto store = open_store("file://" + (folder->path() / "a/store").string());
  return {std::move(folder), nullptr, std::move(store)};
}

class ObjectStoreConformance : public ::testing::TestWithParam<std::string> {
protected:
  void SetUp() override {
    if (GetParam() == "server" && !test::has_server())
      GTEST_SKIP() << "INTENDANCE_TEST_STORE names no server";
  }

  Subject subject_ = make_subject(GetParam());
  ObjectStore& store_ = *subject_.store;

  void put(const std::string& name, std::string_view text) {
    store_.put(name, core::as_bytes(text));
  }
  std::string get(const std::string& name) {
    const auto bytes = store_.get(name, 1u << 30);
    return bytes ? std::string(core::as_text(*bytes)) : "(absent)";
  }
  std::vector<std::string> names(const std::string& prefix) {
    std::vector<std::string> found;
    store_.list(prefix, [&](const ObjectInfo& info) { found.push_back(info.name); });
    return found;
  }
};

TEST_P(ObjectStoreConformance, GivesBackWhatWasPut) {
  put("packs/3f/3fa9", "hello");
  put("empty", "");
  EXPECT_EQ(get("packs/3f/3fa9"), "hello");
  EXPECT_EQ(get("empty"), "");
  EXPECT_EQ(get("absent"), "(absent)");
  EXPECT_EQ(get("packs/3f"), "(absent)");
  EXPECT_EQ(get("packs/3f/3fa9/more"), "(absent)");
}

TEST_P(ObjectStoreConformance, KeepsLargeObjects) {
  std::string large(5'000'000, 'x');
  for (std::size_t each = 0; each < large.size(); ++each)
    large[each] = static_cast<char>(each * 2654435761u >> 13);
  put("large", large);
  EXPECT_EQ(get("large"), large);
  core::Buffer part(1000);
  ASSERT_TRUE(store_.read("large", 4'000'000, part));
  EXPECT_EQ(core::as_text(part), std::string_view(large).substr(4'000'000, 1000));
}

TEST_P(ObjectStoreConformance, RefusesANameInUse) {
  put("a", "one");
  EXPECT_THROW(put("a", "two"), core::Error);
  EXPECT_EQ(get("a"), "one");
}

TEST_P(ObjectStoreConformance, NeverReadsBeyondTheEnd) {
  put("a", "0123456789");
  std::array<std::uint8_t, 6> six{};
  EXPECT_TRUE(store_.read("a", 4, six));
  EXPECT_EQ(core::as_text(six), "456789");
  EXPECT_TRUE(store_.read("a", 10, {}));
  EXPECT_THROW(store_.read("a", 5, six), core::CorruptData);
  EXPECT_THROW(store_.read("a", 11, {}), core::CorruptData);
  EXPECT_THROW(store_.read("a", ~0ull, six), core::CorruptData);
  EXPECT_THROW(store_.get("a", 9), core::CorruptData);
  EXPECT_FALSE(store_.read("b", 0, six));
}

TEST_P(ObjectStoreConformance, ListsByPrefixInOrder) {
  for (const char* name :
       {"snapshots/b", "snapshots/a", "packs/aa/1", "packs/ab/2", "snapshots.old/c"})
    put(name, "x");
  EXPECT_EQ(names("snapshots/"), (std::vector<std::string>{"snapshots/a", "snapshots/b"}));
  EXPECT_EQ(names("packs/a"), (std::vector<std::string>{"packs/aa/1", "packs/ab/2"}));
  EXPECT_EQ(names("packs/aa/1"), (std::vector<std::string>{"packs/aa/1"}));
  EXPECT_EQ(names("none/"), std::vector<std::string>());
  EXPECT_EQ(names("").size(), 5u);
}

TEST_P(ObjectStoreConformance, TellsSizeAndTime) {
  const auto before = core::system_clock().now() - std::chrono::seconds(2);
  put("a", "12345");
  const auto info = store_.head("a");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size, 5u);
  EXPECT_GE(info->modified, before);
  EXPECT_LE(info->modified, core::system_clock().now() + std::chrono::seconds(2));
  EXPECT_FALSE(store_.head("b"));
}

TEST_P(ObjectStoreConformance, RemovesAndForgivesAbsence) {
  put("a/b", "1");
  store_.remove("a/b");
  store_.remove("a/b");
  EXPECT_EQ(get("a/b"), "(absent)");
  EXPECT_TRUE(names("").empty());
}

TEST_P(ObjectStoreConformance, RemovesManyAtOnce) {
  std::vector<std::string> all;
  for (int each = 100; each < 130; ++each) {
    all.push_back("packs/" + std::to_string(each));
    put(all.back(), "x");
  }
  put("kept", "x");
  all.push_back("absent");
  store_.remove_all(all);
  EXPECT_EQ(names(""), std::vector<std::string>{"kept"});
  EXPECT_EQ(get("packs/100"), "(absent)");
  store_.remove_all(all);
  store_.remove_all({});
  EXPECT_EQ(get("kept"), "x");
}

TEST_P(ObjectStoreConformance, RefusesNamesThatNotEveryStoreCanKeep) {
  for (const char* name :
       {"", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "A", "a b", "a\nb", "é"}) {
    EXPECT_THROW(put(name, "x"), core::Error) << name;
    EXPECT_THROW(store_.get(name, 1), core::Error) << name;
    EXPECT_THROW(store_.remove(name), core::Error) << name;
    EXPECT_THROW(store_.remove_all(std::vector<std::string>{name, "b"}), core::Error) << name;
  }
}

TEST_P(ObjectStoreConformance, SurvivesManyThreads) {
  std::vector<std::future<void>> threads;
  for (int each = 0; each < 4; ++each) {
    threads.push_back(std::async(std::launch::async, [&, each] {
      for (int number = 0; number < 20; ++number)
        put("t" + std::to_string(each) + "/" + std::to_string(number), "x");
    }));
  }
  for (auto& thread : threads) thread.get();
  EXPECT_EQ(names("t").size(), 80u);
}

INSTANTIATE_TEST_SUITE_P(Stores, ObjectStoreConformance,
                         ::testing::Values("memory", "directory", "counting", "faulty", "limited",
                                           "stoppable", "retrying", "server"),
                         [](const auto& each) { return each.param; });

TEST(OpenStore, RefusesWhatIsNoAddress) {
  for (const char* url :
       {"", "file://", "file://relative", "ftp://x/y", "/srv/backup", "swift://", "swift://host",
        "swift:///container", "swift+http://host/", "s3://host"}) {
    EXPECT_THROW(open_store(url), core::ConfigError) << url;
  }
}

TEST(DirectoryStore, LeavesNothingOfAFailedPut) {
  class Failing final : public Content {
    std::uint64_t size() const override { return 3'000'000; }
    void read(std::uint64_t offset, std::span<std::uint8_t>) const override {
      if (offset > 0) throw core::Error("the source is gone");
    }
  };
  const core::TemporaryDirectory folder;
  const auto store = open_directory_store(folder.path());
  EXPECT_THROW(store->put("a", Failing()), core::Error);
  EXPECT_FALSE(store->head("a"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() / ".incoming"));
}

} // namespace
} // namespace intendance::storage
