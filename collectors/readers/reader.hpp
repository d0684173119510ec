// SPDX-License-Identifier: AGPL-3.0-or-later
// What services know of themselves, added to this machine's page: [[reader]] in the configuration.
#pragma once

#include "collectors/families.hpp"
#include "core/config.hpp"
#include "core/exposition.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace intendance::collectors {

// How long one reading may take in all, waiting for the service included: half of what Prometheus
// waits by default. What a service computes for us has less (longest_statement).
inline constexpr std::chrono::seconds longest_reading{5};
inline constexpr std::chrono::seconds longest_statement{3};

// Asks one service for its own figures, under the names that its usual exporter gives them. It has
// one connection at most and keeps it from one reading to the next. One thread at a time.
class Reader {
public:
  virtual ~Reader() = default;
  // Throws Error that says what failed and what to do about it.
  virtual Families read() = 0;
};

// Makes a reader without asking anything of its service.
using MakeReader = std::function<std::unique_ptr<Reader>()>;

struct ReaderConfig {
  std::string service; // of that name; the label of every sample
  std::string kind;    // "postgresql"
  MakeReader make;
};

// [[reader]], over all files. Throws ConfigError.
std::vector<ReaderConfig> read_readers(const core::ConfigDocument& document);

// Adds each as the foreign collector KIND/SERVICE, on a thread of its own; what it gave last stays
// for five minutes while it fails. The page's report becomes the host's and the readers'.
void add_readers(core::MetricsPage& page, const std::vector<ReaderConfig>& readers);

// intendance_reader_success and _failure_info, and pg_up, nginx_up and the like.
Families reader_report(const std::vector<ReaderConfig>& readers,
                       const std::vector<core::Collection>& collections);

// The label `service` on every sample. One that a service's own page has already becomes
// exported_service, as Prometheus does it.
void label_service(Families& families, const std::string& service);

} // namespace intendance::collectors
