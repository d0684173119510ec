// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/swift_removals.hpp"

#include "core/error.hpp"
#include "storage/swift_answers.hpp"

namespace intendance::storage {

namespace {

// The protocol of docs/garbage-collection.md counts on lists that lag by an hour at most; this is
// on the safe side of it, and of the time for which a note is not touched again.
constexpr std::chrono::hours fresh{6};
constexpr std::chrono::minutes touched_enough{30};

// The one of a name's first part; a name without parts has none.
std::string note_of(const std::string& name) {
  const auto slash = name.find('/');
  return slash == std::string::npos ? "" : ".removed/" + name.substr(0, slash);
}

} // namespace

void SwiftRemovals::note(const std::string& name) {
  const auto note = note_of(name);
  if (note.empty()) return;
  const auto now = container_.clock().now();
  const bool touched = noted_.with([&](const auto& noted) {
    const auto found = noted.find(note);
    return found != noted.end() && now >= found->second && now - found->second < touched_enough;
  });
  if (touched) return;
  touch(note);
  noted_.with([&](auto& noted) { noted[note] = now; });
}

// One that is there is touched without being written: a full store lets nobody write, and what is
// removed makes room in it. For the same reason a note that cannot be written holds nothing up.
void SwiftRemovals::touch(const std::string& note) {
  const auto touched = container_.send(container_.request("POST", note));
  if (!container_.is_absent(touched)) return container_.want_success(touched);
  auto request = container_.request("PUT", note);
  request.call.upload = {0, [](std::uint64_t, std::span<std::uint8_t>) {}};
  const auto written = container_.send(std::move(request));
  if (written.status != 413 && written.status != 507) container_.want_success(written);
}

// All times are the store's.
bool SwiftRemovals::may_be_listed(const std::string& prefix) {
  const auto note = note_of(prefix);
  if (note.empty()) return true;
  auto request = container_.request("HEAD", note);
  request.call.headers = {{"x-newest", "true"}};
  const auto reply = container_.send(std::move(request));
  if (container_.is_absent(reply)) return false;
  container_.want_success(reply);
  const auto now = core::parse_http_date(header_of(reply, "date"));
  return now - read_swift_head(note, reply).modified < fresh;
}

} // namespace intendance::storage
