// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/nginx.hpp"

#include "collectors/host/text.hpp"
#include "collectors/readers/page_reader.hpp"
#include "core/error.hpp"

namespace intendance::collectors {

namespace {

std::string_view line_of(std::string_view& page) {
  auto line = next_line(page).value_or("");
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void expect(std::string_view& line, std::string_view word) {
  if (next_word(line) != word)
    throw core::CorruptData("no \"" + std::string(word) + "\" where a page of stub_status has it");
}

double next_count(std::string_view& line, const char* what) {
  return static_cast<double>(parse_count(next_word(line), what));
}

} // namespace

Families parse_nginx_status(std::string_view page) {
  Families families;
  const auto add = [&](prometheus::MetricFamily family, double value) {
    add_sample(family, value);
    families.push_back(std::move(family));
  };
  auto line = line_of(page);
  expect(line, "Active");
  expect(line, "connections:");
  add(gauge_family("nginx_connections_active", "Connections of clients, waiting ones too."),
      next_count(line, "Active connections"));
  line = line_of(page);
  expect(line, "server"); // and the headings of the next line's columns
  line = line_of(page);
  add(counter_family("nginx_connections_accepted", "Connections accepted."),
      next_count(line, "accepts"));
  add(counter_family("nginx_connections_handled",
                     "Connections handled: fewer than accepted when a limit is reached."),
      next_count(line, "handled"));
  add(counter_family("nginx_http_requests_total", "Requests."), next_count(line, "requests"));
  line = line_of(page);
  expect(line, "Reading:");
  add(gauge_family("nginx_connections_reading", "Connections whose request is being read."),
      next_count(line, "Reading"));
  expect(line, "Writing:");
  add(gauge_family("nginx_connections_writing", "Connections that are being answered."),
      next_count(line, "Writing"));
  expect(line, "Waiting:");
  add(gauge_family("nginx_connections_waiting", "Connections that are idle."),
      next_count(line, "Waiting"));
  return families;
}

MakeReader nginx_reader(core::ConfigTable& table) {
  return page_reader(read_page_address(table), parse_nginx_status);
}

} // namespace intendance::collectors
