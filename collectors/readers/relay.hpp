// SPDX-License-Identifier: AGPL-3.0-or-later
// Adds chosen families of a service's own Prometheus page to ours, so that one port of a machine
// shows everything: Synapse, HedgeDoc, HAProxy, CouchDB and whatever else has such a page.
#pragma once

#include "collectors/readers/reader.hpp"

#include <string_view>

namespace intendance::collectors {

// Names of families; one that ends in * stands for all that begin so.
class FamilyChoice {
public:
  // Throws Error for what is no metric's name.
  explicit FamilyChoice(std::vector<std::string> names);
  bool has(std::string_view family) const;
  // Whether a sample of that name can be part of a family that is chosen: x_sum of x.
  bool may_have(std::string_view sample) const;

private:
  std::vector<std::string> names_;
};

// Of a page in text format 0.0.4 the families chosen, with all their labels. Lines of other
// families are passed over unread, so that nothing in them can be wrong. Throws CorruptData that
// names the line, and Error when more than 5000 samples are left or nothing is.
Families relay(std::string_view page, const FamilyChoice& choice);

// url, user, password_file, token_file, families = ["…"].
MakeReader relay_reader(core::ConfigTable& table);

} // namespace intendance::collectors
