// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/text_format.hpp"

#include "collectors/host/text.hpp"
#include "core/error.hpp"
#include "core/utf8.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <set>
#include <unordered_map>

namespace intendance::collectors {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool is_name_character(char c, bool colons) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         (colons && c == ':');
}

// One line, read from its start to its end.
class Cursor {
public:
  explicit Cursor(std::string_view line) : rest_(line) {}

  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }
  bool at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string name(const char* what, bool colons) {
    std::size_t length = 0;
    while (length < rest_.size() && is_name_character(rest_[length], colons)) ++length;
    if (length == 0 || (rest_.front() >= '0' && rest_.front() <= '9'))
      throw core::CorruptData(std::string("no ") + what + "'s name at \"" + excerpt() + "\"");
    return std::string(cut(length));
  }

  std::string_view word() {
    std::size_t length = 0;
    while (length < rest_.size() && !is_blank(rest_[length])) ++length;
    return cut(length);
  }

  // What stands between quotes, the first of which has been read.
  std::string quoted() {
    std::string text;
    while (!take('"')) {
      if (rest_.empty()) throw core::CorruptData("a label's value does not end");
      const char c = cut(1).front();
      text += c == '\\' ? escaped(true) : c;
    }
    return text;
  }

  // HELP's text: the rest of the line.
  std::string help() {
    std::string text;
    while (!rest_.empty()) {
      const char c = cut(1).front();
      text += c == '\\' ? escaped(false) : c;
    }
    return text;
  }

  std::string excerpt() const { return std::string(rest_.substr(0, 40)); }

private:
  std::string_view cut(std::size_t length) {
    const auto part = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return part;
  }
  char escaped(bool quotes) {
    if (take('n')) return '\n';
    if (take('\\')) return '\\';
    if (quotes && take('"')) return '"';
    throw core::CorruptData("\"\\" + std::string(rest_.substr(0, 1)) + "\" is not an escape");
  }

  std::string_view rest_;
};

double parse_value(std::string_view word) {
  auto digits = word;
  if (digits.starts_with('+') && !digits.substr(1).starts_with('-')) digits.remove_prefix(1);
  double value = 0;
  const auto end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end)
    throw core::CorruptData("\"" + std::string(word.substr(0, 40)) + "\" is not a number");
  return value;
}

// What the names of a histogram's samples end in; a summary has no buckets.
constexpr std::array<std::string_view, 3> suffixes = {"_bucket", "_sum", "_count"};

// Counts of histograms and summaries, which the format writes as any number.
std::uint64_t parse_total(double value, const std::string& name) {
  if (!(value >= 0) || value > 9007199254740992.0) // 2^53, beyond which doubles don't count
    throw core::CorruptData(name + " is not a count");
  return static_cast<std::uint64_t>(value);
}

// The labels in an order of their own, so that two samples can be compared.
std::string key_of(Labels labels) {
  std::sort(labels.begin(), labels.end());
  std::string key;
  for (const auto& label : labels)
    key.append(label.name).append(1, '\0').append(label.value).append(1, '\0');
  return key;
}

struct Sample {
  std::string name;
  Labels labels;
  double value = 0;
  std::optional<std::int64_t> timestamp_ms;
};

Labels parse_labels(Cursor& line) {
  Labels labels;
  for (line.skip_blanks(); !line.take('}'); line.skip_blanks()) {
    auto name = line.name("label", false);
    line.skip_blanks();
    if (!line.take('=')) throw core::CorruptData("no = after the label \"" + name + "\"");
    line.skip_blanks();
    if (!line.take('"'))
      throw core::CorruptData("the value of the label \"" + name + "\" is not in quotes");
    for (const auto& label : labels)
      if (label.name == name) throw core::CorruptData("the label \"" + name + "\" is there twice");
    if (name == "__name__") throw core::CorruptData("__name__ is no label's name");
    labels.push_back({std::move(name), line.quoted()});
    line.skip_blanks();
    if (line.take(',')) continue;
    line.skip_blanks();
    if (line.take('}')) break;
    throw core::CorruptData("no , or } after a label, at \"" + line.excerpt() + "\"");
  }
  return labels;
}

Sample parse_sample(Cursor& line) {
  Sample sample;
  sample.name = line.name("metric", true);
  line.skip_blanks();
  if (line.take('{')) sample.labels = parse_labels(line);
  line.skip_blanks();
  sample.value = parse_value(line.word());
  line.skip_blanks();
  if (!line.at_end()) sample.timestamp_ms = parse_integer(line.word(), "timestamp");
  line.skip_blanks();
  if (!line.at_end())
    throw core::CorruptData("\"" + line.excerpt() + "\" is too much for one sample");
  return sample;
}

class TextParser {
public:
  explicit TextParser(Timestamps timestamps) : timestamps_(timestamps) {}

  void line(std::string_view text) {
    Cursor cursor(text);
    cursor.skip_blanks();
    if (cursor.at_end()) return;
    if (cursor.take('#'))
      comment(cursor);
    else
      sample(parse_sample(cursor));
  }

  Families finish() {
    Families families;
    for (auto& entry : entries_) {
      for (auto& metric : entry.family.metric) sort_bounds(metric);
      if (!entry.family.metric.empty()) families.push_back(std::move(entry.family));
    }
    return families;
  }

private:
  struct Entry {
    MetricFamily family;
    bool has_help = false, has_type = false;
    std::unordered_map<std::string, std::size_t> places; // of samples in the family, by labels
    std::set<std::string> seen; // whole samples, so that none is there twice
  };

  Entry& entry(const std::string& name) {
    const auto [place, fresh] = places_.try_emplace(name, entries_.size());
    if (fresh) entries_.push_back({{name, "", MetricType::Untyped, {}}, false, false, {}, {}});
    return entries_[place->second];
  }

  void comment(Cursor& line) {
    line.skip_blanks();
    const auto keyword = line.word();
    if (keyword != "HELP" && keyword != "TYPE") return;
    line.skip_blanks();
    auto& known = entry(line.name("metric", true));
    const auto& name = known.family.name;
    if (!line.at_end() && !is_blank(line.rest().front()))
      throw core::CorruptData("\"" + line.excerpt() + "\" is not part of a metric's name");
    line.skip_blanks();
    if (keyword == "HELP") {
      if (std::exchange(known.has_help, true)) throw core::CorruptData("a second HELP for " + name);
      known.family.help = line.help();
      return;
    }
    if (std::exchange(known.has_type, true)) throw core::CorruptData("a second TYPE for " + name);
    known.family.type = type_of(line.word());
    if (!known.family.metric.empty() || has_parts(known.family))
      throw core::CorruptData("the TYPE of " + name + " comes after its samples");
    line.skip_blanks();
    if (!line.at_end())
      throw core::CorruptData("\"" + line.excerpt() + "\" is too much after a TYPE");
  }

  // The text may have them in any order, a page has the lowest first.
  static void sort_bounds(ClientMetric& metric) {
    auto& buckets = metric.histogram.bucket;
    std::sort(buckets.begin(), buckets.end(), [](const auto& left, const auto& right) {
      return left.upper_bound < right.upper_bound;
    });
    auto& quantiles = metric.summary.quantile;
    std::sort(quantiles.begin(), quantiles.end(),
              [](const auto& left, const auto& right) { return left.quantile < right.quantile; });
  }

  // Whether samples were read that are part of this histogram or summary.
  bool has_parts(const MetricFamily& family) const {
    if (family.type != MetricType::Histogram && family.type != MetricType::Summary) return false;
    return std::any_of(suffixes.begin(), suffixes.end(), [&](std::string_view suffix) {
      const auto place = places_.find(family.name + std::string(suffix));
      return place != places_.end() && !entries_[place->second].family.metric.empty();
    });
  }

  static MetricType type_of(std::string_view word) {
    if (word == "counter") return MetricType::Counter;
    if (word == "gauge") return MetricType::Gauge;
    if (word == "summary") return MetricType::Summary;
    if (word == "histogram") return MetricType::Histogram;
    if (word == "untyped") return MetricType::Untyped;
    throw core::CorruptData("\"" + std::string(word.substr(0, 40)) +
                            "\" is not a type (counter, gauge, histogram, summary or untyped)");
  }

  // The family that a sample belongs to: rpc_seconds_bucket is of the histogram rpc_seconds.
  Entry& family_of(const std::string& name) {
    for (const auto suffix : suffixes) {
      if (!name.ends_with(suffix)) continue;
      const auto place = places_.find(name.substr(0, name.size() - suffix.size()));
      if (place == places_.end()) continue;
      auto& known = entries_[place->second];
      if (known.family.type == MetricType::Histogram ||
          (known.family.type == MetricType::Summary && suffix != "_bucket"))
        return known;
    }
    return entry(name);
  }

  void sample(Sample sample) {
    if (sample.timestamp_ms && timestamps_ == Timestamps::refused)
      throw core::CorruptData(sample.name + " has a timestamp, which a file's figures cannot have");
    auto& known = family_of(sample.name);
    const auto bound = take_bound(known.family.type, sample);
    auto key = sample.name + '\0' + key_of(sample.labels);
    if (bound) key += std::to_string(std::bit_cast<std::uint64_t>(*bound));
    if (!known.seen.insert(std::move(key)).second)
      throw core::CorruptData(sample.name + " is there twice with the same labels");
    auto& metric = metric_of(known, sample.labels);
    if (sample.timestamp_ms) metric.timestamp_ms = *sample.timestamp_ms;
    put(known.family, metric, sample, bound);
  }

  ClientMetric& metric_of(Entry& known, Labels& labels) {
    auto& metrics = known.family.metric;
    const auto [place, fresh] = known.places.try_emplace(key_of(labels), metrics.size());
    if (fresh) {
      metrics.emplace_back();
      metrics.back().label = std::move(labels);
    }
    return metrics[place->second];
  }

  // Takes `le` or `quantile`, which are no labels of a histogram or summary as a whole.
  static std::optional<double> take_bound(MetricType type, Sample& sample) {
    const bool bucket = type == MetricType::Histogram && sample.name.ends_with("_bucket");
    const bool quantile = type == MetricType::Summary && !sample.name.ends_with("_sum") &&
                          !sample.name.ends_with("_count");
    if (!bucket && !quantile) return std::nullopt;
    const std::string_view wanted = bucket ? "le" : "quantile";
    for (auto label = sample.labels.begin(); label != sample.labels.end(); ++label)
      if (label->name == wanted) {
        const auto value = parse_value(label->value) + 0.0; // -0 is 0
        if (std::isnan(value))
          throw core::CorruptData(sample.name + " has a bound that is not a number");
        sample.labels.erase(label);
        return value;
      }
    throw core::CorruptData(sample.name + " has no label \"" + std::string(wanted) + "\"");
  }

  static void put(const MetricFamily& family, ClientMetric& metric, const Sample& sample,
                  std::optional<double> bound) {
    switch (family.type) {
    case MetricType::Counter: metric.counter.value = sample.value; return;
    case MetricType::Gauge: metric.gauge.value = sample.value; return;
    case MetricType::Untyped: metric.untyped.value = sample.value; return;
    case MetricType::Summary:
      if (bound)
        metric.summary.quantile.push_back({*bound, sample.value});
      else if (sample.name.ends_with("_sum"))
        metric.summary.sample_sum = sample.value;
      else
        metric.summary.sample_count = parse_total(sample.value, sample.name);
      return;
    case MetricType::Histogram:
      if (bound)
        metric.histogram.bucket.push_back({parse_total(sample.value, sample.name), *bound});
      else if (sample.name.ends_with("_sum"))
        metric.histogram.sample_sum = sample.value;
      else if (sample.name.ends_with("_count"))
        metric.histogram.sample_count = parse_total(sample.value, sample.name);
      else
        throw core::CorruptData(sample.name + " is a histogram, which has only buckets, a sum and "
                                              "a count");
      return;
    }
  }

  Timestamps timestamps_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> places_;
};

} // namespace

Families parse_text_format(std::string_view text, Timestamps timestamps) {
  TextParser parser(timestamps);
  for (std::size_t number = 1; const auto line = next_line(text); ++number) {
    try {
      if (!core::is_utf8(*line)) throw core::CorruptData("bytes that are not UTF-8");
      parser.line(*line);
    } catch (const core::CorruptData& error) {
      throw core::CorruptData("line " + std::to_string(number) + ": " + error.what());
    }
  }
  return parser.finish();
}

} // namespace intendance::collectors
