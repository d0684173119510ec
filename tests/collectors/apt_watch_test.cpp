// SPDX-License-Identifier: AGPL-3.0-or-later
// When the state of apt is computed, with a program that counts its runs instead of apt's library.
#include "collectors/apt/watch.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"
#include "tests/support/child_process.hpp"

#include <gmock/gmock.h>

namespace intendance::collectors {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using testing::HasSubstr;

class AptWatchTest : public ::testing::Test {
protected:
  AptWatchTest() {
    for (const char* folder : {"var/lib/dpkg", "var/lib/apt/lists/partial", "etc/apt", "run"})
      fs::create_directories(root() / folder);
    write("var/lib/dpkg/status", "");
    // One more each time that it runs.
    set_program("echo x >> " + runs().string() + "\necho 'apt_autoremove_pending '$(wc -l < " +
                runs().string() + ")\n");
  }
  fs::path root() const { return folder_.path() / "root"; }
  fs::path runs() const { return folder_.path() / "runs"; }
  void write(const std::string& file, const std::string& text) const {
    core::write_file_atomically(root() / file, text);
  }
  void set_program(const std::string& script) const {
    core::write_file_atomically(folder_.path() / "program", "#!/bin/sh\n" + script, 0700);
  }
  AptWatchOptions options() const {
    AptWatchOptions options;
    options.root = root();
    options.program = folder_.path() / "program";
    options.settled_after = milliseconds(30);
    options.longest_change = milliseconds(300);
    options.failed_is_tried_again_after = milliseconds(100);
    return options;
  }
  static std::optional<double> value(const AptWatch& watch,
                                     const char* name = "apt_autoremove_pending") {
    return sample(watch.collectable()->Collect(), name);
  }
  static bool becomes(const AptWatch& watch, double wanted,
                      const char* name = "apt_autoremove_pending") {
    return test::eventually([&] { return value(watch, name) == wanted; });
  }

  core::TemporaryDirectory folder_;
};

TEST_F(AptWatchTest, ComputesWhenFilesChangeAndAtNoOtherTime) {
  const AptWatch watch(core::system_clock(), options());
  ASSERT_TRUE(becomes(watch, 1));
  EXPECT_EQ(value(watch, "intendance_apt_state_success"), 1);
  EXPECT_GT(value(watch, "intendance_apt_state_computed_timestamp_seconds"), 1.7e9);
  write("var/lib/dpkg/status", "installed");
  ASSERT_TRUE(becomes(watch, 2));
  write("var/lib/apt/lists/Packages", "fetched");
  ASSERT_TRUE(becomes(watch, 3));
  write("etc/apt/preferences", "pinned");
  ASSERT_TRUE(becomes(watch, 4));
  // Of these nobody needs to know; what follows shows that they were not counted.
  write("var/lib/dpkg/lock", "");
  write("var/lib/apt/other", "");
  write("var/lib/apt/extended_states", "installed for another");
  ASSERT_TRUE(becomes(watch, 5));
}

TEST_F(AptWatchTest, AnInstallationIsOneChange) {
  auto patient = options();
  patient.settled_after = milliseconds(400);
  patient.longest_change = milliseconds(60000);
  const AptWatch watch(core::system_clock(), patient);
  for (int each = 0; each < 50; ++each) write("var/lib/dpkg/status", std::to_string(each));
  ASSERT_TRUE(becomes(watch, 1));
  EXPECT_EQ(core::read_file(runs()), "x\n");
}

TEST_F(AptWatchTest, KeepsWhatItKnewWhenItFails) {
  const AptWatch watch(core::system_clock(), options());
  ASSERT_TRUE(becomes(watch, 1));
  for (const char* script : {"echo tables are damaged >&2; exit 1\n", "echo no page of ours\n",
                             "head -c 2000000 /dev/zero\n"}) {
    set_program(script);
    write("var/lib/dpkg/status", script);
    ASSERT_TRUE(becomes(watch, 0, "intendance_apt_state_success")) << script;
    EXPECT_EQ(value(watch), 1);
    set_program("echo apt_autoremove_pending 1\n");
    ASSERT_TRUE(becomes(watch, 1, "intendance_apt_state_success")) << "it is not tried again";
  }
}

TEST_F(AptWatchTest, SaysWhyItKnowsNothing) {
  auto missing = options();
  missing.program = folder_.path() / "not-installed";
  const AptWatch watch(core::system_clock(), missing);
  const auto error = [&]() -> std::string {
    try {
      watch.collectable()->Collect();
      return "";
    } catch (const core::Error& fault) {
      return fault.what();
    }
  };
  ASSERT_TRUE(test::eventually([&] { return !error().empty(); }));
  EXPECT_THAT(error(), HasSubstr("not-installed"));
}

TEST_F(AptWatchTest, IsStoppedWhileTheProgramHangs) {
  set_program("touch " + runs().string() + "; exec sleep 600\n");
  {
    const AptWatch watch(core::system_clock(), options());
    ASSERT_TRUE(test::eventually([&] { return fs::exists(runs()); }));
    EXPECT_EQ(value(watch), std::nullopt);
    EXPECT_EQ(value(watch, "node_reboot_required"), 0);
  } // in far less than ten minutes
}

TEST_F(AptWatchTest, TellsARebootAtOnce) {
  const AptWatch watch(core::system_clock(), options());
  EXPECT_EQ(value(watch, "node_reboot_required"), 0);
  write("run/reboot-required", "");
  EXPECT_EQ(value(watch, "node_reboot_required"), 1);
}

TEST_F(AptWatchTest, AnotherSystemHasNoApt) {
  fs::remove(root() / "var/lib/dpkg/status");
  const AptWatch watch(core::system_clock(), options());
  EXPECT_TRUE(watch.collectable()->Collect().empty());
}

} // namespace
} // namespace intendance::collectors
