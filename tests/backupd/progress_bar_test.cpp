// SPDX-License-Identifier: AGPL-3.0-or-later
// Where there is no terminal; tests/integration/progress_test.py has one.
#include "backupd/progress_bar.hpp"

#include <gtest/gtest.h>

#include <semaphore>
#include <sstream>

namespace intendance::backupd {
namespace {

// Tells how often something was flushed to it.
class Heard : public std::stringbuf {
public:
  std::counting_semaphore<> times{0};

private:
  int sync() override {
    times.release();
    return 0;
  }
};

core::CommandContext context_of(std::ostream& out, std::ostream& err, bool json) {
  boost::program_options::variables_map values;
  if (json) values.emplace("json", boost::program_options::variable_value(true, false));
  values.emplace("lang", boost::program_options::variable_value(std::string("fr"), false));
  return {std::move(values), out, err, {}};
}

TEST(ProgressBar, AddsPlainLinesWhereThereIsNoTerminal) {
  Heard heard;
  std::ostream err(&heard);
  std::ostringstream out;
  const auto context = context_of(out, err, false);
  {
    ProgressBar bar(context, std::chrono::milliseconds(1));
    bar.work()->begin(WorkPhase::verifying, {4, 0});
    bar.work()->add_item();
    for (int each = 0; each < 3; ++each) heard.times.acquire();
  }
  std::istringstream lines(heard.str());
  std::string line;
  std::getline(lines, line);
  std::getline(lines, line); // the first may have been before the work began
  EXPECT_TRUE(line.starts_with("contrôle   1/4 paquets")) << line;
  EXPECT_EQ(heard.str().find('\033'), std::string::npos);
  EXPECT_EQ(heard.str().back(), '\n');
  EXPECT_EQ(out.str(), "");
}

TEST(ProgressBar, SaysNothingBesideJson) {
  std::ostringstream out, err;
  const auto context = context_of(out, err, true);
  {
    ProgressBar bar(context, std::chrono::milliseconds(0));
    bar.work()->begin(WorkPhase::verifying, {4, 0});
  }
  EXPECT_EQ(err.str(), "");
}

} // namespace
} // namespace intendance::backupd
