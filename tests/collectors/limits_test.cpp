// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/limits.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

TEST(Limits, ReadACapturedMachine) {
  const auto files = filefd_collector(captured_machine())->Collect();
  EXPECT_EQ(sample(files, "node_filefd_allocated"), 1057);
  EXPECT_EQ(sample(files, "node_filefd_maximum"), 2466177);
  const auto entropy = entropy_collector(captured_machine())->Collect();
  EXPECT_EQ(sample(entropy, "node_entropy_available_bits"), 256);
  EXPECT_EQ(sample(entropy, "node_entropy_pool_size_bits"), 256);
  const auto tracked = conntrack_collector(captured_machine())->Collect();
  EXPECT_EQ(sample(tracked, "node_nf_conntrack_entries"), 0);
  EXPECT_EQ(sample(tracked, "node_nf_conntrack_entries_limit"), 262144);
}

TEST(Limits, AreNoErrorWhereTheKernelHasNone) {
  const core::TemporaryDirectory empty;
  const HostRoots roots{empty.path(), empty.path()};
  EXPECT_TRUE(filefd_collector(roots)->Collect().empty());
  EXPECT_TRUE(entropy_collector(roots)->Collect().empty());
  EXPECT_TRUE(conntrack_collector(roots)->Collect().empty());
}

TEST(Limits, RefuseGarbage) {
  for (const char* text : {"", "1", "1 0", "1 0 x\n", "-1 0 5\n", "1 0 99999999999999999999\n"})
    EXPECT_THROW(parse_file_nr(text), core::CorruptData) << text;
  const core::TemporaryDirectory folder;
  std::filesystem::create_directories(folder.path() / "sys/kernel/random");
  core::write_file_atomically(folder.path() / "sys/kernel/random/entropy_avail", "much\n");
  EXPECT_THROW(entropy_collector({folder.path(), folder.path()})->Collect(), core::CorruptData);
}

} // namespace
} // namespace intendance::collectors
