// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "storage/at_once.hpp"
#include "storage/counting_store.hpp"
#include "storage/get_each.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>

namespace intendance::storage {
namespace {

// Answers when so many ask at once, or never more will.
class Slow final : public ObjectStore {
public:
  Slow(ObjectStore& inner, unsigned connections) : inner_(inner), connections_(connections) {}
  using ObjectStore::put;
  void put(const std::string& name, const Content& content) override { inner_.put(name, content); }
  std::optional<core::Buffer> get(const std::string& name, std::uint64_t most) override {
    std::unique_lock lock(mutex_);
    most_at_once = std::max(most_at_once, ++asking_);
    changed_.notify_all();
    changed_.wait_for(lock, std::chrono::seconds(5),
                      [&] { return most_at_once >= connections_ || fails(name); });
    --asking_;
    if (fails(name)) throw core::TransientError("away");
    return inner_.get(name, most);
  }
  bool read(const std::string& name, std::uint64_t offset, std::span<std::uint8_t> into) override {
    return inner_.read(name, offset, into);
  }
  void list(const std::string& prefix,
            const std::function<void(const ObjectInfo&)>& visit) override {
    inner_.list(prefix, visit);
  }
  std::optional<ObjectInfo> head(const std::string& name) override { return inner_.head(name); }
  void remove(const std::string& name) override { inner_.remove(name); }
  std::string address() const override { return inner_.address(); }
  unsigned connections() const override { return connections_; }

  unsigned most_at_once = 0;
  std::string failing;

private:
  bool fails(const std::string& name) const { return name == failing; }
  ObjectStore& inner_;
  const unsigned connections_;
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned asking_ = 0;
};

class GetEach : public ::testing::Test {
protected:
  GetEach() {
    for (char each = 'a'; each <= 't'; ++each) {
      names_.emplace_back(1, each);
      memory_->put(names_.back(), core::as_bytes("of " + names_.back()));
    }
  }
  std::unique_ptr<ObjectStore> memory_ = make_memory_store();
  std::vector<std::string> names_;
};

TEST_F(GetEach, SeveralAtOnceAndInOrder) {
  for (const unsigned connections : {1u, 4u, 50u}) {
    SCOPED_TRACE(connections);
    Slow store(*memory_, std::min(connections, 20u));
    std::vector<std::string> used;
    get_each(store, names_, 100, [&](const std::string& name, const Got& got) {
      EXPECT_EQ(core::as_text(*got()), "of " + name);
      used.push_back(name);
    });
    EXPECT_EQ(used, names_);
    EXPECT_EQ(store.most_at_once, store.connections());
  }
}

TEST_F(GetEach, AFailureBelongsToItsObject) {
  Slow store(*memory_, 3);
  store.failing = "c";
  memory_->remove("e");
  unsigned failures = 0, absent = 0;
  get_each(store, names_, 100, [&](const std::string& name, const Got& got) {
    if (name == "c") {
      EXPECT_THROW(got(), core::TransientError);
      ++failures;
    } else {
      absent += got() ? 0 : 1;
    }
  });
  EXPECT_EQ(failures, 1u);
  EXPECT_EQ(absent, 1u);
}

TEST_F(GetEach, EndsWhenItsUserThrows) {
  Slow store(*memory_, 4);
  EXPECT_THROW(get_each(store, names_, 100,
                        [](const std::string&, const Got&) { throw core::Error("enough"); }),
               core::Error);
}

TEST_F(GetEach, OfNothingAsksNothing) {
  CountingStore store(*memory_);
  get_each(store, {}, 100, [](const std::string&, const Got&) { FAIL(); });
  EXPECT_EQ(store.counts().requests(), 0u);
}

TEST_F(GetEach, WorksThatNeedNotWaitForEachOther) {
  Slow store(*memory_, 3);
  std::vector<std::string> got(3);
  const auto work = [&](std::size_t number) {
    return [&, number] { got[number] = core::as_text(*store.get(names_[number], 100)); };
  };
  at_once(store, {work(0), work(1), work(2)});
  EXPECT_EQ(store.most_at_once, 3u);
  EXPECT_EQ(got, (std::vector<std::string>{"of a", "of b", "of c"}));
}

TEST_F(GetEach, WorksOneAfterTheOtherWhereTheStoreWantsIt) {
  std::string order;
  at_once(*memory_, {[&] { order += "a"; }, [&] { order += "b"; }, [&] { order += "c"; }});
  EXPECT_EQ(order, "abc");
}

TEST_F(GetEach, WorksEndBeforeAFailureIsTold) {
  Slow store(*memory_, 2);
  store.failing = "b";
  bool ended = false;
  EXPECT_THROW(at_once(store, {[&] { store.get("b", 100); },
                               [&] {
                                 store.get("a", 100);
                                 ended = true;
                               }}),
               core::TransientError);
  EXPECT_TRUE(ended);
}

} // namespace
} // namespace intendance::storage
