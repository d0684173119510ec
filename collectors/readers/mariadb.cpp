// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/mariadb.hpp"

#include "collectors/host/text.hpp"
#include "collectors/readers/mariadb_client.hpp"
#include "core/error.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

namespace intendance::collectors {

namespace {

// Status whose name begins so is one family with a label; the rest of the name is its value.
struct Group {
  std::string_view beginning;
  const char* family;
  const char* label;
  const char* help;
};

constexpr std::array<Group, 6> groups = {{
    {"com_", "mysql_global_status_commands_total", "command", "Commands, by kind."},
    {"handler_", "mysql_global_status_handlers_total", "handler",
     "What storage engines were asked, by kind."},
    {"connection_errors_", "mysql_global_status_connection_errors_total", "error",
     "Connections that failed."},
    {"innodb_buffer_pool_pages_", "mysql_global_status_buffer_pool_page_changes_total", "operation",
     "What was done to pages of InnoDB's cache."},
    {"innodb_rows_", "mysql_global_status_innodb_row_ops_total", "operation",
     "What was done to InnoDB's rows."},
    {"performance_schema_", "mysql_global_status_performance_schema_lost_total", "instrumentation",
     "What the performance schema had no room for."},
}};

constexpr std::array<std::string_view, 5> page_states = {"data", "dirty", "free", "misc", "old"};

const std::string variables_query =
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('max_connections', 'thread_cache_size',"
    " 'query_cache_size', 'innodb_buffer_pool_size', 'innodb_log_file_size',"
    " 'innodb_log_buffer_size', 'key_buffer_size', 'open_files_limit', 'table_open_cache',"
    " 'table_definition_cache', 'tmp_table_size', 'max_heap_table_size', 'long_query_time',"
    " 'read_only')";

// Both need no more than PROCESS.
const std::string sizes_query =
    "SELECT substring_index(name, '/', 1), sum(file_size)"
    " FROM information_schema.innodb_sys_tablespaces WHERE name LIKE '%/%' GROUP BY 1";
const std::string transactions_query =
    "SELECT coalesce(max(timestampdiff(SECOND, trx_started, now())), 0)"
    " FROM information_schema.innodb_trx";

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::vector<std::pair<std::string, std::string>> pairs_of(const MariaDbRows& answer) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& row : answer.rows)
    if (row.size() == 2 && row[0] && row[1]) pairs.emplace_back(*row[0], *row[1]);
  return pairs;
}

void append(Families& families, Families more) {
  for (auto& family : more) families.push_back(std::move(family));
}

Families publish_variables(const MariaDbRows& answer) {
  Families families;
  for (const auto& [name, value] : pairs_of(answer))
    if (const auto figure = mariadb_figure(value); figure && is_name(name)) {
      auto family =
          gauge_family("mysql_global_variables_" + name, "The server's variable " + name + ".");
      add_sample(family, *figure);
      families.push_back(std::move(family));
    }
  return families;
}

// One row a source that this server replicates.
Families publish_replication(const MariaDbRows& answer) {
  constexpr std::array<std::string_view, 6> shown = {
      "seconds_behind_master", "slave_io_running",    "slave_sql_running",
      "relay_log_space",       "read_master_log_pos", "exec_master_log_pos"};
  std::map<std::string, prometheus::MetricFamily> families;
  for (const auto& row : answer.rows) {
    std::map<std::string, std::string> cells;
    for (std::size_t i = 0; i < row.size() && i < answer.columns.size(); ++i)
      if (row[i]) cells[lower(answer.columns[i])] = *row[i];
    for (const auto name : shown) {
      const auto figure = mariadb_figure(cells[std::string(name)]);
      if (!figure) continue;
      auto& family = families
                         .try_emplace(std::string(name),
                                      untyped_family("mysql_slave_status_" + std::string(name),
                                                     "Replication: " + std::string(name) + "."))
                         .first->second;
      add_sample(
          family, *figure,
          {{"connection_name", cells["connection_name"]}, {"master_host", cells["master_host"]}});
    }
  }
  Families list;
  for (auto& [name, family] : families) list.push_back(std::move(family));
  return list;
}

class MariaDbReader : public Reader {
public:
  explicit MariaDbReader(MariaDbAddress address) : address_(std::move(address)) {}

  Families read() override {
    if (!client_ || !client_->connected()) {
      client_.reset(); // the one before is closed before another is opened
      client_ = std::make_unique<MariaDbClient>(address_, longest_statement, longest_reading);
    }
    auto families = publish_mariadb_status(pairs_of(client_->query("SHOW GLOBAL STATUS")));
    append(families, publish_variables(client_->query(variables_query)));
    append(families, publish_replication(client_->query("SHOW ALL SLAVES STATUS")));
    add_sizes(families);
    add_transactions(families);
    add_version(families);
    return families;
  }

private:
  void add_sizes(Families& families) {
    auto family = gauge_family("intendance_mariadb_schema_size_bytes",
                               "Disk space of the InnoDB tables of a database.");
    for (const auto& [schema, size] : pairs_of(client_->query(sizes_query)))
      add_sample(family, parse_decimal(size, "file_size"), {{"schema", schema}});
    families.push_back(std::move(family));
  }

  void add_transactions(Families& families) {
    auto family = gauge_family("intendance_mariadb_oldest_transaction_seconds",
                               "How long the oldest transaction of InnoDB has lasted.");
    const auto answer = client_->query(transactions_query);
    if (answer.rows.size() == 1 && answer.rows[0].size() == 1 && answer.rows[0][0])
      add_sample(family, parse_decimal(*answer.rows[0][0], "trx_started"));
    families.push_back(std::move(family));
  }

  void add_version(Families& families) {
    auto family = gauge_family("mysql_version_info", "Which version the server is.");
    for (const auto& [version, comment] :
         pairs_of(client_->query("SELECT @@version, @@version_comment")))
      add_sample(family, 1, {{"version", version}, {"version_comment", comment}});
    families.push_back(std::move(family));
  }

  MariaDbAddress address_;
  std::unique_ptr<MariaDbClient> client_;
};

} // namespace

std::optional<double> mariadb_figure(std::string_view text) {
  const auto word = lower(std::string(text));
  if (word == "yes" || word == "on") return 1;
  if (word == "no" || word == "off" || word == "disabled") return 0;
  double value = 0;
  const auto end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

Families publish_mariadb_status(const std::vector<std::pair<std::string, std::string>>& status) {
  Families families;
  std::map<std::string, prometheus::MetricFamily> grouped;
  const auto into = [&](prometheus::MetricFamily family) -> prometheus::MetricFamily& {
    auto name = family.name;
    return grouped.try_emplace(std::move(name), std::move(family)).first->second;
  };
  for (const auto& [spelled, text] : status) {
    const auto name = lower(spelled);
    const auto figure = mariadb_figure(text);
    if (!figure || !is_name(name)) continue;
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& each) {
      return std::string_view(name).starts_with(each.beginning);
    });
    if (group == groups.end()) {
      auto family =
          untyped_family("mysql_global_status_" + name, "The server's status " + name + ".");
      add_sample(family, *figure);
      families.push_back(std::move(family));
      continue;
    }
    const auto rest = name.substr(group->beginning.size());
    if (group->beginning == "innodb_buffer_pool_pages_" && rest == "total") continue; // their sum
    if (group->beginning == "innodb_buffer_pool_pages_" && rest == "dirty")
      add_sample(into(gauge_family("mysql_global_status_buffer_pool_dirty_pages",
                                   "Pages of InnoDB's cache that are not yet written.")),
                 *figure);
    const bool state = group->beginning == "innodb_buffer_pool_pages_" &&
                       std::find(page_states.begin(), page_states.end(), rest) != page_states.end();
    auto& family = state ? into(gauge_family("mysql_global_status_buffer_pool_pages",
                                             "Pages of InnoDB's cache, by state."))
                         : into(counter_family(group->family, group->help));
    add_sample(family, *figure, {{state ? "state" : group->label, rest}});
  }
  for (auto& [name, family] : grouped) families.push_back(std::move(family));
  return families;
}

MakeReader mariadb_reader(core::ConfigTable& table) {
  MariaDbAddress address;
  address.host = table.text("host", "");
  address.port = static_cast<std::uint16_t>(table.integer("port", 3306, 1, 65535));
  address.socket = table.text("socket", address.host.empty() ? "/run/mysqld/mysqld.sock" : "");
  if (!address.host.empty() && !address.socket.empty())
    table.fail("socket", "stands beside host; a server has one of them");
  if (address.host.empty() && table.has("port")) table.fail("port", "is of no use without host");
  if (address.host.empty() && !address.socket.starts_with('/'))
    table.fail("socket", "is not an absolute path");
  address.user = table.text("user", "intendance-collectord");
  address.password_file = table.optional_path("password_file");
  return [address] { return std::make_unique<MariaDbReader>(address); };
}

} // namespace intendance::collectors
