// SPDX-License-Identifier: AGPL-3.0-or-later
// How commands give way to the machine's other work: on the network and on its processors.
#include "backupd/commands.hpp"
#include "core/command.hpp"
#include "core/crypto.hpp"
#include "core/file.hpp"

#include <gtest/gtest.h>

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

} // namespace
} // namespace intendance::backupd
