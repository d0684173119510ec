// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "core/lazy_library.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intendance::core {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// What a call that cannot be made says.
template <class Call>
std::string failure_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no failure";
}

TEST(LazyLibrary, CallsWhatItOpened) {
  LazyLibrary libm{"libm.so.6", "libc6"};
  const LazyFunction<double(double)> cube_root{libm, "cbrt"};
  EXPECT_DOUBLE_EQ(cube_root(27.0), 3.0);
  EXPECT_DOUBLE_EQ(cube_root(8.0), 2.0);
}

TEST(LazyLibrary, NamesThePackageOfWhatIsMissing) {
  LazyLibrary nothing{"libintendance-none.so.1", "a-package"};
  const LazyFunction<int()> function{nothing, "anything"};
  EXPECT_THAT(failure_of(function), AllOf(HasSubstr("libintendance-none.so.1"),
                                          HasSubstr("install Debian's package a-package")));
  // A failure is not remembered as something found.
  EXPECT_NE(failure_of(function), "no failure");
}

TEST(LazyLibrary, NamesAFunctionThatIsMissing) {
  LazyLibrary libm{"libm.so.6", "libc6"};
  const LazyFunction<int()> function{libm, "intendance_none"};
  EXPECT_THAT(failure_of(function), HasSubstr("intendance_none"));
}

} // namespace
} // namespace intendance::core
