// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/imports/difference.hpp"
#include "billing/ledger/uuid.hpp"

#include <gmock/gmock.h>

#include <set>

namespace intendance::billing {
namespace {

class Difference : public ::testing::Test {
protected:
  static TimesheetRow row(const std::string& id, const std::string& day, std::int64_t minutes,
                          const std::string& what = "x") {
    TimesheetRow row;
    row.id = id;
    row.identity = id.empty() ? "day " + day : "";
    row.entry.work = Minutes(minutes);
    row.entry.worked_on = core::parse_date(day);
    row.entry.fund = "F";
    row.entry.description = what;
    return row;
  }
  // As if the plan had been carried out.
  void carry_out(const ImportPlan& plan) {
    const auto keep = [&](const ImportedEntry& imported) {
      auto& item = memory_[imported.external_id];
      item.versions = item.external_id.empty() ? 1 : item.versions + 1;
      item.external_id = imported.external_id;
      item.fingerprint = imported.fingerprint;
      item.entry_id = imported.entry.id;
      item.number = ++number_;
      item.worked_on = imported.entry.worked_on;
      EXPECT_TRUE(ids_.insert(imported.entry.id).second) << "an id twice";
    };
    for (const auto& imported : plan.added) keep(imported);
    for (const auto& imported : plan.changed) keep(imported);
    for (const auto& gone : plan.vanished) {
      auto& item = memory_[gone.external_id];
      ++item.versions;
      item.entry_id.reset();
    }
  }
  ImportPlan plan(const std::vector<TimesheetRow>& rows, const std::string& from = "2024-10-01",
                  const std::string& to = "2024-10-31") {
    std::vector<RememberedItem> remembered;
    for (const auto& [id, item] : memory_) remembered.push_back(item);
    return plan_import("redmine", rows, remembered, {core::parse_date(from), core::parse_date(to)});
  }
  ImportPlan import(const std::vector<TimesheetRow>& rows, const std::string& from = "2024-10-01",
                    const std::string& to = "2024-10-31") {
    auto made = plan(rows, from, to);
    carry_out(made);
    EXPECT_TRUE(plan(rows, from, to).empty()) << "the same again changes something";
    return made;
  }

  std::map<std::string, RememberedItem> memory_;
  std::set<std::string> ids_;
  std::int64_t number_ = 0;
};

TEST_F(Difference, IsWhatChangedAndNothingElse) {
  EXPECT_EQ(
      import({row("1", "2024-10-01", 60), row("2", "2024-10-02", 60), row("3", "2024-10-03", 60)})
          .added.size(),
      3U);
  const auto second =
      import({row("1", "2024-10-01", 60), row("2", "2024-10-02", 90), row("4", "2024-10-04", 60)});
  EXPECT_EQ(second.unchanged, 1U);
  ASSERT_EQ(second.changed.size(), 1U);
  EXPECT_EQ(second.changed[0].before->number, 2);
  ASSERT_EQ(second.vanished.size(), 1U);
  EXPECT_EQ(second.vanished[0].external_id, "3");
  EXPECT_EQ(second.added.size(), 1U);
}

TEST_F(Difference, OfOneMonthSaysNothingOfOthers) {
  import({row("1", "2024-10-01", 60)});
  const auto november = import({row("2", "2024-11-01", 60)}, "2024-11-01", "2024-11-30");
  EXPECT_TRUE(november.vanished.empty());
  // What moved to another month is changed where it is found, not gone.
  const auto moved =
      import({row("2", "2024-11-01", 60), row("1", "2024-11-02", 60)}, "2024-11-01", "2024-11-30");
  EXPECT_EQ(moved.changed.size(), 1U);
  EXPECT_TRUE(moved.vanished.empty());
}

TEST_F(Difference, ComesBackUnderANewId) {
  import({row("1", "2024-10-01", 60), row("2", "2024-10-02", 60)});
  EXPECT_EQ(import({row("2", "2024-10-02", 60)}).vanished.size(), 1U);
  EXPECT_TRUE(plan({row("2", "2024-10-02", 60)}).vanished.empty()); // once
  const auto back = import({row("1", "2024-10-01", 60), row("2", "2024-10-02", 60)});
  EXPECT_EQ(back.added.size(), 1U);
  // There and back again: each state has an id of its own.
  import({row("1", "2024-10-01", 90), row("2", "2024-10-02", 60)});
  import({row("1", "2024-10-01", 60), row("2", "2024-10-02", 60)});
}

// Redmine's export has no column for the entry's id.
TEST_F(Difference, WithoutIdsIsAsSmallAsItCanBe) {
  import({row("", "2024-10-01", 60, "a"), row("", "2024-10-01", 60, "b"),
          row("", "2024-10-01", 60, "a"), row("", "2024-10-02", 30)});
  EXPECT_EQ(memory_.size(), 4U); // alike twice is work twice
  const auto reordered = plan({row("", "2024-10-02", 30), row("", "2024-10-01", 60, "b"),
                               row("", "2024-10-01", 60, "a"), row("", "2024-10-01", 60, "a")});
  EXPECT_TRUE(reordered.empty());
  const auto changed = import({row("", "2024-10-01", 60, "a"), row("", "2024-10-01", 90, "b"),
                               row("", "2024-10-01", 60, "a"), row("", "2024-10-02", 30)});
  ASSERT_EQ(changed.changed.size(), 1U);
  EXPECT_EQ(changed.changed[0].entry.description, "b");
  EXPECT_TRUE(changed.added.empty() && changed.vanished.empty());
  const auto fewer = import(
      {row("", "2024-10-01", 60, "a"), row("", "2024-10-01", 90, "b"), row("", "2024-10-02", 30)});
  EXPECT_EQ(fewer.vanished.size(), 1U);
  EXPECT_TRUE(fewer.changed.empty());
  const auto again = import({row("", "2024-10-01", 60, "a"), row("", "2024-10-01", 90, "b"),
                             row("", "2024-10-01", 15, "c"), row("", "2024-10-02", 30)});
  EXPECT_EQ(again.added.size(), 1U);
}

TEST_F(Difference, LeavesWhatWasTakenBackHere) {
  import({row("1", "2024-10-01", 60)});
  memory_["1"].taken_back = true;
  const auto same = plan({row("1", "2024-10-01", 60)});
  EXPECT_TRUE(same.empty());
  EXPECT_EQ(same.taken_back.size(), 1U);
  EXPECT_EQ(plan({row("1", "2024-10-01", 90)}).changed.size(), 1U);
}

TEST_F(Difference, GivesOtherSourcesOtherIds) {
  const std::vector<TimesheetRow> rows = {row("1", "2024-10-01", 60)};
  const Period scope{core::parse_date("2024-10-01"), core::parse_date("2024-10-31")};
  const auto one = plan_import("redmine", rows, {}, scope).added.at(0).entry.id;
  EXPECT_EQ(plan_import("redmine", rows, {}, scope).added.at(0).entry.id, one);
  EXPECT_NE(plan_import("cahier", rows, {}, scope).added.at(0).entry.id, one);
  EXPECT_EQ(parse_uuid(one), one);
  EXPECT_EQ(one[14], '8'); // RFC 9562, section 5.8
}

TEST(FingerprintOf, CoversWhatTheSourceDecides) {
  NewEntry entry;
  entry.work = Minutes(60);
  entry.worked_on = core::parse_date("2024-10-01");
  const auto print = fingerprint_of(entry);
  std::set<std::string> prints = {print};
  const auto other = [&](auto&& change) {
    auto changed = entry;
    change(changed);
    EXPECT_TRUE(prints.insert(fingerprint_of(changed)).second);
  };
  other([](NewEntry& e) { e.work = Minutes(61); });
  other([](NewEntry& e) { e.worked_on = core::parse_date("2024-10-02"); });
  other([](NewEntry& e) { e.fund = "x"; });
  other([](NewEntry& e) { e.vendor = "x"; });
  other([](NewEntry& e) { e.activity = "x"; });
  other([](NewEntry& e) { e.service = "x"; });
  other([](NewEntry& e) { e.person = "x"; });
  other([](NewEntry& e) { e.description = "x"; });
  other([](NewEntry& e) { e.engagement = "x"; });
  entry.id = "whatever";
  EXPECT_EQ(fingerprint_of(entry), print);
}

} // namespace
} // namespace intendance::billing
