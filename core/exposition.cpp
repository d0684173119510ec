// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/exposition.hpp"

#include "core/error.hpp"
#include "core/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

namespace intendance::core {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

namespace {

enum class Quotes { plain, escaped };

// What both formats ask of HELP texts and label values, and U+FFFD for what is not UTF-8, for which
// a scraper would refuse the whole page.
void append_escaped(std::string& out, std::string_view text, Quotes quotes) {
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes == Quotes::escaped) {
      out += "\\\"";
    } else if (static_cast<unsigned char>(c) < 0x80) {
      out += c;
    } else if (const auto length = utf8_length(text.substr(i)); length > 0) {
      out.append(text.substr(i, length));
      i += length;
      continue;
    } else {
      out += "\xEF\xBF\xBD";
    }
    ++i;
  }
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    char digits[32];
    // The shortest form that reads back to the same bits.
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    out.append(digits, static_cast<std::size_t>(end - digits));
  }
}

void append_number(std::string& out, std::uint64_t value) {
  char digits[24];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

// OpenMetrics wants "1.0" where text has "1" in `le` and `quantile`, so that one bound has one
// name.
std::string bound_text(double value, ExpositionFormat format) {
  std::string text;
  append_number(text, value);
  if (format == ExpositionFormat::openmetrics && std::isfinite(value) &&
      text.find_first_of(".e") == std::string::npos)
    text += ".0";
  return text;
}

class Writer {
public:
  explicit Writer(ExpositionFormat format) : format_(format) {}

  void family(const MetricFamily& family) {
    const bool openmetrics = format_ == ExpositionFormat::openmetrics;
    std::string_view name = family.name;
    std::string_view type = type_name(family);
    if (openmetrics && type == "counter")
      name.remove_suffix(std::string_view("_total").size());
    else if (openmetrics && type == "info")
      name.remove_suffix(std::string_view("_info").size());
    if (!family.help.empty()) {
      out_.append("# HELP ").append(name) += ' ';
      append_escaped(out_, family.help, openmetrics ? Quotes::escaped : Quotes::plain);
      out_ += '\n';
    }
    out_.append("# TYPE ").append(name).append(" ").append(type) += '\n';
    for (const auto& metric : family.metric) samples(family, metric);
  }

  std::string finish() {
    if (format_ == ExpositionFormat::openmetrics) out_ += "# EOF\n";
    return std::move(out_);
  }

private:
  std::string_view type_name(const MetricFamily& family) const {
    const bool openmetrics = format_ == ExpositionFormat::openmetrics;
    switch (family.type) {
    case MetricType::Counter:
      return openmetrics && !family.name.ends_with("_total") ? "unknown" : "counter";
    case MetricType::Gauge: return openmetrics && is_info(family) ? "info" : "gauge";
    case MetricType::Summary: return "summary";
    case MetricType::Histogram: return "histogram";
    case MetricType::Untyped: break;
    }
    return openmetrics ? "unknown" : "untyped";
  }

  static bool is_info(const MetricFamily& family) {
    return family.name.ends_with("_info") &&
           std::all_of(family.metric.begin(), family.metric.end(),
                       [](const ClientMetric& metric) { return metric.gauge.value == 1; });
  }

  void samples(const MetricFamily& family, const ClientMetric& metric) {
    switch (family.type) {
    case MetricType::Counter: sample(family, "", metric, metric.counter.value); break;
    case MetricType::Gauge: sample(family, "", metric, metric.gauge.value); break;
    case MetricType::Untyped: sample(family, "", metric, metric.untyped.value); break;
    case MetricType::Summary:
      for (const auto& quantile : metric.summary.quantile)
        sample(family, "", metric, quantile.value, "quantile",
               bound_text(quantile.quantile, format_));
      sample(family, "_sum", metric, metric.summary.sample_sum);
      sample(family, "_count", metric, metric.summary.sample_count);
      break;
    case MetricType::Histogram: histogram(family, metric); break;
    }
  }

  void histogram(const MetricFamily& family, const ClientMetric& metric) {
    const auto& histogram = metric.histogram;
    for (const auto& bucket : histogram.bucket)
      sample(family, "_bucket", metric, bucket.cumulative_count, "le",
             bound_text(bucket.upper_bound, format_));
    // Both formats require the last bucket to be there.
    if (histogram.bucket.empty() || !std::isinf(histogram.bucket.back().upper_bound))
      sample(family, "_bucket", metric, histogram.sample_count, "le", "+Inf");
    sample(family, "_sum", metric, histogram.sample_sum);
    sample(family, "_count", metric, histogram.sample_count);
  }

  template <class Number>
  void sample(const MetricFamily& family, std::string_view suffix, const ClientMetric& metric,
              Number value, std::string_view bound_name = {}, const std::string& bound = {}) {
    out_.append(family.name).append(suffix);
    char separator = '{';
    for (const auto& label : metric.label)
      append_label(std::exchange(separator, ','), label.name, label.value);
    if (!bound_name.empty()) append_label(std::exchange(separator, ','), bound_name, bound);
    if (separator == ',') out_ += '}';
    out_ += ' ';
    append_number(out_, value);
    if (metric.timestamp_ms != 0) append_timestamp(metric.timestamp_ms);
    out_ += '\n';
  }

  void append_label(char separator, std::string_view name, std::string_view value) {
    out_ += separator;
    out_.append(name).append("=\"");
    append_escaped(out_, value, Quotes::escaped);
    out_ += '"';
  }

  // Milliseconds in text, seconds in OpenMetrics.
  void append_timestamp(std::int64_t milliseconds) {
    out_ += ' ';
    if (format_ == ExpositionFormat::openmetrics)
      append_number(out_, static_cast<double>(milliseconds) / 1000);
    else
      out_ += std::to_string(milliseconds);
  }

  ExpositionFormat format_;
  std::string out_;
};

bool is_name(std::string_view name, bool colons) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (colons && c == ':');
  });
}

void check_names(const MetricFamily& family) {
  if (!is_name(family.name, true))
    throw Error("\"" + family.name + "\" is not a metric's name (letters, digits, _ and :)");
  for (const auto& metric : family.metric)
    for (const auto& label : metric.label)
      if (!is_name(label.name, false))
        throw Error(family.name + ": \"" + label.name +
                    "\" is not a label's name (letters, digits and _)");
}

// The same for the same labels in any order.
std::string label_key(const ClientMetric& metric) {
  auto labels = metric.label;
  std::sort(labels.begin(), labels.end());
  std::string key;
  for (const auto& label : labels)
    key.append(label.name).append(1, '\0').append(label.value).append(1, '\0');
  return key;
}

// --- Accept
// ----------------------------------------------------------------------------------------

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\"");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\"") - first + 1);
}

// Cuts `rest` at the first `separator` and returns what stood before it.
std::string_view next_part(std::string_view& rest, char separator) {
  const auto at = rest.find(separator);
  const auto part = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return trim(part);
}

struct MediaRange {
  std::string_view type;
  std::string_view version;
  double weight = 1;
};

MediaRange parse_media_range(std::string_view text) {
  MediaRange range;
  range.type = next_part(text, ';');
  while (!text.empty()) {
    auto parameter = next_part(text, ';');
    const auto name = next_part(parameter, '=');
    const auto value = trim(parameter);
    if (name == "version") {
      range.version = value;
    } else if (name == "q" &&
               std::from_chars(value.data(), value.data() + value.size(), range.weight).ec !=
                   std::errc{}) {
      range.weight = 0; // a weight that cannot be read asks for nothing
    }
  }
  return range;
}

// Of the ranges that name plain text, the most exact one counts (RFC 9110 §12.5.1).
int text_exactness(const MediaRange& range) {
  if (range.type == "text/plain" && (range.version.empty() || range.version == "0.0.4")) return 3;
  if (range.type == "text/*") return 2;
  return range.type == "*/*" ? 1 : 0;
}

} // namespace

std::string_view content_type(ExpositionFormat format) {
  return format == ExpositionFormat::openmetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

ExpositionFormat negotiate_format(const std::optional<std::string>& accept) {
  double openmetrics = 0, text = 0;
  int exactness = 0;
  std::string_view rest = accept ? std::string_view(*accept) : "";
  while (!rest.empty()) {
    const auto range = parse_media_range(next_part(rest, ','));
    if (range.type == "application/openmetrics-text") {
      if (range.version.empty() || range.version == "1.0.0" || range.version == "0.0.1")
        openmetrics = std::max(openmetrics, range.weight);
    } else if (const auto exact = text_exactness(range); exact > exactness) {
      exactness = exact;
      text = range.weight;
    }
  }
  return openmetrics > 0 && openmetrics >= text ? ExpositionFormat::openmetrics
                                                : ExpositionFormat::text;
}

std::string serialize(const std::vector<MetricFamily>& families, ExpositionFormat format) {
  Writer writer(format);
  for (const auto& family : families)
    if (!family.metric.empty()) writer.family(family);
  return writer.finish();
}

void FamilySet::check(const std::vector<MetricFamily>& families) const {
  std::unordered_map<std::string_view, MetricType> types; // of this call
  for (const auto& family : families) {
    check_names(family);
    const auto known = places_.find(family.name);
    const auto type = known == places_.end() ? family.type : families_[known->second].type;
    if (types.try_emplace(family.name, type).first->second != family.type)
      throw Error(family.name + " has one type here and another in another family of that name");
  }
}

void FamilySet::add_foreign(std::vector<MetricFamily> families) {
  check(families);
  for (const auto& family : families) {
    const auto known = places_.find(family.name);
    if (known == places_.end()) continue;
    std::set<std::string> there;
    for (const auto& metric : families_[known->second].metric) there.insert(label_key(metric));
    for (const auto& metric : family.metric)
      if (there.count(label_key(metric)) != 0)
        throw Error(family.name + " is on this page already, with the same labels");
  }
  add(std::move(families));
}

void FamilySet::add(std::vector<MetricFamily> families) {
  check(families); // before anything is changed
  for (auto& family : families) {
    const auto [place, fresh] = places_.try_emplace(family.name, families_.size());
    if (fresh) {
      families_.push_back(std::move(family));
      continue;
    }
    auto& metrics = families_[place->second].metric;
    metrics.insert(metrics.end(), std::make_move_iterator(family.metric.begin()),
                   std::make_move_iterator(family.metric.end()));
  }
}

std::vector<MetricFamily> FamilySet::take() {
  auto families = std::exchange(families_, {});
  places_.clear();
  std::sort(
      families.begin(), families.end(),
      [](const MetricFamily& left, const MetricFamily& right) { return left.name < right.name; });
  return families;
}

} // namespace intendance::core
