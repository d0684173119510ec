// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "core/process.hpp"

#include <gtest/gtest.h>

namespace intendance::core {
namespace {

std::string message_of(const std::vector<std::string>& arguments) {
  try {
    run_program(arguments, [](ByteView) {}, {});
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(RunProgram, StreamsWhatItPrints) {
  std::size_t total = 0;
  run_program({"head", "-c", "3000000", "/dev/zero"},
              [&](ByteView bytes) { total += bytes.size(); }, {});
  EXPECT_EQ(total, 3'000'000u);
}

TEST(RunProgram, TellsWhyItFailed) {
  EXPECT_EQ(message_of({"sh", "-c", "echo out; echo why >&2; exit 3"}),
            "sh ended with status 3: why");
  EXPECT_EQ(message_of({"sh", "-c", "kill -9 $$"}), "sh ended with signal 9: it said nothing");
  EXPECT_NE(message_of({"no-such-program"}).find("cannot start no-such-program"),
            std::string::npos);
}

TEST(RunProgram, KeepsOnlyTheEndOfALongComplaint) {
  const auto message = message_of(
      {"sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x >&2; echo the end >&2; exit 1"});
  EXPECT_LT(message.size(), 2200u);
  EXPECT_TRUE(message.ends_with("the end"));
}

TEST(RunProgram, EndsWithWhoeverReadsIt) {
  EXPECT_THROW(run_program({"yes"}, [](ByteView) { throw Error("full"); }, {}), Error);
  std::stop_source stop;
  EXPECT_THROW(run_program(
                   {"yes"}, [&](ByteView) { stop.request_stop(); }, stop.get_token()),
               Cancelled);
}

} // namespace
} // namespace intendance::core
