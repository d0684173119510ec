// SPDX-License-Identifier: AGPL-3.0-or-later
// The /metrics page of every daemon: prometheus-cpp's types in, Prometheus' text format 0.0.4 or
// OpenMetrics 1.0 out.
//
//   auto registry = std::make_shared<prometheus::Registry>();
//   MetricsPage page;
//   page.add("backup", registry);
//   router.add("GET", "/metrics", guard(HttpGuard::Area::metrics, page.handler()));
//
// prometheus-cpp's own Exposer is not used: an exception in a collector ends its process, one slow
// scrape holds up the others, and a collector that is stuck takes the whole page with it.
#pragma once

#include "core/http_server.hpp"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace intendance::core {

enum class ExpositionFormat { text, openmetrics };

// The Content-Type of a page in that format.
std::string_view content_type(ExpositionFormat format);

// OpenMetrics when the Accept header names a version that we write, with a q-value no lower than
// plain text's; else text, whatever is asked.
ExpositionFormat negotiate_format(const std::optional<std::string>& accept);

// The page's bytes. Families are written in the order given; each name must be there once.
// Doubles are written so that reading them gives the same bits. In OpenMetrics a counter whose name
// does not end in _total, which that format cannot say, becomes `unknown` under the same name; a
// gauge that ends in _info and is always 1 becomes `info`. Label values and help texts that are not
// UTF-8 get U+FFFD for each byte that is wrong.
std::string serialize(const std::vector<prometheus::MetricFamily>& families,
                      ExpositionFormat format);

// Families by name, from several collectables. One thread at a time.
class FamilySet {
public:
  // Those of a name that is there already are joined to it. Throws Error, leaving the set as it
  // was, when a name is not allowed or a family has one type here and another there.
  void add(std::vector<prometheus::MetricFamily> families);
  // The same for what was not written for this page: throws too when a sample is there already.
  void add_foreign(std::vector<prometheus::MetricFamily> families);
  // Sorted by name; the set is empty afterwards.
  std::vector<prometheus::MetricFamily> take();

private:
  void check(const std::vector<prometheus::MetricFamily>& families) const;

  std::vector<prometheus::MetricFamily> families_;
  std::unordered_map<std::string, std::size_t> places_;
};

enum class Isolation {
  // Runs on the thread of the request: for what only reads memory or the kernel's own files.
  none,
  // Runs on one thread of its own: for what can hang (a network file system, a database).
  own_thread,
};

// What one of several foreign sources gave, a file for instance, or why it gave nothing.
struct ForeignFamilies {
  std::string source;
  std::vector<prometheus::MetricFamily> families;
  std::string error;
};

using ForeignCollector = std::function<std::vector<ForeignFamilies>()>;

// How one collectable fared in one scrape.
struct Collection {
  std::string name;
  std::chrono::duration<double> duration{}; // until now, when it has not answered
  bool success = false;
  // Of own_thread ones: how old the values on the page are; absent when there are none yet.
  std::optional<std::chrono::duration<double>> age;
  // Of foreign ones: the sources that are not on the page, and why.
  struct Refusal {
    std::string source, reason;
  };
  std::vector<Refusal> refusals{};
  std::string error{}; // why it is no success
};

// Turns what happened into families of their own, shown on the same page.
using CollectionReport =
    std::function<std::vector<prometheus::MetricFamily>(const std::vector<Collection>&)>;

// The page. add() and set_report() while it is built, by one thread; then any number of threads may
// ask at once, and none waits for another. It shares its collectables with whoever made them.
//
// Failure: a collectable that throws, or whose families cannot be shown (a bad name, another's
// type), is left out, reported, and logged once; the page answers 200. One on its own thread has
// 200 ms, or until the scrape's deadline when it runs for the first time; then its last families
// stand there with their age. After a second it counts as failed, and no scrape waits for it. Its
// thread, one however often the page is asked, is left to itself if stuck when the page is
// destroyed.
class MetricsPage {
public:
  MetricsPage();
  MetricsPage(const MetricsPage&) = delete;
  MetricsPage& operator=(const MetricsPage&) = delete;
  ~MetricsPage();

  // `name` is what collect[]=NAME and the report call it; it must be new. Collect() is called by
  // several threads at once unless it is isolated.
  void add(std::string name, std::shared_ptr<prometheus::Collectable> collectable,
           Isolation isolation = Isolation::none);

  // What others wrote, on a thread of its own. It is added when all else is on the page, each
  // source by itself: one that failed, or doesn't go with what is there (a bad name, another type,
  // a sample that is there already), is left out and reported, and the others stay. Success is that
  // the collector came back, whatever it brought. What is older than `longest_shown` is left out.
  void add_foreign(std::string name, ForeignCollector collect,
                   std::chrono::seconds longest_shown = std::chrono::seconds::max());

  // Without one: intendance_collector_success and _duration_seconds, by collector.
  void set_report(CollectionReport report);

  // Honours Accept, Accept-Encoding, collect[]=NAME (400 for a name that is not there) and
  // X-Prometheus-Scrape-Timeout-Seconds, of which it keeps half a second for the way back.
  HttpResponse answer(const HttpRequest& request) const;
  // answer() for HttpRouter; the page must outlive the server.
  HttpHandler handler() const;

  // What the page would show of the collectables in `names`, all when empty, with their report.
  // Throws Error that names one that is not there.
  std::vector<prometheus::MetricFamily>
  collect(const std::vector<std::string>& names,
          std::chrono::steady_clock::time_point deadline) const;

private:
  struct Entry;
  Entry& add_entry(std::string name);
  std::vector<const Entry*> chosen(const std::vector<std::string>& names) const;

  std::vector<std::unique_ptr<Entry>> entries_;
  CollectionReport report_;
};

} // namespace intendance::core
