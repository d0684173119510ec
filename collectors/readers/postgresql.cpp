// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/postgresql.hpp"

#include "collectors/host/text.hpp"
#include "collectors/readers/postgresql_queries.hpp"
#include "core/error.hpp"
#include "core/postgres.hpp"

#include <algorithm>
#include <array>

namespace intendance::collectors {

namespace {

void add_rows(Families& families, const PostgresQuery& query, const core::PostgresResult& rows) {
  const auto first = families.size();
  for (const auto& column : query.columns)
    families.push_back({std::string(query.prefix) + "_" + std::string(column.name),
                        std::string(column.help),
                        column.type,
                        {}});
  for (const auto& row : rows) {
    int number = 0;
    Labels labels;
    for (const auto label : query.labels)
      labels.push_back({std::string(label), std::string(row.view(number++))});
    for (std::size_t i = 0; i < query.columns.size(); ++i) {
      auto& family = families[first + i];
      const auto text = row.view(number++);
      if (!text.empty()) add_sample(family, parse_decimal(text, family.name), labels);
    }
  }
}

void add_settings(Families& families, const core::PostgresResult& rows) {
  for (const auto& row : rows) {
    const auto unit = setting_unit(row.view(2));
    if (!unit) continue;
    const auto name = std::string(row.view(0));
    auto family = gauge_family("pg_settings_" + name + std::string(unit->suffix),
                               "The server's setting " + name + ".");
    add_sample(family, parse_decimal(row.view(1), name) * unit->factor);
    families.push_back(std::move(family));
  }
}

class PostgresReader : public Reader {
public:
  explicit PostgresReader(std::string address) : address_(std::move(address)) {}

  Families read() override {
    if (!database_ || !database_->connected()) connect();
    Families families;
    for (const auto& query : postgres_queries())
      if (query.since <= version_ && version_ < query.before)
        add_rows(families, query, database_->query(std::string(query.sql)));
    add_settings(families, database_->query(std::string(postgres_settings_query)));
    return families;
  }

private:
  void connect() {
    database_.reset(); // the one before is closed before another is opened
    auto database = std::make_unique<core::Postgres>(address_);
    const auto most =
        std::chrono::duration_cast<std::chrono::milliseconds>(longest_statement).count();
    database->execute_script("SET statement_timeout = " + std::to_string(most) +
                             "; SET lock_timeout = 1000"
                             "; SET default_transaction_read_only = on");
    version_ =
        static_cast<int>(database->query("SELECT current_setting('server_version_num') AS number")
                             .only()
                             .integer("number"));
    database_ = std::move(database);
  }

  std::string address_;
  std::unique_ptr<core::Postgres> database_;
  int version_ = 0; // server_version_num
};

} // namespace

std::optional<SettingUnit> setting_unit(std::string_view unit) {
  struct Known {
    std::string_view name;
    SettingUnit unit;
  };
  constexpr std::array known = {
      Known{"", {1, ""}},
      Known{"B", {1, "_bytes"}},
      Known{"kB", {1024, "_bytes"}},
      Known{"8kB", {8192, "_bytes"}},
      Known{"MB", {1048576, "_bytes"}},
      Known{"ms", {0.001, "_seconds"}},
      Known{"s", {1, "_seconds"}},
      Known{"min", {60, "_seconds"}},
  };
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const Known& each) { return each.name == unit; });
  return found == known.end() ? std::nullopt : std::optional(found->unit);
}

MakeReader postgresql_reader(core::ConfigTable& table) {
  const auto address = table.text("database");
  table.parsed("database", address, [](const std::string& text) {
    core::Postgres::check_address(text);
    return 0;
  });
  return [address] { return std::make_unique<PostgresReader>(address); };
}

} // namespace intendance::collectors
