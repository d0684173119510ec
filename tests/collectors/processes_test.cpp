// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/processes.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace intendance::collectors {
namespace {

TEST(ProcessState, ReadsAroundAnyCommandName) {
  const auto real = parse_process_state(captured("self/stat"));
  EXPECT_EQ(real.state, "R");
  EXPECT_EQ(real.threads, 1u);
  const auto named =
      parse_process_state("7 (a) S (b) Z 1 1 1 0 -1 0 0 0 0 0 150 50 0 0 20 0 42 0 300 4096 2\n");
  EXPECT_EQ(named.state, "Z");
  EXPECT_EQ(named.threads, 42u);
}

TEST(ProcessState, RefusesWhatIsCut) {
  for (const char* text : {"", "7 (cat", "7 (cat)", "7 (cat) RR 1", "7 (cat) S 1 1 1 0 -1 0 0"})
    EXPECT_THROW(parse_process_state(text), core::CorruptData) << text;
}

TEST(Processes, CountsTheNumberedFolders) {
  const core::TemporaryDirectory proc;
  const auto add = [&](const char* number, const char* state, int threads) {
    std::filesystem::create_directory(proc.path() / number);
    core::write_file_atomically(proc.path() / number / "stat",
                                std::string(number) + " (x) " + state +
                                    " 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 " +
                                    std::to_string(threads) + " 0 300 4096 2\n");
  };
  std::filesystem::create_directories(proc.path() / "sys" / "kernel");
  core::write_file_atomically(proc.path() / "sys/kernel/pid_max", "32768\n");
  add("1", "S", 3);
  add("20", "R", 1);
  add("300", "S", 2);
  std::filesystem::create_directory(proc.path() / "4000"); // has ended since it was listed
  std::filesystem::create_directory(proc.path() / "self");
  const auto collector = processes_collector({proc.path(), proc.path()});
  const auto first = collector->Collect();
  EXPECT_EQ(sample(first, "node_processes_pids"), 3);
  EXPECT_EQ(sample(first, "node_processes_threads"), 6);
  EXPECT_EQ(sample(first, "node_processes_state", {{"state", "S"}}), 2);
  EXPECT_EQ(sample(first, "node_processes_state", {{"state", "R"}}), 1);
  EXPECT_EQ(sample(first, "node_processes_max_processes"), 32768);
  EXPECT_EQ(sample_count(first, "node_processes_max_threads"), 0u);

  std::filesystem::remove_all(proc.path() / "300");
  add("5", "Z", 1);
  const auto second = collector->Collect();
  EXPECT_EQ(sample(second, "node_processes_pids"), 3);
  EXPECT_EQ(sample(second, "node_processes_state", {{"state", "Z"}}), 1);
}

TEST(Processes, SeesAChildComeAndGo) {
  const auto collector = processes_collector({});
  const auto zombies = [&] {
    return sample(collector->Collect(), "node_processes_state", {{"state", "Z"}}).value_or(0);
  };
  const auto before = zombies();
  const auto child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  collector->Collect(); // its file is open from here on
  ::kill(child, SIGKILL);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  const auto between = zombies();
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_GE(between, 1);
  EXPECT_GE(before, 0);
  EXPECT_GE(sample(collector->Collect(), "node_processes_pids").value_or(0), 1);
}

} // namespace
} // namespace intendance::collectors
