// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/mariadb.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

TEST(MariaDbFigure, IsANumberOrAWordForOne) {
  EXPECT_EQ(mariadb_figure("12"), 12);
  EXPECT_EQ(mariadb_figure("0.5"), 0.5);
  EXPECT_EQ(mariadb_figure("ON"), 1);
  EXPECT_EQ(mariadb_figure("Yes"), 1);
  EXPECT_EQ(mariadb_figure("No"), 0);
  EXPECT_EQ(mariadb_figure("DISABLED"), 0);
  for (const char* none : {"", "Connecting", "12 pages", "nan", "inf", "0x10"})
    EXPECT_EQ(mariadb_figure(none), std::nullopt) << none;
}

TEST(MariaDbStatus, GetsTheNamesOfItsExporter) {
  const auto families = publish_mariadb_status({{"Threads_connected", "3"},
                                                {"Com_select", "10"},
                                                {"Com_admin_commands", "1"},
                                                {"Handler_read_key", "7"},
                                                {"Connection_errors_internal", "0"},
                                                {"Innodb_buffer_pool_pages_dirty", "5"},
                                                {"Innodb_buffer_pool_pages_flushed", "6"},
                                                {"Innodb_buffer_pool_pages_total", "8"},
                                                {"Innodb_rows_read", "9"},
                                                {"Performance_schema_rwlock_classes_lost", "0"},
                                                {"Slave_running", "OFF"},
                                                {"Rpl_status", "AUTH_MASTER"},
                                                {"Not a name", "1"}});
  EXPECT_EQ(single_value(families, "mysql_global_status_threads_connected"), 3);
  EXPECT_EQ(sample(families, "mysql_global_status_commands_total", {{"command", "select"}}), 10);
  EXPECT_EQ(sample_count(families, "mysql_global_status_commands_total"), 2u);
  EXPECT_EQ(sample(families, "mysql_global_status_handlers_total", {{"handler", "read_key"}}), 7);
  EXPECT_EQ(
      sample(families, "mysql_global_status_connection_errors_total", {{"error", "internal"}}), 0);
  EXPECT_EQ(sample(families, "mysql_global_status_buffer_pool_pages", {{"state", "dirty"}}), 5);
  EXPECT_EQ(single_value(families, "mysql_global_status_buffer_pool_dirty_pages"), 5);
  EXPECT_EQ(sample_count(families, "mysql_global_status_buffer_pool_page_changes_total"), 1u);
  EXPECT_EQ(sample(families, "mysql_global_status_buffer_pool_page_changes_total",
                   {{"operation", "flushed"}}),
            6);
  EXPECT_EQ(sample(families, "mysql_global_status_innodb_row_ops_total", {{"operation", "read"}}),
            9);
  EXPECT_EQ(single_value(families, "mysql_global_status_slave_running"), 0);
  EXPECT_EQ(find_family(families, "mysql_global_status_rpl_status"), nullptr);
}

TEST(MariaDbReader, IsReachedByASocketOrAHost) {
  const auto refusal = [](const std::string& keys) -> std::string {
    try {
      read_readers(core::ConfigDocument::parse(
          "[[reader]]\nservice = \"a\"\nkind = \"mariadb\"\n" + keys, "/etc/test.toml"));
    } catch (const core::ConfigError& error) {
      return error.what();
    }
    return "(no error)";
  };
  EXPECT_EQ(refusal(""), "(no error)");
  EXPECT_EQ(refusal("host = \"db-1\"\nport = 3307\nuser = \"me\"\npassword_file = \"p\"\n"),
            "(no error)");
  EXPECT_THAT(refusal("host = \"db-1\"\nsocket = \"/s\"\n"), testing::HasSubstr("one of them"));
  EXPECT_THAT(refusal("port = 3307\n"), testing::HasSubstr("without host"));
  EXPECT_THAT(refusal("socket = \"s\"\n"), testing::HasSubstr("absolute path"));
}

} // namespace
} // namespace intendance::collectors
