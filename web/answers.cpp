// SPDX-License-Identifier: AGPL-3.0-or-later
#include "web/answers.hpp"

#include "core/error.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <utility>

namespace intendance::web {

namespace {

using Json = nlohmann::json;

// One object of an answer, which knows its own name for messages.
class Fields {
public:
  Fields(const Json& object, std::string name) : object_(object), name_(std::move(name)) {
    if (!object_.is_object())
      throw core::CorruptData((name_.empty() ? "the answer" : name_) + " is not an object");
  }

  std::optional<std::string> text(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) refuse(key, "is not a text");
    return first_line(value->get_ref<const std::string&>());
  }

  std::string required_text(const char* key) const {
    std::optional<std::string> value = text(key);
    if (!value || value->empty()) refuse(key, "is missing");
    return *std::move(value);
  }

  std::optional<std::int64_t> integer(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number_integer()) refuse(key, "is not an integer");
    // What is larger than an int64 is unsigned to the parser, and would wrap.
    const bool huge =
        value->is_number_unsigned() && value->get<std::uint64_t>() > std::uint64_t{largest_exact};
    if (huge || value->get<std::int64_t>() < -largest_exact) refuse(key, "is too large");
    return value->get<std::int64_t>();
  }

  std::int64_t required_integer(const char* key) const {
    const std::optional<std::int64_t> value = integer(key);
    if (!value) refuse(key, "is missing");
    return *value;
  }

  // Bytes and counts are never negative.
  std::optional<std::int64_t> count(const char* key) const {
    const std::optional<std::int64_t> value = integer(key);
    if (value && *value < 0) refuse(key, "is negative");
    return value;
  }

  std::optional<double> number(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number() || !std::isfinite(value->get<double>())) refuse(key, "is not a number");
    return value->get<double>();
  }

  std::optional<bool> maybe_boolean(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_boolean()) refuse(key, "is neither true nor false");
    return value->get<bool>();
  }
  bool boolean(const char* key) const { return maybe_boolean(key).value_or(false); }

  std::optional<core::TimePoint> time(const char* key) const {
    const std::optional<std::string> value = text(key);
    if (!value) return std::nullopt;
    try {
      return core::parse_utc(*value);
    } catch (const core::Error& error) {
      refuse(key, error.what());
    }
  }

  std::optional<Fields> object(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    return Fields(*value, path_of(key));
  }

  std::vector<Fields> objects(const char* key) const {
    std::vector<Fields> all;
    const Json* value = find(key);
    if (value == nullptr) return all;
    if (!value->is_array()) refuse(key, "is not a list");
    for (std::size_t i = 0; i < value->size(); ++i)
      all.emplace_back((*value)[i], path_of(key) + "[" + std::to_string(i) + "]");
    return all;
  }

  [[noreturn]] void refuse(const char* key, const std::string& why) const {
    throw core::CorruptData(path_of(key) + ": " + why);
  }

private:
  const Json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  std::string path_of(const char* key) const { return name_.empty() ? key : name_ + "." + key; }

  const Json& object_;
  std::string name_;
};

Json parse_json(std::string_view body) {
  Json parsed = Json::parse(body, nullptr, false);
  if (parsed.is_discarded()) {
    const std::string start = first_line(body, 60);
    throw core::CorruptData(start.empty() ? "not JSON: an empty answer"
                                          : "not JSON: begins with \"" + start + "\"");
  }
  return parsed;
}

Service parse_service(const Fields& fields) {
  Service service;
  service.name = fields.required_text("name");
  service.kind = fields.text("kind").value_or("");
  service.url = fields.text("url");
  const std::string state = fields.required_text("state");
  if (state == "up")
    service.state = ServiceState::up;
  else if (state == "down")
    service.state = ServiceState::down;
  else if (state != "unknown")
    fields.refuse("state", "\"" + state + "\" is none of up, down, unknown");
  service.since = fields.time("since");
  service.checked = fields.time("checked");
  service.phase = fields.text("phase");
  service.reason = fields.text("reason");
  service.detail = fields.text("detail");
  service.duration_seconds = fields.number("duration_seconds");
  return service;
}

JobRun parse_run(const Fields& fields) {
  JobRun run;
  run.started = fields.time("started");
  run.finished = fields.time("finished");
  const std::string outcome = fields.required_text("outcome");
  if (outcome == "warnings")
    run.outcome = RunOutcome::warnings;
  else if (outcome == "failed")
    run.outcome = RunOutcome::failed;
  else if (outcome != "done")
    fields.refuse("outcome", "\"" + outcome + "\" is none of done, warnings, failed");
  run.error = fields.text("error");
  run.snapshot = fields.text("snapshot");
  run.files = fields.count("files");
  run.read_bytes = fields.count("read_bytes");
  run.new_bytes = fields.count("new_bytes");
  run.stored_bytes = fields.count("stored_bytes");
  run.warnings = fields.count("warnings");
  run.locked = fields.maybe_boolean("locked");
  return run;
}

Job parse_job(const Fields& fields) {
  Job job;
  job.name = fields.required_text("name");
  job.repository = fields.text("repository").value_or("");
  job.schedule = fields.text("schedule").value_or("");
  job.next_run = fields.time("next_run");
  job.last_success = fields.time("last_success");
  job.running = fields.boolean("running");
  job.overdue = fields.boolean("overdue");
  if (const std::optional<Fields> run = fields.object("last_run")) job.last_run = parse_run(*run);
  return job;
}

CareTask parse_task(const Fields& care, const char* name) {
  CareTask task;
  task.name = name;
  const std::optional<Fields> fields = care.object(name);
  if (!fields) return task;
  task.last_success = fields->time("last_success");
  task.failures = fields->count("failures").value_or(0);
  task.overdue = fields->boolean("overdue");
  if (const std::optional<Fields> run = fields->object("last_run")) task.error = run->text("error");
  return task;
}

Care parse_care(const Fields& fields) {
  Care care;
  care.repository = fields.required_text("repository");
  care.running = fields.boolean("running");
  care.snapshots = fields.count("snapshots");
  care.bytes = fields.count("bytes");
  care.damaged_objects = fields.count("damaged_objects");
  care.lost_files = fields.count("lost_files");
  care.oldest_unread = fields.time("oldest_unread");
  care.locked = fields.maybe_boolean("locked");
  for (const char* name : {"forget", "prune", "verify", "archive"})
    care.tasks.push_back(parse_task(fields, name));
  return care;
}

std::optional<BudgetForecast> parse_forecast(const Fields& budget) {
  const std::optional<Fields> fields = budget.object("forecast");
  const std::optional<Fields> cost = fields ? fields->object("cost") : std::nullopt;
  if (!cost) return std::nullopt;
  BudgetForecast forecast;
  forecast.verdict = fields->required_text("verdict");
  forecast.low_cents = cost->required_integer("low_cents");
  forecast.middle_cents = cost->required_integer("middle_cents");
  forecast.high_cents = cost->required_integer("high_cents");
  forecast.exhausted = fields->text("exhausted");
  return forecast;
}

Budget parse_budget(const Fields& fields, const std::string& usual_basis) {
  Budget budget;
  budget.fund = fields.required_text("fund");
  budget.label = fields.text("label").value_or("");
  budget.year = fields.required_integer("year");
  budget.from = fields.required_text("from");
  budget.to = fields.required_text("to");
  budget.basis = fields.text("basis").value_or(usual_basis);
  budget.spent_cents = fields.required_integer("spent_cents");
  budget.budget_cents = fields.integer("budget_cents");
  budget.available_cents = fields.integer("available_cents");
  budget.minutes = fields.required_integer("minutes");
  budget.forecast = parse_forecast(fields);
  return budget;
}

} // namespace

std::string_view name_of(ServiceState state) {
  switch (state) {
  case ServiceState::up: return "up";
  case ServiceState::down: return "down";
  case ServiceState::unknown: break;
  }
  return "unknown";
}

std::string_view name_of(RunOutcome outcome) {
  switch (outcome) {
  case RunOutcome::done: return "done";
  case RunOutcome::warnings: return "warnings";
  case RunOutcome::failed: break;
  }
  return "failed";
}

CollectordAnswer parse_collectord_answer(std::string_view body) {
  const Json json = parse_json(body);
  const Fields fields(json, "");
  CollectordAnswer answer;
  answer.machine = fields.required_text("machine");
  answer.version = fields.text("version").value_or("");
  answer.boot_time = fields.time("boot_time");
  answer.load1 = fields.number("load1");
  answer.cpus = fields.count("cpus");
  if (const std::optional<Fields> memory = fields.object("memory")) {
    answer.memory_total_bytes = memory->count("total_bytes");
    answer.memory_available_bytes = memory->count("available_bytes");
  }
  for (const Fields& filesystem : fields.objects("filesystems"))
    answer.filesystems.push_back({filesystem.required_text("mountpoint"),
                                  filesystem.count("size_bytes"),
                                  filesystem.count("available_bytes")});
  for (const Fields& service : fields.objects("services"))
    answer.services.push_back(parse_service(service));
  return answer;
}

BackupdAnswer parse_backupd_answer(std::string_view body) {
  const Json json = parse_json(body);
  const Fields fields(json, "");
  BackupdAnswer answer;
  answer.machine = fields.required_text("machine");
  answer.version = fields.text("version").value_or("");
  for (const Fields& job : fields.objects("jobs")) answer.jobs.push_back(parse_job(job));
  for (const Fields& care : fields.objects("care")) answer.care.push_back(parse_care(care));
  return answer;
}

BillingdAnswer parse_billingd_answer(std::string_view body) {
  const Json json = parse_json(body);
  const Fields fields(json, "");
  BillingdAnswer answer;
  answer.currency = fields.text("currency").value_or("CAD");
  const std::string usual_basis = fields.text("basis").value_or("net");
  for (const Fields& budget : fields.objects("budgets"))
    answer.budgets.push_back(parse_budget(budget, usual_basis));
  return answer;
}

std::string first_line(std::string_view text, std::size_t most) {
  std::string line;
  for (const char raw : text) {
    const auto byte = static_cast<unsigned char>(raw);
    if (raw == '\n' || raw == '\r') {
      if (!line.empty()) break;
      continue;
    }
    if (byte >= 0x20 && byte != 0x7f) line.push_back(raw);
    if (line.size() > most) break;
  }
  if (line.size() <= most) return line;
  // Cut before a character, not inside it: continuation bytes are 10xxxxxx.
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;
  return line.substr(0, end) + "…";
}

} // namespace intendance::web
