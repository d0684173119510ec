// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/bounded_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

namespace intendance::backupd {
namespace {

std::size_t itself(const std::size_t& value) { return value; }

TEST(BoundedQueue, HoldsSoMuchWeightAndWhatWeighsMoreAlone) {
  BoundedQueue<std::size_t> queue(10, itself);
  std::atomic<int> pushed = 0;
  const std::jthread pusher([&] {
    for (const std::size_t weight : {50, 4, 6, 1}) {
      queue.push(weight);
      ++pushed;
    }
  });
  const auto wait_for = [&](int count) {
    while (pushed < count) std::this_thread::yield();
  };
  wait_for(1);
  EXPECT_EQ(queue.pop(), 50u);
  wait_for(3);
  EXPECT_EQ(pushed, 3) << "ten are in it";
  EXPECT_EQ(queue.pop(), 4u);
  wait_for(4);
  EXPECT_EQ(queue.pop(), 6u);
  EXPECT_EQ(queue.pop(), 1u);
}

TEST(BoundedQueue, GivesWhatBelongsTogetherAtOnce) {
  BoundedQueue<std::size_t> queue(100);
  for (const std::size_t value : {1, 2, 3, 7, 8}) queue.push(value);
  queue.close();
  const auto neighbours = [](const std::vector<std::size_t>& run, std::size_t next) {
    return next == run.back() + 1;
  };
  EXPECT_EQ(queue.pop_run(neighbours), (std::vector<std::size_t>{1, 2, 3}));
  EXPECT_EQ(queue.pop_run(neighbours), (std::vector<std::size_t>{7, 8}));
  EXPECT_TRUE(queue.pop_run(neighbours).empty());
}

TEST(BoundedQueue, TellsWhoeverWaitsWhatFailed) {
  BoundedQueue<std::size_t> queue(1);
  std::jthread waiting([&] {
    EXPECT_THROW(queue.pop_run([](const auto&, const auto&) { return true; }), std::runtime_error);
  });
  queue.fail(std::make_exception_ptr(std::runtime_error("gone")));
  waiting.join();
  EXPECT_THROW(queue.push(1), std::runtime_error);
}

} // namespace
} // namespace intendance::backupd
