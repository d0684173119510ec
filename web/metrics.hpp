// SPDX-License-Identifier: AGPL-3.0-or-later
// The dashboard about itself: does it reach the daemons, how many people are signed in.
#pragma once

#include "web/access.hpp"
#include "web/poller.hpp"

#include <prometheus/collectable.h>

#include <memory>

namespace intendance::web {

// Reads both at each scrape; they must outlive it.
std::shared_ptr<prometheus::Collectable> make_web_metrics(const Poller& poller,
                                                          const Access& access);

} // namespace intendance::web
