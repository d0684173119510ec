// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/php_fpm.hpp"

#include "collectors/readers/fastcgi.hpp"
#include "collectors/readers/stream.hpp"
#include "core/error.hpp"
#include "core/printable.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace intendance::collectors {

namespace {

struct Known {
  const char* key;
  const char* name;
  prometheus::MetricType type;
  const char* help;
};

constexpr auto counter = prometheus::MetricType::Counter;
constexpr auto gauge = prometheus::MetricType::Gauge;

constexpr std::array<Known, 11> known = {{
    {"start since", "phpfpm_start_since", counter, "Seconds since the pool started."},
    {"accepted conn", "phpfpm_accepted_connections", counter, "Requests accepted."},
    {"listen queue", "phpfpm_listen_queue", gauge, "Requests that wait for a process."},
    {"max listen queue", "phpfpm_max_listen_queue", counter, "The most that ever waited."},
    {"listen queue len", "phpfpm_listen_queue_length", gauge, "How many may wait."},
    {"idle processes", "phpfpm_idle_processes", gauge, "Processes that wait for a request."},
    {"active processes", "phpfpm_active_processes", gauge, "Processes that answer one."},
    {"total processes", "phpfpm_total_processes", gauge, "Processes."},
    {"max active processes", "phpfpm_max_active_processes", counter,
     "The most that ever answered at once."},
    {"max children reached", "phpfpm_max_children_reached", counter,
     "Times that more processes were wanted than pm.max_children allows."},
    {"slow requests", "phpfpm_slow_requests", counter,
     "Requests that took longer than request_slowlog_timeout."},
}};

class PhpFpmReader : public Reader {
public:
  PhpFpmReader(std::string socket, std::string path)
      : socket_(std::move(socket)), path_(std::move(path)) {}

  Families read() override {
    Stream stream(socket_, std::chrono::steady_clock::now() + longest_reading);
    return core::with_context(socket_, [&] { return ask(stream); });
  }

private:
  Families ask(Stream& stream) const {
    stream.send(fastcgi_request({{"REQUEST_METHOD", "GET"},
                                 {"SCRIPT_NAME", path_},
                                 {"SCRIPT_FILENAME", path_},
                                 {"QUERY_STRING", "json"},
                                 {"REQUEST_URI", path_ + "?json"},
                                 {"SERVER_PROTOCOL", "HTTP/1.1"}}));
    FastCgiAnswer answer;
    for (bool whole = false; !whole;) {
      const auto piece = stream.receive();
      if (piece.empty()) throw core::TransientError("closed the connection before it answered");
      whole = answer.take(piece);
    }
    const auto [status, body] = cgi_answer(answer.output());
    if (status != 200)
      throw core::Error(
          "answers " + std::to_string(status) + " for " + path_ +
          (answer.complaint().empty() ? "" : " (" + core::printable(answer.complaint()) + ")") +
          "; set pm.status_path = " + path_ + " in the pool, or correct path");
    return parse_php_fpm_status(body);
  }

  std::string socket_, path_;
};

} // namespace

Families parse_php_fpm_status(std::string_view json) {
  const auto document = nlohmann::json::parse(json, nullptr, false);
  const auto pool = document.is_object() ? document.find("pool") : document.end();
  if (!document.is_object() || pool == document.end() || !pool->is_string())
    throw core::CorruptData("is no status page of PHP-FPM");
  Families families;
  for (const auto& each : known) {
    const auto value = document.find(each.key);
    if (value == document.end()) continue; // of another version
    if (!value->is_number())
      throw core::CorruptData("\"" + std::string(each.key) + "\" is not a number");
    prometheus::MetricFamily family{each.name, each.help, each.type, {}};
    add_sample(family, value->get<double>(), {{"pool", pool->get<std::string>()}});
    families.push_back(std::move(family));
  }
  return families;
}

MakeReader php_fpm_reader(core::ConfigTable& table) {
  const auto socket = table.text("socket");
  table.parsed("socket", socket, [](const std::string& text) {
    Stream::check_address(text);
    return 0;
  });
  const auto path = table.text("path", "/fpm-status");
  if (!path.starts_with('/')) table.fail("path", "must begin with /, as pm.status_path does");
  return [socket, path] { return std::make_unique<PhpFpmReader>(socket, path); };
}

} // namespace intendance::collectors
