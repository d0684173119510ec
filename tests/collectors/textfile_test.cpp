// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/host.hpp"
#include "collectors/host/load.hpp"
#include "collectors/host/textfile.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

namespace intendance::collectors {
namespace {

using testing::HasSubstr;

class Textfile : public testing::Test {
protected:
  void write(const std::string& name, std::string_view text) const {
    core::write_file_atomically(folder_.path() / name, text);
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  // The whole page of a machine that has these files.
  Families page() const {
    return page_.collect({}, std::chrono::steady_clock::now() + std::chrono::seconds(10));
  }
  // Why the file is not on the page; empty when it is.
  std::string refusal(const Families& families, const std::string& name) const {
    for (const auto& metric : find_family(families, "intendance_collector_refused_info")->metric)
      if (label_of(metric, "source") == path(name)) return std::string(label_of(metric, "reason"));
    return "";
  }

  Textfile() {
    build_host_page(page_, captured_machine(), {folder_.path(), true}, core::system_clock());
  }

  core::TemporaryDirectory folder_;
  core::MetricsPage page_;
};

TEST_F(Textfile, ShowsWhatScriptsLeave) {
  write("backup.prom", "# TYPE site_files gauge\nsite_files{site=\"tei\"} 12\n");
  write("notes.txt", "not read\n");
  const auto families = page();
  EXPECT_EQ(sample(families, "site_files", {{"site", "tei"}}), 12);
  EXPECT_EQ(find_family(families, "site_files")->help, "Metric read from " + path("backup.prom"));
  EXPECT_EQ(sample(families, "node_textfile_scrape_error"), 0);
  EXPECT_GT(sample(families, "node_textfile_mtime_seconds", {{"file", path("backup.prom")}}),
            1.7e9);
  EXPECT_EQ(sample_count(families, "node_textfile_mtime_seconds"), 1u);
  EXPECT_EQ(sample(families, "node_scrape_collector_success", {{"collector", "textfile"}}), 1);
}

TEST_F(Textfile, ABadFileIsNamedAndTheOthersStay) {
  write("a.prom", "good_before 1\n");
  write("b.prom", "good_line 1\nbad line\n");
  write("c.prom", "stamped 1 1700000000000\n");
  write("d.prom", "good_after 1\n");
  ASSERT_EQ(::mkfifo(path("e.prom").c_str(), 0600), 0); // opening it must not wait for a writer
  std::filesystem::create_directory(path("f.prom"));
  std::filesystem::create_symlink("nowhere", path("g.prom"));
  const auto families = page();
  EXPECT_EQ(sample(families, "good_before"), 1);
  EXPECT_EQ(sample(families, "good_after"), 1);
  EXPECT_EQ(sample(families, "good_line"), std::nullopt);
  EXPECT_EQ(sample(families, "node_textfile_scrape_error"), 1);
  EXPECT_THAT(refusal(families, "b.prom"), HasSubstr("line 2: \"line\" is not a number"));
  EXPECT_THAT(refusal(families, "c.prom"), HasSubstr("timestamp"));
  EXPECT_THAT(refusal(families, "e.prom"), HasSubstr("not a regular file"));
  EXPECT_THAT(refusal(families, "f.prom"), HasSubstr("not a regular file"));
  EXPECT_THAT(refusal(families, "g.prom"), HasSubstr("No such file"));
  EXPECT_EQ(sample_count(families, "node_textfile_mtime_seconds"), 2u);
}

TEST_F(Textfile, CannotSpoilTheDaemonsOwnFamilies) {
  write("type.prom", "# TYPE node_load1 counter\nnode_load1 1\nelse_1 1\n");
  write("twice.prom", "# TYPE node_load1 gauge\nnode_load1 99\n");
  write("report.prom", "# TYPE node_scrape_collector_success gauge\n"
                       "node_scrape_collector_success{collector=\"cpu\"} 0\n");
  write("other.prom", "# TYPE node_load1 gauge\nnode_load1{of=\"a container\"} 7\n");
  const auto families = page();
  EXPECT_EQ(sample(families, "node_load1"),
            sample(loadavg_collector(captured_machine())->Collect(), "node_load1"));
  EXPECT_EQ(sample(families, "node_load1", {{"of", "a container"}}), 7);
  EXPECT_EQ(sample(families, "else_1"), std::nullopt);
  EXPECT_EQ(sample(families, "node_scrape_collector_success", {{"collector", "cpu"}}), 1);
  EXPECT_EQ(sample(families, "node_textfile_scrape_error"), 1);
  EXPECT_THAT(refusal(families, "type.prom"), HasSubstr("node_load1 has one type here"));
  EXPECT_THAT(refusal(families, "twice.prom"), HasSubstr("node_load1 is on this page already"));
  EXPECT_THAT(refusal(families, "report.prom"), HasSubstr("this page's own"));
  EXPECT_EQ(refusal(families, "other.prom"), "");
}

TEST_F(Textfile, TwoFilesMayShareAFamilyButNoSample) {
  write("a.prom", "shared{of=\"a\"} 1\n");
  write("b.prom", "shared{of=\"b\"} 2\n");
  write("c.prom", "shared{of=\"a\"} 3\n");
  write("d.prom", "# TYPE shared gauge\nshared{of=\"d\"} 4\n");
  const auto families = page();
  EXPECT_EQ(sample(families, "shared", {{"of", "a"}}), 1);
  EXPECT_EQ(sample(families, "shared", {{"of", "b"}}), 2);
  EXPECT_EQ(sample_count(families, "shared"), 2u);
  EXPECT_THAT(refusal(families, "c.prom"), HasSubstr("already"));
  EXPECT_THAT(refusal(families, "d.prom"), HasSubstr("one type"));
}

TEST_F(Textfile, SeesFilesChangeAndGo) {
  const auto collector = textfile_collector({folder_.path(), true});
  const auto value = [&]() -> std::optional<double> {
    const auto sources = collector();
    return sources.size() == 2 ? sample(sources[1].families, "value") : std::nullopt;
  };
  const auto mtime = [&] {
    return sample(collector().front().families, "node_textfile_mtime_seconds",
                  {{"file", path("a.prom")}});
  };
  write("a.prom", "value 1\n");
  EXPECT_EQ(value(), 1);
  write("a.prom", "value 2\n");
  EXPECT_EQ(value(), 2);
  const timespec old[2] = {{1'600'000'000, 0}, {1'600'000'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path("a.prom").c_str(), old, 0), 0);
  EXPECT_EQ(mtime(), 1.6e9);
  EXPECT_EQ(value(), 2);
  std::filesystem::remove(path("a.prom"));
  EXPECT_EQ(value(), std::nullopt);
  EXPECT_EQ(mtime(), std::nullopt);
}

// A server's own page, in a file that has not changed for long, and is kept in memory therefore.
TEST(TextfileFolder, ReadsARecordedPageAgainAndAgain) {
  const auto folder = std::filesystem::path(FIXTURES) / "textfile";
  const auto text = core::read_file(folder / "prometheus.prom");
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  const auto collector = textfile_collector({folder, true});
  for (int time = 0; time < 3; ++time) {
    const auto sources = collector();
    ASSERT_EQ(sources.size(), 2u);
    EXPECT_EQ(sources[1].error, "");
    const auto page = core::serialize(sources[1].families, core::ExpositionFormat::text);
    EXPECT_EQ(static_cast<std::size_t>(std::count(page.begin(), page.end(), '\n')), lines);
    EXPECT_THAT(page, HasSubstr("_cleanup_seconds_bucket{le=\"0.005\"} 0\n"));
    EXPECT_THAT(page, HasSubstr("\ngo_gc_duration_seconds{quantile=\"0.5\"} "));
  }
}

TEST(TextfileFolder, IsMissedOnlyWhenSomebodyAskedForIt) {
  const core::TemporaryDirectory folder;
  EXPECT_EQ(textfile_collector({folder.path() / "none", false})().size(), 1u);
  const auto sources = textfile_collector({folder.path() / "none", true})();
  ASSERT_EQ(sources.size(), 2u);
  EXPECT_THAT(sources.back().error, HasSubstr("none"));
}

TEST(TextfileFolder, LargeFilesAndManyFilesAreRefused) {
  const core::TemporaryDirectory folder;
  core::write_file_atomically(folder.path() / "0.prom", std::string(5 << 20, '\n'));
  for (int i = 1; i < 300; ++i)
    std::ofstream(folder.path() / (std::to_string(i) + ".prom")) << "a" << i << " 1\n";
  const auto sources = textfile_collector({folder.path(), true})();
  ASSERT_EQ(sources.size(), 1u + 256 + 1);
  EXPECT_THAT(sources[1].error, HasSubstr("longer than"));
  EXPECT_THAT(sources.back().error, HasSubstr("more than 256 files"));
}

} // namespace
} // namespace intendance::collectors
