// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/failure_memory.hpp"

#include "core/error.hpp"
#include "core/file.hpp"
#include "core/log.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace intendance::collectors {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t longest_file = std::size_t{1} << 18; // bytes
// An entry that only grows longer is written no more often.
constexpr std::chrono::minutes between_writes{5};

// Whatever the detail: it may hold a value that is another each time, and would push out all else.
bool is_same(const RememberedFailure& entry, const CheckOutcome& check) {
  return entry.check == check.check && entry.phase == name_of(check.failure->phase) &&
         entry.reason == name_of(check.failure->reason);
}

// The entry that goes on with this check, or none.
RememberedFailure* open_entry(Failures& failures, const std::string& check) {
  const auto found = std::find_if(failures.begin(), failures.end(), [&](const auto& entry) {
    return !entry.is_over && entry.check == check;
  });
  return found == failures.end() ? nullptr : &*found;
}

// A name of a service as a name of a file.
std::string encoded(const std::string& name) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char each : name) {
    const bool is_plain = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
                          (each >= '0' && each <= '9') || each == '-' || each == '_';
    if (is_plain) {
      text += each;
    } else {
      const auto byte = static_cast<unsigned char>(each);
      text += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return text;
}

RememberedFailure read_entry(const Json& json) {
  RememberedFailure entry;
  entry.check = json.at("check");
  entry.phase = json.at("phase");
  entry.reason = json.at("reason");
  entry.detail = json.at("detail");
  entry.first = core::parse_utc(json.at("first"));
  entry.last = core::parse_utc(json.at("last"));
  entry.times = json.at("times");
  return entry;
}

} // namespace

Change remember(Failures& failures, const ProbeOutcome& outcome) {
  auto change = Change::none;
  for (const auto& check : outcome.checks) {
    if (check.not_asked != NotAsked::asked) continue;
    auto* open = open_entry(failures, check.check);
    if (open != nullptr && check.failure && is_same(*open, check)) {
      if (open->last == check.checked) continue; // it was not its turn
      open->last = check.checked;
      open->detail = check.failure->detail;
      ++open->times;
      change = std::max(change, Change::longer);
      continue;
    }
    if (open != nullptr) open->is_over = true;
    if (check.failure)
      failures.push_back({check.check, std::string(name_of(check.failure->phase)),
                          std::string(name_of(check.failure->reason)), check.failure->detail,
                          check.checked, check.checked, 1, false});
    if (open != nullptr || check.failure) change = Change::news;
  }
  if (failures.size() > most_remembered_failures)
    failures.erase(failures.begin(), failures.end() - most_remembered_failures);
  return change;
}

Json failures_json(const Failures& failures) {
  auto list = Json::array();
  for (const auto& entry : failures)
    list.push_back({{"check", entry.check},
                    {"phase", entry.phase},
                    {"reason", entry.reason},
                    {"detail", entry.detail},
                    {"first", core::format_utc(entry.first)},
                    {"last", core::format_utc(entry.last)},
                    {"times", entry.times}});
  return list;
}

std::string write_failures(const Failures& failures) {
  const Json json = {{"version", 1}, {"failures", failures_json(failures)}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Failures read_failures(std::string_view text) {
  try {
    const auto json = Json::parse(text);
    Failures failures;
    for (const auto& entry : json.at("failures")) failures.push_back(read_entry(entry));
    if (failures.size() > most_remembered_failures)
      failures.erase(failures.begin(), failures.end() - most_remembered_failures);
    return failures;
  } catch (const Json::exception& error) {
    throw core::CorruptData(error.what());
  } catch (const core::Error& error) { // a time that is none
    throw core::CorruptData(error.what());
  }
}

FailureFolder::FailureFolder(const std::filesystem::path& state_folder)
    : folder_(state_folder / "probes") {}

std::filesystem::path FailureFolder::file_of(const std::string& service) const {
  return folder_ / (encoded(service) + ".json");
}

Failures FailureFolder::load(const std::string& service) const {
  if (folder_.empty()) return {};
  const auto file = file_of(service);
  std::error_code error;
  if (!std::filesystem::exists(file, error) && !error) return {};
  return core::with_context(file.string(),
                            [&] { return read_failures(core::read_file(file, longest_file)); });
}

void FailureFolder::store(const std::string& service, const Failures& failures) const {
  if (folder_.empty()) return;
  core::make_folders(folder_);
  core::write_file_atomically(file_of(service), write_failures(failures), 0640);
}

FailureMemory::FailureMemory(FailureFolder folder, std::string service)
    : folder_(std::move(folder)), service_(std::move(service)) {
  try {
    failures_ = std::make_shared<Failures>(folder_.load(service_));
  } catch (const std::exception& error) {
    core::log::warning("the remembered failures of a service cannot be read, starting anew",
                       {{"service", service_}, {"reason", error.what()}});
  }
}

FailureMemory::~FailureMemory() {
  if (!is_stored_) store(stored_);
}

void FailureMemory::add(const ProbeOutcome& outcome) {
  auto next = *failures_;
  const auto change = remember(next, outcome);
  if (change == Change::none) return;
  failures_ = std::make_shared<Failures>(std::move(next));
  is_stored_ = false;
  if (change == Change::news || outcome.checked - stored_ >= between_writes) store(outcome.checked);
}

void FailureMemory::store(core::TimePoint now) noexcept {
  stored_ = now;
  try {
    folder_.store(service_, *failures_);
    is_stored_ = true;
    is_said_ = false;
  } catch (const std::exception& error) {
    if (!is_said_)
      core::log::warning("failures of a service cannot be kept, forgetting them at the next stop",
                         {{"service", service_}, {"reason", error.what()}});
    is_said_ = true;
  }
}

} // namespace intendance::collectors
