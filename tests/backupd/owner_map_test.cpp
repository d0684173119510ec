// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/owner_map.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

namespace intendance::backupd {
namespace {

Owner mapped(const std::vector<std::string>& rules, const Entry& entry) {
  return OwnerMap(rules).owner_of(entry);
}

Entry www_data() {
  Entry entry;
  entry.uid = 33;
  entry.gid = 34;
  entry.user = "www-data";
  entry.group = "web";
  return entry;
}

TEST(OwnerMap, KeepsTheNumbersWithoutARule) { EXPECT_EQ(mapped({}, www_data()), (Owner{33, 34})); }

TEST(OwnerMap, MapsNumbersAndStoredNames) {
  EXPECT_EQ(mapped({"33=1001"}, www_data()), (Owner{1001, 34}));
  EXPECT_EQ(mapped({"www-data=1001"}, www_data()), (Owner{1001, 34}));
  EXPECT_EQ(mapped({"33:34=1001:1002"}, www_data()), (Owner{1001, 1002}));
  EXPECT_EQ(mapped({":web=:1002"}, www_data()), (Owner{33, 1002}));
  EXPECT_EQ(mapped({"34=1001", "web=1001"}, www_data()), (Owner{33, 34}));
}

// Each half of a rule for both stands on its own.
TEST(OwnerMap, MapsAUserWhoseGroupIsAnother) {
  EXPECT_EQ(mapped({"33:33=1001:1001"}, www_data()), (Owner{1001, 34}));
}

TEST(OwnerMap, TheFirstRuleThatFitsWins) {
  EXPECT_EQ(mapped({"33=1", "33=2", "*=3"}, www_data()), (Owner{1, 34}));
  EXPECT_EQ(mapped({"44=1", "*:*=3:4"}, www_data()), (Owner{3, 4}));
}

TEST(OwnerMap, FindsNamesOnThisMachine) {
  EXPECT_EQ(mapped({"www-data:web=root:root"}, www_data()), (Owner{0, 0}));
  auto entry = www_data();
  entry.user = entry.group = "root"; // everywhere 0, in this snapshot 33
  EXPECT_EQ(mapped({"by-name"}, entry), (Owner{0, 0}));
  EXPECT_EQ(mapped({"by-name", "root=7"}, entry), (Owner{7, 0}));
  entry.user = entry.group = "nobody-has-this-name";
  EXPECT_EQ(mapped({"by-name"}, entry), (Owner{33, 34}));
  entry.user = entry.group = "";
  EXPECT_EQ(mapped({"by-name"}, entry), (Owner{33, 34}));
}

TEST(OwnerMap, SaysWhatIsAllowed) {
  for (const char* rule : {"", "33", "33=", "=33", ":=:", "33:33=1001", "33=1001:1001",
                           "33:=1:", "33=4294967295", "99999999999=1", "33=nobody-has-this-name",
                           ":34=:nobody-has-this-name", "by-names", "33=*"}) {
    try {
      OwnerMap map({rule});
      ADD_FAILURE() << rule;
    } catch (const core::ConfigError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find("--owner-map=" + std::string(rule)), std::string::npos) << message;
      EXPECT_NE(message.find("allowed: FROM=TO"), std::string::npos) << message;
    }
  }
}

} // namespace
} // namespace intendance::backupd
