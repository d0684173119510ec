// SPDX-License-Identifier: AGPL-3.0-or-later
// Every way in which a service is known to fail, against a real server that fails so
// (tests/support/faulty_servers.py), and the phase and the reason that are to be said.
#include "collectors/probes/http_check.hpp"
#include "core/file.hpp"
#include "tests/collectors/support.hpp"
#include "tests/support/child_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <set>
#include <thread>

namespace intendance::collectors {
namespace {

using namespace std::chrono_literals;
using Tls = core::ConnectionCall::Tls;
using enum ProbeReason;
using enum ProbePhase;

// Started once for all of this program's tests.
class FaultyServers {
public:
  static const FaultyServers& running() {
    static const FaultyServers servers;
    return servers;
  }
  std::uint16_t port(const std::string& name) const { return ports_.at(name); }
  std::filesystem::path authorities() const { return folder_.path() / "trusted.pem"; }
  NameServers name_servers() const { return {{{"127.0.0.1", port("dns")}}, port("dns")}; }

private:
  FaultyServers()
      : process_({"/usr/bin/python3", "-B", SERVERS, folder_.path().string()},
                 folder_.path() / "output"),
        ports_(nlohmann::json::parse(process_.wait_for("ready "))) {}
  core::TemporaryDirectory folder_;
  test::ChildProcess process_;
  nlohmann::json ports_;
};

struct Case {
  std::string title;
  Service service;
  std::optional<std::pair<ProbePhase, ProbeReason>> wanted; // absent: it is well
  NameServers name_servers = FaultyServers::running().name_servers();
};

using Wanted = std::optional<std::pair<ProbePhase, ProbeReason>>;

Service asking(Check check) {
  Service service;
  service.name = service.kind = "s";
  service.host = "127.0.0.1";
  service.authorities = FaultyServers::running().authorities();
  check.name = "check";
  service.checks = {std::move(check)};
  return service;
}

// What is meant to take too long is not waited for long; all else may take its time on a busy
// machine.
std::chrono::seconds patience(const Wanted& wanted) {
  const bool is_slow = wanted && (wanted->second == timeout || wanted->second == slow_body);
  return is_slow ? 3s : 30s;
}

// --- web servers
Case page_at(std::string url, Wanted wanted, Check check = {}) {
  check.timeout = patience(wanted);
  Case one{"GET " + url, asking(std::move(check)), wanted};
  one.service.url = std::move(url);
  return one;
}

std::string address(const char* scheme, const char* server) {
  return std::string(scheme) +
         "://127.0.0.1:" + std::to_string(FaultyServers::running().port(server));
}

Case page(const char* path, Wanted wanted, Check check = {}) {
  return page_at(address("http", "web") + path, wanted, std::move(check));
}

Case secure(const char* server, Wanted wanted) {
  Check check;
  check.path = "/ok";
  auto one = page_at(address("https", server), wanted, std::move(check));
  one.title += std::string(" ") + server;
  return one;
}

Check redirects(int most) {
  Check check;
  check.most_redirects = most;
  return check;
}

Check containing(const char* text) {
  Check check;
  check.contains = text;
  return check;
}

Check json_at(const char* pointer) {
  Check check;
  check.json = {{pointer, "ok"}};
  return check;
}

void add_web_cases(std::vector<Case>& cases) {
  const std::initializer_list<Case> all = {
      page("/ok", {}, containing("Bienvenue")),
      page("/json", {}, json_at("/status")),
      page("/500", {{response, bad_status}}),
      page("/404", {{response, bad_status}}),
      page("/redirect", {{response, redirect}}),
      page("/loop", {{response, redirect_loop}}, redirects(3)),
      page("/to-ftp", {{response, redirect}}, redirects(3)),
      page("/ok", {{content, body_mismatch}}, containing("Ouvroir")),
      page("/html", {{content, not_json}}, json_at("/status")),
      page("/sick", {{content, json_mismatch}}, json_at("/status")),
      page("/json", {{content, json_mismatch}}, json_at("/database")),
      page("/long", {}),
      page("/long", {{content, too_large}}, containing("Ouvroir")),
      page("/long", {{content, too_large}}, json_at("/status")),
      page("/slow", {{content, slow_body}}),
      page("/short", {{content, truncated}}),
      page("/chunk-cut", {{content, truncated}}),
      page("/chunk-bad", {{content, protocol}}),
      page("/not-http", {{response, protocol}}),
      page("/close", {{response, closed}}),
      page("/reset", {{response, reset}}),
      page("/silent", {{response, timeout}}),
      page_at(address("http", "reset"), {{response, reset}}),
      page_at(address("http", "closed"), {{connect, refused}}),
      page_at(address("http", "full"), {{connect, timeout}}),
      page_at("http://224.0.0.1", {{connect, unreachable}}),
      page_at("http://127.0.0.1:notaport", {{request, bad_address}})};
  cases.insert(cases.end(), all);
}

void add_tls_cases(std::vector<Case>& cases) {
  const std::initializer_list<Case> all = {
      secure("https_good", {}),
      secure("https_chain", {}),
      secure("https_expired", {{tls, expired}}),
      secure("https_not_yet_valid", {{tls, not_yet_valid}}),
      secure("https_wrong_name", {{tls, wrong_name}}),
      secure("https_self_signed", {{tls, self_signed}}),
      secure("https_unknown_authority", {{tls, unknown_authority}}),
      secure("https_missing_intermediate", {{tls, missing_intermediate}}),
      secure("tls_alert", {{tls, protocol}}),
      secure("ssh", {{tls, no_tls}}),
      secure("silent", {{tls, timeout}}),
      secure("reset", {{tls, reset}}),
      secure("hanging_up", {{tls, closed}})};
  cases.insert(cases.end(), all);
}

Case named(const char* name, Wanted wanted) {
  return page_at(std::string("http://") + name, wanted);
}

void add_name_cases(std::vector<Case>& cases) {
  const std::initializer_list<Case> all = {named("nothing.test", {{resolve, nxdomain}}),
                                           named("servfail.test", {{resolve, servfail}}),
                                           named("refused.test", {{resolve, query_refused}}),
                                           named("empty.test", {{resolve, no_address}}),
                                           named("here.test", {{resolve, unresolved}}),
                                           named("silent.test", {{resolve, timeout}}),
                                           named("garbage.test", {{resolve, protocol}}),
                                           named("cut.test", {{resolve, protocol}})};
  cases.insert(cases.end(), all);
  cases.push_back(named("nothing.test", {{resolve, refused}}));
  cases.back().name_servers = {{{"127.0.0.1", FaultyServers::running().port("closed")}}};
  cases.back().title += " without a name server";
}

// --- other servers
Case port(CheckKind kind, Tls tls, const char* server, Wanted wanted, Check check = {}) {
  check.kind = kind;
  check.tls = tls;
  check.port = FaultyServers::running().port(server);
  check.timeout = patience(wanted);
  return {std::string(name_of(kind)) + " " + server, asking(std::move(check)), wanted};
}

Check offering(const char* capability) {
  Check check;
  check.capabilities = {capability};
  return check;
}

void add_port_cases(std::vector<Case>& cases) {
  constexpr auto tcp = CheckKind::tcp, smtp = CheckKind::smtp, imap = CheckKind::imap;
  constexpr auto plain = Tls::none, later = Tls::starttls, at_once = Tls::from_the_start;
  const std::initializer_list<Case> all = {
      port(tcp, plain, "basex", {}, containing("BaseX:")),
      port(tcp, plain, "silent", {}),
      port(tcp, at_once, "https_good", {}),
      port(tcp, plain, "closed", {{connect, refused}}),
      port(tcp, plain, "full", {{connect, timeout}}),
      port(tcp, plain, "silent", {{response, timeout}}, containing("BaseX:")),
      port(tcp, plain, "closing", {{response, closed}}, containing("BaseX:")),
      port(tcp, plain, "ssh", {{content, body_mismatch}}, containing("BaseX:")),
      port(tcp, at_once, "https_expired", {{tls, expired}}),
      port(smtp, later, "smtp", {}, offering("AUTH")),
      port(smtp, plain, "smtp_without_tls", {}),
      port(smtp, at_once, "smtps", {}, offering("LOGIN")),
      port(smtp, later, "smtp_without_tls", {{tls, no_tls}}),
      port(smtp, later, "smtp_expired", {{tls, expired}}),
      port(smtp, later, "smtp_without_auth", {{content, missing_capability}}, offering("AUTH")),
      port(smtp, later, "smtp_refusing", {{response, protocol}}),
      port(smtp, later, "silent", {{response, timeout}}),
      port(smtp, at_once, "smtp", {{tls, no_tls}}),
      port(imap, later, "imap", {}, offering("IDLE")),
      port(imap, at_once, "imaps", {}),
      port(imap, later, "imap_wrong_name", {{tls, wrong_name}}),
      port(imap, later, "imap_without_tls", {{tls, no_tls}}),
      port(imap, later, "imap_bye", {{response, protocol}}),
      port(imap, at_once, "imaps", {{content, missing_capability}}, offering("SORT"))};
  cases.insert(cases.end(), all);
}

// --- names as services of their own
Case zone(CheckKind kind, const char* host, Wanted wanted, Check check = {}) {
  check.kind = kind;
  check.timeout = patience(wanted);
  Case one{std::string(name_of(kind)) + " " + host, asking(std::move(check)), wanted};
  one.service.host = host;
  return one;
}

Check record(DnsType type, std::vector<std::string> values) {
  Check check;
  check.record = type;
  check.record_values = std::move(values);
  return check;
}

void add_zone_cases(std::vector<Case>& cases) {
  constexpr auto dns = CheckKind::dns, servers = CheckKind::zone, above = CheckKind::delegation;
  const std::initializer_list<Case> all = {
      zone(dns, "here.test", {}, record(DnsType::a, {"192.0.2.8"})),
      zone(dns, "big.test", {}, record(DnsType::txt, {std::string(200, 'x') + "9"})),
      zone(dns, "nothing.test", {{resolve, nxdomain}}),
      zone(dns, "servfail.test", {{resolve, servfail}}),
      zone(dns, "refused.test", {{resolve, query_refused}}),
      zone(dns, "silent.test", {{resolve, timeout}}),
      zone(dns, "empty.test", {{content, no_address}}),
      zone(dns, "here.test", {{content, record_mismatch}}, record(DnsType::a, {"192.0.2.9"})),
      zone(dns, "no..name", {{request, bad_address}}),
      zone(servers, "even.test", {}),
      zone(servers, "odd.test", {{content, serial_mismatch}}),
      zone(servers, "lame.test", {{content, not_authoritative}}),
      zone(servers, "refusing.test", {{response, query_refused}}),
      zone(servers, "quiet.test", {{response, timeout}}),
      zone(servers, "down.test", {{response, refused}}),
      zone(servers, "nothing.test", {{resolve, nxdomain}}),
      zone(above, "even.test", {}),
      zone(above, "moved.test", {{content, delegation_mismatch}}),
      zone(above, "undelegated.test", {{content, delegation_mismatch}}),
      zone(above, "lame.test", {{content, not_authoritative}})};
  cases.insert(cases.end(), all);
}

Case domain(const char* host, Wanted wanted, const char* server = "https_good") {
  Check check;
  check.server = address("https", server);
  auto one = zone(CheckKind::domain, host, wanted, std::move(check));
  one.title += std::string(" at ") + server;
  return one;
}

void add_domain_cases(std::vector<Case>& cases) {
  const std::initializer_list<Case> all = {
      domain("ouvroir.example", {}),
      domain("moved.example", {}),
      domain("expired.example", {{content, domain_expired}}),
      domain("silent.example", {{content, no_expiry}}),
      domain("free.example", {{content, not_registered}}),
      domain("entity.example", {{content, json_mismatch}}),
      domain("page.example", {{content, not_json}}),
      domain("busy.example", {{response, bad_status}}),
      domain("ouvroir.example", {{connect, refused}}, "closed"),
      domain("ouvroir.example", {{tls, expired}}, "https_expired")};
  cases.insert(cases.end(), all);
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  add_web_cases(cases);
  add_tls_cases(cases);
  add_name_cases(cases);
  add_port_cases(cases);
  add_zone_cases(cases);
  add_domain_cases(cases);
  return cases;
}

TEST(FaultMatrix, EachFaultHasItsPhaseAndReason) {
  const auto cases = all_cases();
  std::vector<ProbeOutcome> outcomes(cases.size());
  {
    // Several at once: some wait for their time-out.
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> threads;
    for (int each = 0; each < 12; ++each)
      threads.emplace_back([&] {
        for (std::size_t at = next++; at < cases.size(); at = next++)
          outcomes[at] = run_probe(cases[at].service, cases[at].name_servers, core::system_clock());
      });
  }
  std::set<ProbeReason> seen;
  std::size_t faults = 0;
  for (std::size_t each = 0; each < cases.size(); ++each) {
    const auto& failure = outcomes[each].shown().failure;
    const auto& wanted = cases[each].wanted;
    faults += wanted.has_value();
    EXPECT_EQ(outcomes[each].success(), !wanted.has_value()) << cases[each].title;
    if (!wanted || !failure) {
      EXPECT_EQ(failure.has_value(), wanted.has_value()) << cases[each].title << text_of(failure);
      continue;
    }
    seen.insert(failure->reason);
    EXPECT_EQ(name_of(failure->phase), name_of(wanted->first))
        << cases[each].title << ": " << text_of(failure);
    EXPECT_EQ(name_of(failure->reason), name_of(wanted->second))
        << cases[each].title << ": " << text_of(failure);
    EXPECT_FALSE(failure->detail.empty()) << cases[each].title;
  }
  EXPECT_GE(faults, 40u);
  // No reason that nobody has ever seen. A certificate that is refused for another reason than
  // these would have to be revoked.
  for (std::size_t each = 0; each < probe_reason_count; ++each) {
    const auto reason = static_cast<ProbeReason>(each);
    EXPECT_TRUE(seen.count(reason) == 1 || reason == bad_certificate) << name_of(reason);
  }
}

TEST(FaultMatrix, ACertificateIsSeenThoughNobodyBelievesIt) {
  const auto& servers = FaultyServers::running();
  const auto expiry = [&](const Case& one) {
    const auto outcome = run_probe(one.service, one.name_servers, core::system_clock());
    return outcome.shown().earliest_certificate_expiry;
  };
  const auto now = std::chrono::system_clock::now();
  for (const char* server : {"https_good", "https_wrong_name", "https_self_signed",
                             "https_unknown_authority", "https_missing_intermediate"}) {
    ASSERT_TRUE(expiry(secure(server, {}))) << server;
    EXPECT_GT(*expiry(secure(server, {})), now + 20 * 24h) << server;
  }
  EXPECT_LT(expiry(secure("https_expired", {})).value(), now);
  EXPECT_LT(expiry(port(CheckKind::smtp, Tls::starttls, "smtp_expired", {})).value(), now);
  EXPECT_GT(expiry(port(CheckKind::imap, Tls::starttls, "imap_wrong_name", {})).value(), now);
  // None was seen: none is said, and no date stands in its place.
  for (const auto& one : {secure("silent", {{tls, timeout}}), secure("closed", {}),
                          secure("ssh", {}), page_at(address("http", "web") + "/ok", {})})
    EXPECT_EQ(expiry(one), std::nullopt);
  EXPECT_GT(servers.port("dns"), 0);
}

TEST(FaultMatrix, FiguresOfOtherChecksAreKept) {
  const auto run = [](const Case& one) {
    return run_probe(one.service, one.name_servers, core::system_clock()).shown();
  };
  const auto zone_seen = run(zone(CheckKind::zone, "odd.test", {}));
  ASSERT_EQ(zone_seen.serials.size(), 2u);
  EXPECT_EQ(zone_seen.serials[0].serial, 2026112301u);
  EXPECT_EQ(zone_seen.serials[1].serial, 2026112300u);
  EXPECT_EQ(zone_seen.serials[1].server, "ns2.odd.test");
  const auto registration = run(domain("ouvroir.example", {}));
  EXPECT_EQ(core::format_utc(registration.domain_expiry.value()), "2099-05-05T15:00:00Z");
  // The registry's certificate is not the service's.
  EXPECT_EQ(registration.earliest_certificate_expiry, std::nullopt);
  EXPECT_EQ(run(port(CheckKind::tcp, Tls::none, "basex", {}, containing("BaseX"))).said,
            "BaseX:1234567890 ");
}

} // namespace
} // namespace intendance::collectors
