// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/relay.hpp"

#include "collectors/host/text.hpp"
#include "collectors/readers/page_reader.hpp"
#include "collectors/text_format.hpp"
#include "core/error.hpp"

#include <algorithm>
#include <array>

namespace intendance::collectors {

namespace {

// A whole page of ours has a few thousand.
constexpr std::size_t most_samples = 5000;

// Each bucket and quantile is a line of the page too.
std::size_t count_samples(const Families& families) {
  std::size_t count = 0;
  for (const auto& family : families)
    for (const auto& metric : family.metric)
      count += 1 + metric.histogram.bucket.size() + metric.summary.quantile.size();
  return count;
}

bool is_metric_name(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == ':';
  });
}

// The name of the family or sample that a line is about; empty for any other line.
struct Subject {
  std::string_view keyword; // "HELP", "TYPE"; empty: a sample
  std::string_view name;
};

Subject subject_of(std::string_view line) {
  Subject subject;
  const auto first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos) return subject;
  line.remove_prefix(first);
  if (line.front() == '#') {
    line.remove_prefix(1);
    const auto keyword = next_word(line);
    if (keyword != "HELP" && keyword != "TYPE") return subject;
    subject.keyword = keyword;
    subject.name = next_word(line);
    return subject;
  }
  subject.name = line.substr(0, line.find_first_of(" \t{"));
  return subject;
}

// CouchDB 3 leaves out the end of the line between HELP and TYPE. The type is worth more.
std::string_view mended(std::string_view line, const Subject& subject) {
  if (subject.keyword != "HELP") return line;
  const auto type = line.rfind("# TYPE ");
  if (type == std::string_view::npos || type == 0) return line;
  const auto rest = subject_of(line.substr(type));
  return rest.name == subject.name ? line.substr(type) : line;
}

} // namespace

FamilyChoice::FamilyChoice(std::vector<std::string> names) : names_(std::move(names)) {
  for (const std::string_view name : names_)
    if (name != "*" && !is_metric_name(name.substr(0, name.size() - (name.ends_with('*') ? 1 : 0))))
      throw core::Error("\"" + std::string(name) +
                        "\" is not a metric's name\n  allowed: letters, digits, _ and :, and one "
                        "* at the end for all that begin so");
}

bool FamilyChoice::has(std::string_view family) const {
  return std::any_of(names_.begin(), names_.end(), [&](std::string_view name) {
    if (!name.ends_with('*')) return family == name;
    return family.starts_with(name.substr(0, name.size() - 1));
  });
}

bool FamilyChoice::may_have(std::string_view sample) const {
  if (has(sample)) return true;
  constexpr std::array<std::string_view, 3> suffixes = {"_bucket", "_sum", "_count"};
  return std::any_of(suffixes.begin(), suffixes.end(), [&](std::string_view suffix) {
    return sample.ends_with(suffix) && has(sample.substr(0, sample.size() - suffix.size()));
  });
}

Families relay(std::string_view page, const FamilyChoice& choice) {
  // The others' lines stay as empty ones, so that a fault is named by its line in the page.
  std::string chosen;
  while (const auto line = next_line(page)) {
    const auto subject = subject_of(*line);
    const bool wanted = subject.keyword.empty()
                            ? !subject.name.empty() && choice.may_have(subject.name)
                            : choice.has(subject.name);
    if (wanted) chosen += mended(*line, subject);
    chosen += '\n';
  }
  auto families = parse_text_format(chosen, Timestamps::kept);
  std::erase_if(families, [&](const auto& family) { return !choice.has(family.name); });
  for (auto& family : families)
    if (family.help.empty()) family.help = "Of the service's own page.";
  if (families.empty())
    throw core::Error("has none of the families in [[reader]] families; look at the page, and "
                      "correct them");
  if (count_samples(families) > most_samples)
    throw core::Error("has more than " + std::to_string(most_samples) +
                      " samples in the families chosen; name fewer in [[reader]] families");
  return families;
}

MakeReader relay_reader(core::ConfigTable& table) {
  const auto address = read_page_address(table);
  auto names = table.texts("families");
  if (names.empty())
    table.fail("families", "is missing: which families of the page to add to this machine's");
  const auto choice = table.parsed("families", names.front(), [&](const std::string&) {
    return FamilyChoice(std::move(names));
  });
  return page_reader(
      address, [choice](std::string_view page) { return relay(page, choice); },
      "text/plain;version=0.0.4");
}

} // namespace intendance::collectors
