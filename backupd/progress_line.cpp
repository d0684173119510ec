// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/progress_line.hpp"

#include "backupd/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace intendance::backupd {

using core::Language;
using std::chrono::milliseconds;

namespace {

constexpr std::chrono::seconds pace_window{10};
constexpr milliseconds shortest_window{500};
constexpr std::size_t phase_columns = 11; // as the report's own first column
constexpr std::size_t shortest_bar = 6, longest_bar = 20;
constexpr std::size_t shortest_path = 16;

struct Wording {
  std::string_view phase, one, many;
};

// In the order of WorkPhase.
constexpr std::array<Wording, work_phases> english = {{
    {"opening", "", ""},
    {"reading", "file", "files"},
    {"storing", "", ""},
    {"restoring", "file", "files"},
    {"syncing", "", ""},
    {"comparing", "file", "files"},
    {"exporting", "file", "files"},
    {"listing", "pack", "packs"},
    {"verifying", "pack", "packs"},
    {"checking", "snapshot", "snapshots"},
    {"checking", "file list", "file lists"},
    {"rewriting", "pack", "packs"},
    {"deleting", "pack", "packs"},
    {"saving", "snapshot", "snapshots"},
}};
constexpr std::array<Wording, work_phases> french = {{
    {"ouverture", "", ""},
    {"lecture", "fichier", "fichiers"},
    {"dépôt", "", ""},
    {"remise", "fichier", "fichiers"},
    {"écriture", "", ""},
    {"relecture", "fichier", "fichiers"},
    {"export", "fichier", "fichiers"},
    {"inventaire", "paquet", "paquets"},
    {"contrôle", "paquet", "paquets"},
    {"examen", "instantané", "instantanés"},
    {"examen", "liste", "listes"},
    {"réécriture", "paquet", "paquets"},
    {"effacement", "paquet", "paquets"},
    {"sauvetage", "instantané", "instantanés"},
}};

double rate(std::uint64_t before, std::uint64_t now, std::chrono::duration<double> time) {
  return now > before ? static_cast<double>(now - before) / time.count() : 0;
}

// "812", "61.2": three digits say enough of what changes all the time.
struct Amount {
  std::string number;
  std::string_view unit;
  std::string text() const { return fmt::format("{} {}", number, unit); }
};

Amount amount_of(double bytes, Language language) {
  constexpr std::array<std::string_view, 6> in_english = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  constexpr std::array<std::string_view, 6> in_french = {"o", "Kio", "Mio", "Gio", "Tio", "Pio"};
  std::size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < in_english.size(); bytes /= 1024) ++unit;
  auto number = fmt::format("{:.{}f}", bytes, unit == 0 || bytes >= 99.95 ? 0 : 1);
  if (language == Language::french) std::replace(number.begin(), number.end(), '.', ',');
  return {std::move(number), (language == Language::french ? in_french : in_english).at(unit)};
}

// "45 s", "4 min", "2 h 05", "3 d"; what is left is rounded up.
std::string duration_of(double seconds, Language language) {
  const auto whole = static_cast<std::uint64_t>(std::clamp(seconds, 0.0, 1e9)) + 1;
  if (whole < 60) return fmt::format("{} s", whole);
  const auto minutes = (whole + 59) / 60;
  if (minutes < 60) return fmt::format("{} min", minutes);
  if (minutes < 48 * 60) return fmt::format("{} h {:02}", minutes / 60, minutes % 60);
  return fmt::format("{} {}", minutes / (24 * 60), language == Language::french ? "j" : "d");
}

// Puts together what there is room for.
class Line {
public:
  Line(const WorkView& view, const Pace& pace, Language language)
      : view_(view), pace_(pace), is_french_(language == Language::french), language_(language),
        words_((is_french_ ? french : english).at(static_cast<std::size_t>(view.phase))) {
    // More came than was said: the rest is not known any more.
    if (view_.total.bytes < view_.bytes || view_.total.items < view_.items) view_.total = {};
    add_items();
    add_bytes();
    add_share();
    if (pace_.bytes_per_second > 0) add(Kind::rate, amount(pace_.bytes_per_second) + "/s");
    if (const auto left = seconds_left(); left >= 0)
      add(Kind::left, (is_french_ ? "reste " : "ETA ") + duration(left));
    if (parts_.empty()) // so that it is seen to be alive
      add(Kind::left, duration(std::chrono::duration<double>(pace_.in_phase).count()));
  }

  std::string fitted(std::size_t columns) {
    // Room for a bar is worth more than what can be said shorter.
    auto kept_free = share() >= 0 ? gap.size() + shortest_bar : 0;
    for (const auto& [kind, how] : least_wanted_first) {
      if (columns_of(joined()) + kept_free <= columns) break;
      if (kind == Kind::items && how == Form::none) {
        kept_free = 0;
        if (columns_of(joined()) <= columns) break;
      }
      for (auto& part : parts_) {
        if (part.kind == kind) part.text = how == Form::shorter ? part.shorter : "";
      }
    }
    add_bar(columns);
    auto line = joined();
    const auto used = columns_of(line);
    if (used > columns) return "";
    if (!view_.path.empty() && columns >= used + gap.size() + shortest_path)
      line += std::string(gap) + last_columns(view_.path, columns - used - gap.size());
    return line;
  }

private:
  enum class Kind { items, bytes, new_bytes, bar, share, rate, left };
  enum class Form { shorter, none };
  struct Part {
    Kind kind;
    std::string text;    // none: given up
    std::string shorter; // where there is such a form
  };
  static constexpr std::array<std::pair<Kind, Form>, 8> least_wanted_first = {{
      {Kind::new_bytes, Form::none},
      {Kind::items, Form::shorter},
      {Kind::items, Form::none},
      {Kind::bytes, Form::shorter},
      {Kind::rate, Form::none},
      {Kind::left, Form::none},
      {Kind::bytes, Form::none},
      {Kind::share, Form::none},
  }};
  static constexpr std::string_view gap = "  ";

  void add(Kind kind, std::string text, std::string shorter = {}) {
    if (shorter.empty()) shorter = text;
    parts_.push_back({kind, std::move(text), std::move(shorter)});
  }
  std::string amount(double bytes) const { return amount_of(bytes, language_).text(); }
  std::string duration(double seconds) const { return duration_of(seconds, language_); }
  std::string about() const { return view_.total.estimated ? "~" : ""; }

  void add_items() {
    if (words_.many.empty()) return;
    const auto total = view_.total.items;
    const auto counted = total > 0 ? total : view_.items;
    const bool is_one = counted == 1 || (counted == 0 && is_french_);
    const auto word = fmt::format(" {}", is_one ? words_.one : words_.many);
    const auto done = shown_count(view_.items);
    if (total == 0)
      add(Kind::items, done + word);
    else
      add(Kind::items, done + "/" + about() + shown_count(total) + word, done + word);
  }

  void add_bytes() {
    if (view_.bytes > 0 || view_.total.bytes > 0) {
      const auto done = amount_of(static_cast<double>(view_.bytes), language_);
      const auto all = amount_of(static_cast<double>(view_.total.bytes), language_);
      if (view_.total.bytes == 0)
        add(Kind::bytes, done.text());
      else
        add(Kind::bytes,
            (done.unit == all.unit ? done.number : done.text()) + "/" + about() + all.text(),
            done.text());
    }
    if (view_.new_bytes > 0)
      add(Kind::new_bytes,
          (is_french_ ? "nouveau " : "new ") + amount(static_cast<double>(view_.new_bytes)));
  }

  // Bytes say more than files. Less than nothing when it is not known.
  double share() const {
    const auto& total = view_.total;
    if (total.bytes > 0) return static_cast<double>(view_.bytes) / static_cast<double>(total.bytes);
    if (total.items > 0) return static_cast<double>(view_.items) / static_cast<double>(total.items);
    return -1;
  }

  void add_share() {
    const auto done = share();
    if (done >= 0) add(Kind::share, fmt::format("{:3d} %", static_cast<int>(done * 100)));
  }

  double seconds_left() const {
    const auto speed = view_.total.bytes > 0 ? pace_.bytes_per_second : pace_.items_per_second;
    const auto all = view_.total.bytes > 0 ? view_.total.bytes : view_.total.items;
    const auto done = view_.total.bytes > 0 ? view_.bytes : view_.items;
    return all == done || speed <= 0 ? -1 : static_cast<double>(all - done) / speed;
  }

  // Before the share, when there is one and room for it.
  void add_bar(std::size_t columns) {
    const auto place = std::find_if(parts_.begin(), parts_.end(),
                                    [](const Part& part) { return part.kind == Kind::share; });
    const auto used = columns_of(joined()) + gap.size();
    if (place == parts_.end() || place->text.empty() || columns < used + shortest_bar) return;
    const auto length = std::min(columns - used, longest_bar);
    const auto halves = static_cast<std::size_t>(share() * static_cast<double>(2 * length));
    std::string bar;
    for (std::size_t each = 0; each < length; ++each)
      bar += halves >= 2 * each + 2 ? "━" : halves == 2 * each + 1 ? "╸" : "─";
    parts_.insert(place, {Kind::bar, std::move(bar), ""});
  }

  std::string joined() const {
    std::string line(words_.phase);
    const auto columns = columns_of(line);
    line.append(phase_columns - std::min(phase_columns, columns + gap.size()), ' ');
    for (const auto& part : parts_) {
      if (!part.text.empty()) line += std::string(gap) + part.text;
    }
    return line;
  }

  WorkView view_;
  const Pace& pace_;
  const bool is_french_;
  const Language language_;
  const Wording& words_;
  std::vector<Part> parts_;
};

} // namespace

Pace PaceMeter::measure(const WorkView& view, Time now) {
  const bool again = !moments_.empty() &&
                     (view.items < moments_.back().items || view.bytes < moments_.back().bytes);
  if (moments_.empty() || again || view.phase != phase_) {
    phase_ = view.phase;
    began_ = now;
    moments_.clear();
  }
  while (!moments_.empty() && now - moments_.front().time > pace_window) moments_.pop_front();
  moments_.push_back({now, view.items, view.bytes});
  Pace pace;
  pace.in_phase = std::chrono::duration_cast<milliseconds>(now - began_);
  const auto& first = moments_.front();
  if (now - first.time < shortest_window) return pace;
  pace.bytes_per_second = rate(first.bytes, view.bytes, now - first.time);
  pace.items_per_second = rate(first.items, view.items, now - first.time);
  return pace;
}

std::string render(const WorkView& view, const Pace& pace, std::size_t columns, Language language) {
  return Line(view, pace, language).fitted(columns);
}

} // namespace intendance::backupd
