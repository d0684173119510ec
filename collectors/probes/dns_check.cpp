// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/dns_check.hpp"

#include "collectors/probes/shown_text.hpp"

#include <algorithm>
#include <set>

namespace intendance::collectors {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_addresses = 16; // of a zone's name servers

// What ends a check. Caught in this file alone.
struct Wrong {
  ProbeFailure failure;
};

[[noreturn]] void wrong(ProbePhase phase, ProbeReason reason, std::string detail) {
  throw Wrong{{phase, reason, shown_text(detail)}};
}

[[noreturn]] void refuse_code(ProbePhase phase, const std::string& who, int code) {
  const auto reason = code == dns_code::no_such_name     ? ProbeReason::nxdomain
                      : code == dns_code::server_failure ? ProbeReason::servfail
                      : code == dns_code::refused        ? ProbeReason::query_refused
                                                         : ProbeReason::protocol;
  wrong(phase, reason, "name server " + who + " says " + dns_code_name(code));
}

struct ZoneServer {
  std::string name;
  std::vector<std::string> addresses;
};

std::string listed(const std::set<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : " ") + name;
  return text.empty() ? "none" : text;
}

class Names {
public:
  Names(const NameServers& servers, Clock::time_point deadline, const std::stop_token& stop)
      : servers_(servers), deadline_(deadline), stop_(stop) {}

  // From the first of the machine's name servers that answers at all.
  DnsMessage resolve(const std::string& name, DnsType type) const {
    std::optional<DnsFailure> silence;
    for (const auto& server : servers_.resolvers) {
      try {
        auto answer = ask_name_server(server, {name, type}, share_of_time(), stop_);
        if (answer.code != dns_code::no_error)
          refuse_code(ProbePhase::resolve, server.text(), answer.code);
        return answer;
      } catch (const DnsFailure& failure) {
        silence = failure;
      }
    }
    if (silence) throw Wrong{explain_dns(*silence, ProbePhase::resolve)};
    wrong(ProbePhase::resolve, ProbeReason::unreachable, "this machine has no name server");
  }

  DnsMessage ask(const std::string& address, const std::string& name, DnsType type) const {
    return ask_name_server({address, servers_.port}, {name, type, Recursion::unwanted},
                           share_of_time(), stop_);
  }

  std::vector<std::string> addresses_of(const std::string& host) const {
    auto found = resolve(host, DnsType::a).values(DnsType::a);
    if (found.empty()) found = resolve(host, DnsType::aaaa).values(DnsType::aaaa);
    return found;
  }

  // The zone's name servers, as the world sees them.
  std::vector<ZoneServer> servers_of(const std::string& zone) const {
    std::vector<ZoneServer> found;
    std::size_t count = 0;
    for (const auto& name : resolve(zone, DnsType::ns).values(DnsType::ns)) {
      if (count >= most_addresses) break;
      found.push_back({name, addresses_of(name)});
      if (found.back().addresses.empty())
        wrong(ProbePhase::resolve, ProbeReason::no_address, "name server " + name);
      count += found.back().addresses.size();
    }
    return found;
  }

private:
  // One that is silent must leave time for the others.
  Clock::time_point share_of_time() const {
    const auto now = Clock::now();
    return now + std::max((deadline_ - now) / 2, Clock::duration(std::chrono::milliseconds(1)));
  }

  const NameServers& servers_;
  Clock::time_point deadline_;
  const std::stop_token& stop_;
};

// The nearest zone above that has name servers of its own.
std::vector<ZoneServer> servers_above(const Names& names, std::string zone) {
  while (true) {
    const auto dot = zone.find('.');
    if (dot == std::string::npos) return names.servers_of(""); // the root's
    zone.erase(0, dot + 1);
    auto servers = names.servers_of(zone);
    if (!servers.empty()) return servers;
  }
}

std::set<std::string> names_among(const std::vector<DnsRecord>& records, const std::string& zone) {
  std::set<std::string> found;
  for (const auto& record : records)
    if (record.type == static_cast<std::uint16_t>(DnsType::ns) && record.name == zone)
      found.insert(record.value);
  return found;
}

// Runs `work`, which throws Wrong, and turns all that a network does into a failure.
template <class Work>
CheckOutcome judged(const char* verb, const Service& service, const Check& check,
                    const NameServers& name_servers, const std::stop_token& stop, Work&& work) {
  const auto started = Clock::now();
  CheckOutcome outcome;
  outcome.verb = verb;
  outcome.url = service.host;
  const Names names(name_servers, started + check.timeout, stop);
  try {
    work(names, outcome);
    core::NetworkTimings timings;
    timings.total = Clock::now() - started;
    outcome.timings = timings;
  } catch (const Wrong& found) {
    outcome.failure = found.failure;
  } catch (const DnsFailure& failure) {
    outcome.failure = explain_dns(failure, ProbePhase::response);
  } catch (const core::Cancelled&) {
    throw;
  } catch (const core::Error& error) { // a name that is none
    outcome.failure = ProbeFailure{ProbePhase::request, ProbeReason::bad_address, error.what()};
  }
  return outcome;
}

// One address's SOA, which it must know by itself.
std::uint32_t serial_of(const Names& names, const std::string& zone, const std::string& who,
                        const std::string& address) {
  const auto answer = names.ask(address, zone, DnsType::soa);
  if (answer.code != dns_code::no_error) refuse_code(ProbePhase::response, who, answer.code);
  for (const auto& record : answer.answers)
    if (answer.authoritative && record.type == static_cast<std::uint16_t>(DnsType::soa) &&
        record.name == zone)
      return record.serial;
  wrong(ProbePhase::content, ProbeReason::not_authoritative,
        "name server " + who + " does not answer for the zone");
}

} // namespace

CheckOutcome ask_for_record(const Service& service, const Check& check,
                            const NameServers& name_servers, const std::stop_token& stop) {
  const auto work = [&](const Names& names, CheckOutcome& outcome) {
    const auto values = names.resolve(service.host, check.record).values(check.record);
    const std::set<std::string> found(values.begin(), values.end());
    outcome.said = shown_text(listed(found));
    if (found.empty())
      wrong(ProbePhase::content, ProbeReason::no_address,
            "no " + std::string(name_of(check.record)) + " record");
    for (const auto& wanted : check.record_values)
      if (found.count(wanted) == 0)
        wrong(ProbePhase::content, ProbeReason::record_mismatch,
              "it has " + listed(found) + ", without " + wanted);
  };
  auto outcome = judged("", service, check, name_servers, stop, work);
  outcome.verb = name_of(check.record);
  return outcome;
}

CheckOutcome ask_zone(const Service& service, const Check& check, const NameServers& name_servers,
                      const std::stop_token& stop) {
  const auto zone = plain_name(service.host);
  return judged("SOA", service, check, name_servers, stop, [&](const Names& names, auto& outcome) {
    const auto servers = names.servers_of(zone);
    if (servers.empty())
      wrong(ProbePhase::resolve, ProbeReason::no_address, "the zone has no name servers");
    for (const auto& server : servers)
      for (const auto& address : server.addresses) {
        if (outcome.serials.size() == most_addresses) break;
        const auto who = server.name + " (" + address + ")";
        outcome.serials.push_back({server.name, address, serial_of(names, zone, who, address)});
      }
    const auto& first = outcome.serials.front();
    outcome.said = std::to_string(first.serial);
    for (const auto& one : outcome.serials)
      if (one.serial != first.serial)
        wrong(ProbePhase::content, ProbeReason::serial_mismatch,
              first.server + " and " + one.server + " have different serials");
  });
}

CheckOutcome ask_delegation(const Service& service, const Check& check,
                            const NameServers& name_servers, const std::stop_token& stop) {
  const auto zone = plain_name(service.host);
  return judged("NS", service, check, name_servers, stop, [&](const Names& names, auto& outcome) {
    const auto above = servers_above(names, zone);
    if (above.empty())
      wrong(ProbePhase::resolve, ProbeReason::no_address, "no zone above has name servers");
    const auto& parent = above.front();
    const auto referral = names.ask(parent.addresses.front(), zone, DnsType::ns);
    if (referral.code != dns_code::no_error)
      refuse_code(ProbePhase::response, parent.name, referral.code);
    // A server of both zones answers for the lower one at once.
    auto delegated = names_among(referral.authorities, zone);
    if (delegated.empty()) delegated = names_among(referral.answers, zone);
    if (delegated.empty())
      wrong(ProbePhase::content, ProbeReason::delegation_mismatch,
            parent.name + " knows no name servers of the zone");
    outcome.said = shown_text(listed(delegated));
    // Each of those must know the zone, and name the same.
    for (const auto& name : delegated) {
      const auto addresses = names.addresses_of(name);
      if (addresses.empty())
        wrong(ProbePhase::resolve, ProbeReason::no_address, "name server " + name);
      const auto answer = names.ask(addresses.front(), zone, DnsType::ns);
      if (answer.code != dns_code::no_error) refuse_code(ProbePhase::response, name, answer.code);
      if (!answer.authoritative)
        wrong(ProbePhase::content, ProbeReason::not_authoritative,
              "name server " + name + " does not answer for the zone");
      const auto own = names_among(answer.answers, zone);
      if (own != delegated)
        wrong(ProbePhase::content, ProbeReason::delegation_mismatch,
              "the zone above names " + listed(delegated) + "; " + name + " names " + listed(own));
    }
  });
}

} // namespace intendance::collectors
