// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/failure_memory.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace intendance::collectors {
namespace {

using namespace std::chrono_literals;

const core::TimePoint start = core::parse_utc("2026-11-23T08:00:00Z");

CheckOutcome check_at(core::TimePoint when, std::optional<ProbeReason> reason,
                      const std::string& name = "items") {
  CheckOutcome check;
  check.check = name;
  check.checked = when;
  if (reason) check.failure = ProbeFailure{ProbePhase::response, *reason, "500, not 200"};
  return check;
}

ProbeOutcome outcome_of(std::vector<CheckOutcome> checks) {
  ProbeOutcome outcome;
  outcome.checked = checks.front().checked;
  outcome.checks = std::move(checks);
  return outcome;
}

ProbeOutcome at(std::chrono::minutes after_start, std::optional<ProbeReason> reason) {
  return outcome_of({check_at(start + after_start, reason)});
}

TEST(Remember, OneEntryForAsLongAsItFailsTheSameWay) {
  Failures failures;
  EXPECT_EQ(remember(failures, at(0min, std::nullopt)), Change::none);
  EXPECT_EQ(remember(failures, at(1min, ProbeReason::bad_status)), Change::news);
  EXPECT_EQ(remember(failures, at(2min, ProbeReason::bad_status)), Change::longer);
  EXPECT_EQ(remember(failures, at(2min, ProbeReason::bad_status)), Change::none); // not its turn
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].first, start + 1min);
  EXPECT_EQ(failures[0].last, start + 2min);
  EXPECT_EQ(failures[0].times, 2u);
  EXPECT_EQ(failures[0].reason, "bad_status");
  auto other = at(2min, ProbeReason::bad_status);
  other.checks[0].checked += 1s;
  other.checks[0].failure->detail = "502, not 200";
  EXPECT_EQ(remember(failures, other), Change::longer); // the same reason; the newest detail
  EXPECT_EQ(failures[0].detail, "502, not 200");
  // Another reason, and the same one again after a success, are entries of their own.
  EXPECT_EQ(remember(failures, at(3min, ProbeReason::timeout)), Change::news);
  EXPECT_EQ(remember(failures, at(4min, std::nullopt)), Change::news);
  EXPECT_EQ(remember(failures, at(5min, std::nullopt)), Change::none);
  EXPECT_EQ(remember(failures, at(6min, ProbeReason::timeout)), Change::news);
  ASSERT_EQ(failures.size(), 3u);
  EXPECT_EQ(failures[2].first, start + 6min);
}

TEST(Remember, EachCheckByItself) {
  Failures failures;
  auto skipped = check_at(start, std::nullopt, "page");
  for (int each = 0; each < 3; ++each) {
    skipped.not_asked = each == 1 ? NotAsked::no_answer_before : NotAsked::asked;
    if (each != 1) skipped.failure = ProbeFailure{};
    skipped.checked = start + std::chrono::minutes(each);
    remember(failures, outcome_of({check_at(skipped.checked, ProbeReason::timeout), skipped}));
    skipped.failure.reset();
  }
  ASSERT_EQ(failures.size(), 2u);
  EXPECT_EQ(failures[0].times, 3u);
  EXPECT_EQ(failures[1].check, "page");
  EXPECT_EQ(failures[1].times, 2u); // what is not asked ends nothing
}

TEST(Remember, TheLast32) {
  Failures failures;
  for (int each = 0; each < 100; ++each)
    remember(failures, at(std::chrono::minutes(each),
                          each % 2 == 0 ? ProbeReason::timeout : ProbeReason::bad_status));
  ASSERT_EQ(failures.size(), 32u);
  EXPECT_EQ(failures.front().first, start + 68min);
  EXPECT_EQ(failures.back().first, start + 99min);
}

class KeptFailures : public testing::Test {
protected:
  FailureFolder folder() const { return FailureFolder(state_.path()); }
  std::filesystem::path file(const std::string& name) const {
    return state_.path() / "probes" / name;
  }
  core::TemporaryDirectory state_;
};

TEST_F(KeptFailures, OutlastARestart) {
  {
    FailureMemory memory(folder(), "expositions");
    memory.add(at(0min, ProbeReason::timeout));
    memory.add(at(1min, ProbeReason::timeout)); // lengthens: written when it ends
  }
  FailureMemory again(folder(), "expositions");
  ASSERT_EQ(again.failures()->size(), 1u);
  EXPECT_EQ(again.failures()->front().first, start);
  EXPECT_EQ(again.failures()->front().last, start + 1min);
  EXPECT_EQ(again.failures()->front().times, 2u);
  // What goes on after a restart is another entry: nobody looked in between.
  again.add(at(9min, ProbeReason::timeout));
  EXPECT_EQ(again.failures()->size(), 2u);
}

TEST_F(KeptFailures, AreWrittenWhenTheyBeginAndSeldomAfter) {
  FailureMemory memory(folder(), "s");
  const auto kept = [&] { return folder().load("s").at(0).times; };
  memory.add(at(0min, ProbeReason::timeout));
  EXPECT_EQ(kept(), 1u);
  memory.add(at(4min, ProbeReason::timeout));
  EXPECT_EQ(kept(), 1u);
  memory.add(at(5min, ProbeReason::timeout));
  EXPECT_EQ(kept(), 3u);
  memory.add(at(6min, ProbeReason::timeout));
  memory.add(at(7min, std::nullopt)); // it is over
  EXPECT_EQ(kept(), 4u);
}

TEST_F(KeptFailures, EachServiceHasAFileThatNoNameLeavesTheFolderBy) {
  for (const char* name : {"..", "a/b", "é", "a.b"}) {
    folder().store(name, {});
    EXPECT_TRUE(folder().load(name).empty());
  }
  EXPECT_TRUE(std::filesystem::exists(file("%2e%2e.json")));
  EXPECT_TRUE(std::filesystem::exists(file("a%2fb.json")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(state_.path() / "probes"), {}), 4);
}

TEST_F(KeptFailures, ADamagedFileIsSaidAndBegunAnew) {
  folder().store("s", {});
  for (const char* damaged :
       {"", "{", "[]", R"({"failures":7})", R"({"failures":[{"check":1}]})",
        R"({"failures":[{"check":"a","phase":"b","reason":"c","detail":"d","first":"yesterday",
            "last":"2026-11-23T08:00:00Z","times":1}]})",
        "\xFF\xFE\x00"}) {
    std::ofstream(file("s.json")) << damaged;
    EXPECT_THROW(folder().load("s"), core::CorruptData) << damaged;
  }
  testing::internal::CaptureStderr();
  FailureMemory memory(folder(), "s");
  EXPECT_NE(testing::internal::GetCapturedStderr().find("starting anew"), std::string::npos);
  EXPECT_TRUE(memory.failures()->empty());
  memory.add(at(0min, ProbeReason::timeout));
  EXPECT_EQ(folder().load("s").size(), 1u);
}

TEST_F(KeptFailures, AFileThatGrewIsReadNoFurtherThan32) {
  Failures many(100, {"items", "response", "timeout", "", start, start, 1, true});
  many.back().check = "newest";
  folder().store("s", many);
  EXPECT_EQ(folder().load("s").size(), 32u);
  EXPECT_EQ(folder().load("s").back().check, "newest");
  std::ofstream(file("s.json")) << std::string(std::size_t{1} << 19, ' ');
  EXPECT_THROW(folder().load("s"), core::Error);
}

TEST_F(KeptFailures, WithoutAFolderItStillRemembers) {
  std::ofstream(state_.path() / "probes") << "a file in its place";
  testing::internal::CaptureStderr();
  FailureMemory memory(folder(), "s");
  memory.add(at(0min, ProbeReason::timeout));
  memory.add(at(6min, ProbeReason::timeout));
  const auto said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(memory.failures()->front().times, 2u);
  const auto words = std::string("cannot be kept");
  const auto found = said.find(words);
  ASSERT_NE(found, std::string::npos) << said;
  EXPECT_EQ(said.find(words, found + 1), std::string::npos) << "said twice: " << said;
}

} // namespace
} // namespace intendance::collectors
