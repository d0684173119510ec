// SPDX-License-Identifier: AGPL-3.0-or-later
// What is asked of PostgreSQL, and the metrics that the answers become.
#pragma once

#include <prometheus/metric_type.h>

#include <span>
#include <string_view>
#include <vector>

namespace intendance::collectors {

struct PostgresColumn {
  std::string_view name; // of the column; the metric's is PREFIX_NAME
  prometheus::MetricType type;
  std::string_view help;
};

// Every row is a sample of each metric; a column that is NULL gives none.
struct PostgresQuery {
  std::string_view prefix;
  std::vector<std::string_view> labels; // the query's first columns
  std::vector<PostgresColumn> columns;  // the following ones
  std::string_view sql;
  int since = 0, before = 1'000'000; // server_version_num
};

// No table of a user is read, and nothing waits for anybody's lock but those of the catalogue.
std::span<const PostgresQuery> postgres_queries();

// name, setting and unit of those shown.
extern const std::string_view postgres_settings_query;

} // namespace intendance::collectors
