// SPDX-License-Identifier: AGPL-3.0-or-later
// Bytes on their way into a container.
#pragma once

#include "storage/swift_container.hpp"

#include <set>
#include <string>

namespace intendance::storage {

// In one request, checked by MD5. Throws Error when there is an object of that name, as far as the
// server looks: Ceph's does not.
void put_object(SwiftContainer& container, const std::string& name, const Content& content);

// In segments, which a manifest of that name then makes one object: a static large object. When it
// throws, it has tried to remove what it had sent.
void put_large_object(SwiftContainer& container, const std::string& name, const Content& content);

// Together with its segments.
void remove_large_object(SwiftContainer& container, const std::string& name);

// The objects that have segments, as far as a list shows them.
std::set<std::string> large_objects(SwiftContainer& container);

// The parts of a list from `marker` on, all names as the container has them; empty: the end.
std::vector<ObjectInfo> list_part(SwiftContainer& container, const std::string& prefix,
                                  const std::string& marker);

} // namespace intendance::storage
