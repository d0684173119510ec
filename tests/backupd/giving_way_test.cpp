// SPDX-License-Identifier: AGPL-3.0-or-later
// How commands give way to the machine's other work: on the network and on its processors.
#include "backupd/commands.hpp"
#include "backupd/schedule/job_runner.hpp"
#include "core/command.hpp"
#include "core/crypto.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <sstream>
#include <thread>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;
using core::ExitStatus;

class GivingWay : public ::testing::Test {
protected:
  struct Answer {
    ExitStatus status = ExitStatus::done;
    std::string out, err;
  };

  GivingWay() {
    register_commands(line_);
    fs::create_directories(tree_);
    core::write_file_atomically(tree_ / "image", core::as_text(core::random_bytes(contents)));
    EXPECT_EQ(run({"repository", "init", "--machine", "web-1"}).status, ExitStatus::done);
  }

  Answer run(std::vector<std::string> arguments, std::stop_token stop = {}) {
    arguments.push_back("--repository=file://" + (folder_.path() / "store").string());
    arguments.push_back("--keys=" + (folder_.path() / "keys").string());
    arguments.push_back("--state=" + (folder_.path() / "state").string());
    std::ostringstream out, err;
    const auto status = line_.run(arguments, out, err, std::move(stop));
    return {status, out.str(), err.str()};
  }
  std::chrono::duration<double> time_of(const std::vector<std::string>& arguments) {
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(run(arguments).status, ExitStatus::done);
    return std::chrono::steady_clock::now() - before;
  }

  static constexpr std::size_t contents = 500'000;
  core::TemporaryDirectory folder_;
  fs::path tree_ = folder_.path() / "tree";
  core::CommandLine line_;
};

TEST_F(GivingWay, LimitsHoldForEachCommand) {
  const double least = contents / 1e6;
  EXPECT_GE(time_of({"backup", "--paths", tree_.string(), "--limit-upload", "1MB/s"}).count(),
            least);
  const auto target = (folder_.path() / "target").string();
  EXPECT_GE(time_of({"restore", "latest", "--target", target, "--limit-download=1MB/s"}).count(),
            least);
  EXPECT_GE(time_of({"verify", "--read-data", "--limit-download=1MB/s"}).count(), least);
}

// A folder where the run's record should be: the backup is made, and not without a word.
TEST_F(GivingWay, ARunThatCannotBeRememberedIsAWarning) {
  fs::create_directories(folder_.path() / "state/jobs/manual.json");
  const auto answer = run({"backup", "--paths", tree_.string()});
  EXPECT_EQ(answer.status, ExitStatus::warnings);
  EXPECT_NE(answer.err.find("the run cannot be remembered"), std::string::npos) << answer.err;
  EXPECT_EQ(run({"verify", "--read-data"}).status, ExitStatus::done);
}

TEST_F(GivingWay, ALimitThatIsNoneIsRefused) {
  const auto answer = run({"verify", "--limit-download", "fast"});
  EXPECT_EQ(answer.status, ExitStatus::usage);
  EXPECT_TRUE(answer.err.starts_with(
      "intendance: --limit-download: \"fast\" is not a bandwidth\n  allowed: "))
      << answer.err;
  EXPECT_EQ(run({"verify", "--limit-download", "none"}).status, ExitStatus::done);
}

// At this rate the backup would take a quarter of an hour.
TEST_F(GivingWay, StoppingDoesNotWaitForTheLimit) {
  std::stop_source stop;
  auto backup = std::async(std::launch::async, [&] {
    return run({"backup", "--paths", tree_.string(), "--limit-upload", "500B/s"}, stop.get_token());
  });
  const auto sessions = folder_.path() / "store" / "sessions"; // it announced itself
  while (!fs::exists(sessions) || fs::is_empty(sessions)) std::this_thread::yield();
  stop.request_stop();
  ASSERT_EQ(backup.wait_for(std::chrono::seconds(30)), std::future_status::ready);
  EXPECT_EQ(backup.get().status, ExitStatus::failed);
  EXPECT_TRUE(fs::is_empty(sessions)); // and took that back
}

// As ioprio_set(2) and the kernel's linux/ioprio.h have them: class and level.
constexpr int io_who_process = 1;
constexpr int last_of_best_effort = 2 << 13 | 7;
constexpr int idle = 3 << 13 | 7;

// "nice value, I/O priority" of a thread of this process.
using Both = std::pair<int, int>;

Both priorities_of(int thread) {
  return {::getpriority(PRIO_PROCESS, static_cast<id_t>(thread)),
          static_cast<int>(::syscall(SYS_ioprio_get, io_who_process, thread))};
}

std::vector<Both> priorities_of_all_threads() {
  std::vector<Both> all;
  for (const auto& each : fs::directory_iterator("/proc/self/task"))
    all.push_back(priorities_of(std::stoi(each.path().filename().string())));
  return all;
}

// Whoever runs the tests may be nice already.
int at_least(int nice) { return std::max(nice, ::getpriority(PRIO_PROCESS, 0)); }

TEST(PriorityOfAThread, IsInheritedByWhatItStartsAndLeavesTheCallerAlone) {
  const auto before = priorities_of(0);
  Both own, of_thread;
  with_priority({15, IoClass::idle}, [&] {
    own = priorities_of(0);
    std::jthread([&] { of_thread = priorities_of(0); }).join();
  });
  EXPECT_EQ(own, (Both{at_least(15), idle}));
  EXPECT_EQ(of_thread, own);
  EXPECT_EQ(priorities_of(0), before);
  with_priority(full_speed, [&] { own = priorities_of(0); });
  EXPECT_EQ(own, before);
}

TEST(PriorityOfAThread, NeverRises) {
  with_priority({15, IoClass::idle}, [] {
    Both inner;
    with_priority({5, IoClass::best_effort}, [&] { inner = priorities_of(0); });
    EXPECT_EQ(inner, (Both{at_least(15), idle}));
  });
}

TEST(PriorityOfAThread, WhatItThrowsIsTheCallers) {
  EXPECT_THROW(with_priority({}, [] { throw core::CorruptData("x"); }), core::CorruptData);
}

// Looks at the threads of a command that waits for the network.
class PriorityOfACommand : public GivingWay {
protected:
  std::vector<Both> threads_of(std::vector<std::string> arguments) {
    arguments.emplace_back("--limit-upload=500B/s");
    std::stop_source stop;
    auto done = std::async(std::launch::async, [&] { run(arguments, stop.get_token()); });
    auto threads = threads_while_it_stores();
    stop.request_stop();
    done.get();
    return threads;
  }
  // Those that read, compress and store are at work when it announced itself and made its spool.
  std::vector<Both> threads_while_it_stores() {
    for (;;) {
      auto threads = priorities_of_all_threads();
      if (threads.size() >= 6) return threads;
      std::this_thread::yield();
    }
  }
  static auto count(const std::vector<Both>& threads, const Both& wanted) {
    return std::count(threads.begin(), threads.end(), wanted);
  }
};

TEST_F(PriorityOfACommand, ABackupGivesWayWithAllItsThreads) {
  const Both usual{at_least(10), last_of_best_effort};
  EXPECT_GE(count(threads_of({"backup", "--paths", tree_.string()}), usual), 3);
  const Both wanted{at_least(17), last_of_best_effort};
  EXPECT_GE(count(threads_of({"backup", "--nice=17", "--paths", tree_.string()}), wanted), 3);
  const auto ordinary = priorities_of(0);
  const auto full = threads_of({"backup", "--nice=0", "--paths", tree_.string()});
  EXPECT_EQ(count(full, ordinary), static_cast<std::ptrdiff_t>(full.size()));
}

TEST_F(PriorityOfACommand, OfTheScheduleIsThatOfTheConfiguration) {
  JobConfig job;
  job.name = "tei";
  job.repository = {"far",
                    "file://" + (folder_.path() / "store").string(),
                    folder_.path() / "keys",
                    {},
                    {.put = 500}};
  job.paths = {tree_};
  const auto runner = logged_runner({"web-1", folder_.path() / "state", {18, IoClass::idle}});
  std::stop_source stop;
  auto done = std::async(std::launch::async,
                         [&] { EXPECT_THROW(runner(job, stop.get_token()), core::Cancelled); });
  const auto threads = threads_while_it_stores();
  stop.request_stop();
  done.get();
  EXPECT_GE(count(threads, {at_least(18), idle}), 3);
}

TEST_F(GivingWay, ANiceValueThatIsNoneIsRefused) {
  const auto answer = run({"restore", "latest", "--target=x", "--nice=20"});
  EXPECT_EQ(answer.status, ExitStatus::usage);
  EXPECT_EQ(answer.err, "intendance: --nice 20: 0 (full speed) to 19 is wanted\n");
}

} // namespace
} // namespace intendance::backupd
