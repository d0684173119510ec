// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/verify_ledger.hpp"

#include "core/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <tuple>

namespace intendance::backupd {

namespace {

constexpr const char* first_line = "intendance-verified-1";
constexpr std::size_t longest_file = std::size_t{256} << 20;
constexpr std::chrono::seconds between_saves{60};

std::int64_t seconds_of(core::TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

} // namespace

VerifyLedger::VerifyLedger(std::filesystem::path file, core::TimePoint now)
    : file_(std::move(file)) {
  if (file_.empty() || !std::filesystem::exists(file_)) return;
  try {
    load(now);
  } catch (const core::CorruptData& error) {
    packs_.clear();
    core::log::warning("ledger of what was verified cannot be read, counting all as not read",
                       {{"file", file_.string()}, {"reason", error.what()}});
  }
}

void VerifyLedger::load(core::TimePoint now) {
  std::istringstream text(core::read_file(file_, longest_file));
  std::string line;
  if (!std::getline(text, line) || line != first_line)
    throw core::CorruptData("does not begin as a ledger");
  while (std::getline(text, line)) {
    std::istringstream fields(line);
    std::string word, name;
    std::int64_t seconds = 0;
    Record record;
    if (!(fields >> word >> seconds >> record.size >> name) || (word != "read" && word != "stored"))
      throw core::CorruptData("has a line that is none of a ledger");
    // Whole seconds, rounded down: what was read just now is not of the future.
    record.time = core::TimePoint(std::chrono::seconds(seconds));
    record.read = word == "read";
    if (record.time <= now) packs_.emplace(core::to_array<32>(core::from_hex(name)), record);
  }
}

void VerifyLedger::set_packs(const std::vector<Pack>& packs) {
  std::map<PackName, Record> present;
  for (const auto& pack : packs) {
    const auto known = packs_.find(pack.name);
    const bool read =
        known != packs_.end() && known->second.read && known->second.size == pack.size;
    present.emplace(pack.name, Record{read ? known->second.time : pack.stored, pack.size, read});
  }
  packs_ = std::move(present);
}

std::vector<PackName> VerifyLedger::choose(double percent,
                                           std::optional<core::TimePoint> unread_since) const {
  std::vector<std::pair<PackName, Record>> waiting(packs_.begin(), packs_.end());
  std::stable_sort(waiting.begin(), waiting.end(), [](const auto& left, const auto& right) {
    return std::tie(left.second.read, left.second.time) <
           std::tie(right.second.read, right.second.time);
  });
  std::uint64_t total = 0, chosen_bytes = 0;
  for (const auto& [name, record] : waiting) total += record.size;
  const auto wanted = static_cast<std::uint64_t>(static_cast<double>(total) * percent / 100);
  std::vector<PackName> chosen;
  for (const auto& [name, record] : waiting) {
    const bool enough = percent < 100 && !chosen.empty() && chosen_bytes >= wanted;
    if (enough && (!unread_since || record.time > *unread_since)) continue;
    chosen.push_back(name);
    chosen_bytes += record.size;
  }
  return chosen;
}

void VerifyLedger::record(const PackName& pack, bool good, core::TimePoint now) {
  const auto found = packs_.find(pack);
  if (found == packs_.end()) return;
  if (good)
    found->second = {now, found->second.size, true};
  else
    found->second.read = false;
  if (std::chrono::steady_clock::now() - saved_ >= between_saves) save();
}

void VerifyLedger::save() {
  saved_ = std::chrono::steady_clock::now();
  if (file_.empty()) return;
  std::string text = std::string(first_line) + "\n";
  for (const auto& [name, record] : packs_) {
    text += fmt::format("{} {} {} {}\n", record.read ? "read" : "stored", seconds_of(record.time),
                        record.size, core::to_hex(name));
  }
  core::make_folders(file_.parent_path());
  core::write_file_atomically(file_, text, 0640);
}

LedgerSummary VerifyLedger::summary() const {
  LedgerSummary summary;
  for (const auto& [name, record] : packs_) {
    if (!record.read) {
      ++summary.never_read_packs;
      summary.never_read_bytes += record.size;
    }
    if (!summary.oldest_unread || record.time < *summary.oldest_unread)
      summary.oldest_unread = record.time;
  }
  return summary;
}

} // namespace intendance::backupd
