// SPDX-License-Identifier: AGPL-3.0-or-later
// One probe in words, for `intendance probe`.
#pragma once

#include "collectors/probes/failure_memory.hpp"

#include <ostream>

namespace intendance::collectors {

enum class Colour { none, ansi };

// Each check, what was asked, what came back, and of a failure what it means and what to do; then
// the failures that the daemon remembers.
void show_probe(std::ostream& out, const Service& service, const ProbeOutcome& outcome,
                const Failures& failures, core::Language language, Colour colour);

// The same for programs; the words of a reason are left out, its name stays.
void show_probe_json(std::ostream& out, const Service& service, const ProbeOutcome& outcome,
                     const Failures& failures);

} // namespace intendance::collectors
