// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "core/exposition.hpp"
#include "core/gzip.hpp"
#include "core/isolated_collection.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <set>

namespace intendance::core {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using SteadyClock = std::chrono::steady_clock;

namespace {

// Kept of the scraper's timeout for the way back, as blackbox_exporter does.
constexpr std::chrono::duration<double> way_back{0.5};
constexpr std::chrono::seconds longest_scrape{10};
// What each collector on a thread of its own has, when it could show older values instead.
constexpr std::chrono::milliseconds longest_collection{200};

// When the answer has to be on its way.
SteadyClock::time_point deadline_of(const HttpRequest& request) {
  auto deadline = SteadyClock::now() + longest_scrape;
  if (request.deadline != SteadyClock::time_point{})
    deadline = std::min(deadline, request.deadline);
  if (const auto header = request.header("x-prometheus-scrape-timeout-seconds")) {
    double seconds = 0;
    const auto end = header->data() + header->size();
    const auto result = std::from_chars(header->data(), end, seconds);
    const bool usable = result.ec == std::errc{} && result.ptr == end && std::isfinite(seconds);
    if (usable && seconds > 0 && seconds < 3600)
      deadline =
          std::min(deadline, SteadyClock::now() + std::chrono::duration_cast<SteadyClock::duration>(
                                                      std::chrono::duration<double>(seconds)));
  }
  // Half of it when it is shorter than what is to be kept.
  const auto whole = deadline - SteadyClock::now();
  const auto kept =
      std::min(std::chrono::duration_cast<SteadyClock::duration>(way_back), whole / 2);
  return deadline - kept;
}

MetricFamily gauges_by_collector(const std::string& name, const std::string& help,
                                 const std::vector<Collection>& collections,
                                 double (*value)(const Collection&)) {
  MetricFamily family{name, help, MetricType::Gauge, {}};
  for (const auto& collection : collections) {
    ClientMetric metric;
    metric.label.push_back({"collector", collection.name});
    metric.gauge.value = value(collection);
    family.metric.push_back(std::move(metric));
  }
  return family;
}

std::vector<MetricFamily> plain_report(const std::vector<Collection>& collections) {
  return {gauges_by_collector("intendance_collector_duration_seconds",
                              "How long each collector of this page took.", collections,
                              [](const Collection& one) { return one.duration.count(); }),
          gauges_by_collector("intendance_collector_success",
                              "Whether each collector of this page gave its values.", collections,
                              [](const Collection& one) { return one.success ? 1.0 : 0.0; })};
}

} // namespace

struct MetricsPage::Entry {
  std::string name;
  std::shared_ptr<prometheus::Collectable> collectable; // null: isolated
  std::unique_ptr<IsolatedCollection> isolated;         // null: on the thread of the request
  bool foreign = false;
  std::chrono::seconds longest_shown = std::chrono::seconds::max();
  mutable std::atomic<bool> failing = false; // so that a failure is logged once

  // Logs when it begins to fail and when it works again, not at each scrape.
  void note(bool success, const std::string& error) const {
    if (failing.exchange(!success) == !success) return;
    if (success)
      log::info("collector works again", {{"collector", name}});
    else
      log::warning("collector failed, its values are old or missing until it works again",
                   {{"collector", name}, {"reason", error}});
  }
};

MetricsPage::MetricsPage() : report_(plain_report) {}
MetricsPage::~MetricsPage() = default;

MetricsPage::Entry& MetricsPage::add_entry(std::string name) {
  for (const auto& entry : entries_)
    if (entry->name == name) throw Error("two collectors of one page are called \"" + name + "\"");
  entries_.push_back(std::make_unique<Entry>());
  entries_.back()->name = std::move(name);
  return *entries_.back();
}

void MetricsPage::add(std::string name, std::shared_ptr<prometheus::Collectable> collectable,
                      Isolation isolation) {
  auto& entry = add_entry(std::move(name));
  if (isolation == Isolation::none)
    entry.collectable = std::move(collectable);
  else
    entry.isolated = std::make_unique<IsolatedCollection>([collectable = std::move(collectable)] {
      std::vector<ForeignFamilies> only(1);
      only.front().families = collectable->Collect();
      return only;
    });
}

void MetricsPage::add_foreign(std::string name, ForeignCollector collect,
                              std::chrono::seconds longest_shown) {
  auto& entry = add_entry(std::move(name));
  entry.isolated = std::make_unique<IsolatedCollection>(std::move(collect));
  entry.foreign = true;
  entry.longest_shown = longest_shown;
}

void MetricsPage::set_report(CollectionReport report) { report_ = std::move(report); }

std::vector<const MetricsPage::Entry*>
MetricsPage::chosen(const std::vector<std::string>& names) const {
  std::vector<const Entry*> result;
  for (const auto& entry : entries_)
    if (names.empty() || std::find(names.begin(), names.end(), entry->name) != names.end())
      result.push_back(entry.get());
  for (const auto& name : names)
    if (std::none_of(result.begin(), result.end(), [&](auto entry) { return entry->name == name; }))
      throw Error("no collector is called \"" + name + "\"");
  return result;
}

namespace {

// One collectable's part of a scrape. What it throws, and what it gives that cannot be shown,
// stays here.
class Visit {
public:
  Visit(FamilySet& families, const std::string& name) : families_(families) {
    collection_.name = name;
  }

  void inline_collection(const prometheus::Collectable& collectable) {
    const auto started = SteadyClock::now();
    guarded([&] { families_.add(collectable.Collect()); });
    collection_.duration = SteadyClock::now() - started;
  }

  void isolated_collection(IsolatedCollection::Answer answer) {
    if (!take_answer(answer, std::chrono::seconds::max())) return;
    for (const auto& source : *answer.sources) guarded([&] { families_.add(source.families); });
  }

  // `reserved` are names of the report's families, which nobody else may add to.
  void foreign_collection(IsolatedCollection::Answer answer, std::chrono::seconds longest_shown,
                          const std::set<std::string>& reserved) {
    if (!take_answer(answer, longest_shown)) return;
    for (const auto& source : *answer.sources) {
      auto reason = source.error;
      try {
        for (const auto& family : source.families)
          if (reserved.count(family.name) != 0) throw Error(family.name + " is this page's own");
        if (reason.empty()) families_.add_foreign(source.families);
      } catch (const std::exception& error) {
        reason = error.what();
      }
      if (!reason.empty()) collection_.refusals.push_back({source.source, std::move(reason)});
    }
  }

  Collection finish() {
    collection_.success = error_.empty();
    collection_.error = std::move(error_);
    return std::move(collection_);
  }

private:
  bool take_answer(IsolatedCollection::Answer& answer, std::chrono::seconds longest_shown) {
    collection_.duration = answer.duration;
    error_ = std::move(answer.error);
    if (!answer.sources) return false;
    collection_.age = SteadyClock::now() - answer.taken;
    return *collection_.age <= longest_shown;
  }

  template <class Work>
  void guarded(Work&& work) {
    try {
      work();
    } catch (const std::exception& failure) {
      error_ = failure.what();
    } catch (...) {
      error_ = "an exception of an unknown type";
    }
  }

  FamilySet& families_;
  Collection collection_;
  std::string error_;
};

} // namespace

std::vector<MetricFamily> MetricsPage::collect(const std::vector<std::string>& names,
                                               SteadyClock::time_point deadline) const {
  const auto entries = chosen(names);
  const auto hurried = SteadyClock::now() + longest_collection;
  // The isolated ones run while the others are collected here.
  std::vector<std::uint64_t> tickets(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (entries[i]->isolated) tickets[i] = entries[i]->isolated->start();

  FamilySet families;
  std::vector<Collection> collections(entries.size());
  const auto with_report = [&](auto&& use) {
    try {
      if (report_) use(report_(collections));
    } catch (const std::exception& error) {
      log::error("the report on this page's collectors cannot be shown, leaving it out",
                 {{"reason", error.what()}});
    }
  };
  std::optional<std::set<std::string>> reserved;
  const auto names_of_report = [&]() -> const std::set<std::string>& {
    if (reserved) return *reserved;
    reserved.emplace();
    with_report([&](const std::vector<MetricFamily>& report) {
      for (const auto& family : report) reserved->insert(family.name);
    });
    return *reserved;
  };
  const auto visit = [&](std::size_t i) {
    Visit one(families, entries[i]->name);
    if (!entries[i]->isolated)
      one.inline_collection(*entries[i]->collectable);
    else if (entries[i]->foreign)
      one.foreign_collection(entries[i]->isolated->wait(tickets[i], hurried, deadline),
                             entries[i]->longest_shown, names_of_report());
    else
      one.isolated_collection(entries[i]->isolated->wait(tickets[i], hurried, deadline));
    collections[i] = one.finish();
    entries[i]->note(collections[i].success, collections[i].error);
  };
  const auto rank = [](const Entry& entry) { return entry.foreign ? 2 : entry.isolated ? 1 : 0; };
  for (const int turn : {0, 1, 2})
    for (std::size_t i = 0; i < entries.size(); ++i)
      if (rank(*entries[i]) == turn) visit(i);
  with_report([&](std::vector<MetricFamily> report) { families.add(std::move(report)); });
  return families.take();
}

HttpResponse MetricsPage::answer(const HttpRequest& request) const {
  std::vector<std::string> names;
  const auto [first, last] = request.query.equal_range("collect[]");
  for (auto parameter = first; parameter != last; ++parameter) names.push_back(parameter->second);
  try {
    chosen(names);
  } catch (const Error& error) {
    return HttpResponse::failure(400, error.what());
  }

  const auto format = negotiate_format(request.header("accept"));
  HttpResponse response;
  response.content_type = content_type(format);
  response.body = serialize(collect(names, deadline_of(request)), format);
  response.headers.emplace_back("Vary", "Accept, Accept-Encoding");
  if (accepts_gzip(request.header("accept-encoding"))) {
    response.body = gzip(response.body);
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  return response;
}

HttpHandler MetricsPage::handler() const {
  return [this](const HttpRequest& request) { return answer(request); };
}

} // namespace intendance::core
