// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/reader.hpp"

#include "collectors/host/host.hpp"
#include "collectors/readers/apache.hpp"
#include "collectors/readers/basex.hpp"
#include "collectors/readers/bind.hpp"
#include "collectors/readers/jvm.hpp"
#include "collectors/readers/mariadb.hpp"
#include "collectors/readers/nginx.hpp"
#include "collectors/readers/php_fpm.hpp"
#include "collectors/readers/postgresql.hpp"
#include "collectors/readers/puppet.hpp"
#include "collectors/readers/relay.hpp"
#include "core/error.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace intendance::collectors {

namespace {

// Each has a thread of its own.
constexpr std::size_t most_readers = 64;

// As long as Prometheus itself shows a figure that it gets no more.
constexpr std::chrono::minutes longest_shown{5};

struct Kind {
  std::string_view name;
  std::string_view up; // what its usual exporter calls success; empty: nothing
  MakeReader (*configure)(core::ConfigTable& table);
};

constexpr std::array kinds = {
    Kind{"apache", "apache_up", apache_reader},   Kind{"basex", "", basex_reader},
    Kind{"bind", "bind_up", bind_reader},         Kind{"jvm", "", jvm_reader},
    Kind{"mariadb", "mysql_up", mariadb_reader},  Kind{"nginx", "nginx_up", nginx_reader},
    Kind{"php-fpm", "phpfpm_up", php_fpm_reader}, Kind{"postgresql", "pg_up", postgresql_reader},
    Kind{"prometheus", "", relay_reader},         Kind{"puppet", "", puppet_reader},
};

const Kind* find_kind(std::string_view name) {
  const auto kind =
      std::find_if(kinds.begin(), kinds.end(), [&](const Kind& each) { return each.name == name; });
  return kind == kinds.end() ? nullptr : &*kind;
}

std::string collector_name(const ReaderConfig& reader) {
  return reader.kind + "/" + reader.service;
}

ReaderConfig read_reader(core::ConfigTable table) {
  ReaderConfig reader;
  reader.service = table.text("service");
  if (reader.service.empty()) table.fail("service", "is empty");
  reader.kind = table.text("kind");
  const auto* kind = find_kind(reader.kind);
  if (kind == nullptr) {
    std::string allowed;
    for (const auto& each : kinds)
      allowed += (allowed.empty() ? "" : " · ") + std::string(each.name);
    table.fail("kind", "is not what a reader knows\n  allowed: " + allowed);
  }
  reader.make = kind->configure(table);
  table.finish();
  return reader;
}

// One family a source, so that one that cannot be shown takes no other with it.
std::vector<core::ForeignFamilies> as_sources(Families families) {
  std::vector<core::ForeignFamilies> sources;
  sources.reserve(families.size());
  for (auto& family : families) {
    if (family.metric.empty()) continue;
    core::ForeignFamilies source;
    source.source = family.name;
    source.families.push_back(std::move(family));
    sources.push_back(std::move(source));
  }
  return sources;
}

} // namespace

std::vector<ReaderConfig> read_readers(const core::ConfigDocument& document) {
  std::vector<ReaderConfig> readers;
  for (const auto& table : document.tables("reader")) {
    auto reader = read_reader(table);
    for (const auto& earlier : readers)
      if (collector_name(earlier) == collector_name(reader))
        table.fail("service", "has two readers of the kind " + reader.kind);
    if (readers.size() == most_readers)
      table.fail("service", "is one too many: a machine has at most 64 readers");
    readers.push_back(std::move(reader));
  }
  return readers;
}

void label_service(Families& families, const std::string& service) {
  for (auto& family : families)
    for (auto& metric : family.metric) {
      std::string renamed = "service";
      const auto has = [&](const std::string& name) {
        return std::any_of(metric.label.begin(), metric.label.end(),
                           [&](const auto& label) { return label.name == name; });
      };
      while (has(renamed)) renamed.insert(0, "exported_");
      for (auto& label : metric.label)
        if (label.name == "service") label.name = renamed;
      metric.label.push_back({"service", service});
    }
}

void add_readers(core::MetricsPage& page, const std::vector<ReaderConfig>& readers) {
  for (const auto& config : readers) {
    const std::shared_ptr<Reader> reader = config.make();
    page.add_foreign(
        collector_name(config),
        [reader, service = config.service] {
          auto families = reader->read();
          label_service(families, service);
          return as_sources(std::move(families));
        },
        longest_shown);
  }
  page.set_report([readers](const std::vector<core::Collection>& collections) {
    auto families = host_report(collections);
    for (auto& family : reader_report(readers, collections)) families.push_back(std::move(family));
    return families;
  });
}

Families reader_report(const std::vector<ReaderConfig>& readers,
                       const std::vector<core::Collection>& collections) {
  auto success = gauge_family("intendance_reader_success",
                              "Whether the service gave its own figures when last asked.");
  auto failure =
      gauge_family("intendance_reader_failure_info", "Why a service did not give its figures.");
  std::map<std::string_view, prometheus::MetricFamily> ups;
  for (const auto& reader : readers) {
    const auto name = collector_name(reader);
    const auto collection =
        std::find_if(collections.begin(), collections.end(),
                     [&](const core::Collection& each) { return each.name == name; });
    if (collection == collections.end()) continue; // not asked for
    const Labels labels = {{"service", reader.service}, {"kind", reader.kind}};
    add_sample(success, collection->success ? 1 : 0, labels);
    if (!collection->success)
      add_sample(failure, 1, {labels[0], labels[1], {"reason", collection->error}});
    const auto* kind = find_kind(reader.kind);
    if (kind == nullptr || kind->up.empty()) continue;
    auto& up = ups.try_emplace(kind->up, gauge_family(std::string(kind->up),
                                                      "Whether the service gave its figures."))
                   .first->second;
    add_sample(up, collection->success ? 1 : 0, {labels[0]});
  }
  Families families = {std::move(success), std::move(failure)};
  for (auto& [name, family] : ups) families.push_back(std::move(family));
  return families;
}

} // namespace intendance::collectors
