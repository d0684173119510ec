// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/nginx.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

TEST(NginxStatus, IsReadAsNginxWritesIt) {
  const auto families = parse_nginx_status(recorded_answer("nginx-1.22.1_stub_status.txt"));
  EXPECT_EQ(single_value(families, "nginx_connections_active"), 1);
  EXPECT_EQ(single_value(families, "nginx_connections_accepted"), 1760);
  EXPECT_EQ(single_value(families, "nginx_connections_handled"), 1760);
  EXPECT_EQ(single_value(families, "nginx_http_requests_total"), 1760);
  EXPECT_EQ(single_value(families, "nginx_connections_reading"), 0);
  EXPECT_EQ(single_value(families, "nginx_connections_writing"), 1);
  EXPECT_EQ(single_value(families, "nginx_connections_waiting"), 0);
  EXPECT_EQ(find_family(families, "nginx_http_requests_total")->type,
            prometheus::MetricType::Counter);
}

TEST(NginxStatus, AnythingElseIsRefused) {
  const auto page = recorded_answer("nginx-1.22.1_stub_status.txt");
  EXPECT_THROW(parse_nginx_status(""), core::CorruptData);
  EXPECT_THROW(parse_nginx_status("<html><h1>Welcome to nginx!</h1></html>"), core::CorruptData);
  for (std::size_t cut = 0; cut + 3 < page.size(); ++cut)
    EXPECT_THROW(parse_nginx_status(page.substr(0, cut)), core::CorruptData) << cut;
}

} // namespace
} // namespace intendance::collectors
