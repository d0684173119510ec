// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/system.hpp"

#include "core/error.hpp"

namespace intendance::collectors {

Families publish_uname(const utsname& names) {
  auto family = gauge_family("node_uname_info", "What uname(2) says of this machine, as labels.");
  add_sample(family, 1,
             {{"sysname", names.sysname},
              {"release", names.release},
              {"version", names.version},
              {"machine", names.machine},
              {"nodename", names.nodename},
              {"domainname", names.domainname}});
  return {std::move(family)};
}

Families publish_time(core::TimePoint now) {
  auto family = gauge_family("node_time_seconds", "The machine's clock, in seconds since 1970.");
  add_sample(family, core::seconds_since_epoch(now));
  return {std::move(family)};
}

std::shared_ptr<prometheus::Collectable> uname_collector() {
  return make_collectable([] {
    utsname names{};
    if (::uname(&names) != 0) core::throw_errno("uname");
    return publish_uname(names);
  });
}

std::shared_ptr<prometheus::Collectable> time_collector(const core::Clock& clock) {
  return make_collectable([&clock] { return publish_time(clock.now()); });
}

} // namespace intendance::collectors
