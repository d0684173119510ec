// SPDX-License-Identifier: AGPL-3.0-or-later
// A store in a folder, stopped at every change that it makes to the disk.
#include "core/error.hpp"
#include "storage/object_store.hpp"
#include "tests/support/local_faults.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace intendance::storage {
namespace {

using test_support::LocalFault;
using test_support::LocalFaults;

class DirectoryStoreCrash : public ::testing::TestWithParam<bool> {
protected:
  // Two puts, the second of several blocks, and a removal. False: it was stopped.
  bool work(const std::filesystem::path& folder) {
    try {
      const auto store = open_directory_store(folder);
      store->put("packs/3f/a", core::as_bytes("one"));
      store->put("packs/4f/b", core::as_bytes(large_));
      store->remove("packs/3f/a");
      return true;
    } catch (const core::Error&) {
      return false;
    }
  }

  // Whatever is there is whole, and what was stopped can be done.
  void check(const std::filesystem::path& folder) {
    const auto store = open_directory_store(folder);
    const auto first = store->get("packs/3f/a", 1u << 30);
    const auto second = store->get("packs/4f/b", 1u << 30);
    EXPECT_TRUE(!first || core::as_text(*first) == "one");
    EXPECT_TRUE(!second || core::as_text(*second) == large_);
    if (!second) store->put("packs/4f/b", core::as_bytes(large_));
    EXPECT_EQ(core::as_text(*store->get("packs/4f/b", 1u << 30)), large_);
    store->list("", [](const ObjectInfo& info) { EXPECT_TRUE(info.name.starts_with("packs/")); });
  }

  std::string large_ = std::string(3'000'000, 'x');
};

TEST_P(DirectoryStoreCrash, LeavesWholeObjectsWhereverItIsStopped) {
  std::uint64_t point = 0;
  for (bool done = false; !done;) {
    const core::TemporaryDirectory folder;
    bool fired = false;
    {
      LocalFault fault;
      fault.call = ++point;
      fault.kill = true;
      fault.takes_effect = GetParam();
      const LocalFaults faults(fault);
      done = work(folder.path() / "store");
      fired = faults.has_fired();
    }
    SCOPED_TRACE("change " + std::to_string(point));
    EXPECT_TRUE(done || fired);
    check(folder.path() / "store");
    done = !fired; // the failure to remove a temporary file is not told
    ASSERT_LT(point, 200u);
  }
  EXPECT_GT(point, 20u); // mkdir, mkostemp, write, fchmod, fsync, link, fsync, unlink… of each
}

INSTANTIATE_TEST_SUITE_P(Moments, DirectoryStoreCrash, ::testing::Bool(), [](const auto& each) {
  return std::string(each.param ? "AfterTheChange" : "BeforeTheChange");
});

TEST(DirectoryStore, SaysThatTheDiskIsFull) {
  const core::TemporaryDirectory folder;
  const auto store = open_directory_store(folder.path());
  LocalFault fault;
  fault.call = 3; // mkdir, mkostemp, write
  fault.error = ENOSPC;
  const LocalFaults faults(fault);
  try {
    store->put("packs/a", core::as_bytes("one"));
    FAIL() << "nothing was thrown";
  } catch (const core::Error& error) {
    EXPECT_NE(std::strstr(error.what(), "No space left on device"), nullptr) << error.what();
    EXPECT_NE(std::strstr(error.what(), "packs/a"), nullptr) << error.what();
  }
}

} // namespace
} // namespace intendance::storage
