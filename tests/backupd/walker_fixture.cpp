// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/backupd/walker_fixture.hpp"

#include "core/error.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace intendance::backupd {

namespace {

constexpr uid_t nobody = 65534;

} // namespace

void write(const fs::path& path, std::string_view content) {
  fs::create_directories(path.parent_path());
  const auto file = core::open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  core::write_all(file.get(), core::as_bytes(content));
}

void make_fifo(const fs::path& path) { ASSERT_EQ(::mkfifo(path.c_str(), 0644), 0); }

void make_socket(const fs::path& path) {
  // By its folder's descriptor, since an address has little room for a path.
  const auto folder = core::open_file(path.parent_path(), O_PATH | O_DIRECTORY);
  const auto name =
      "/proc/self/fd/" + std::to_string(folder.get()) + "/" + path.filename().string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(name.size(), sizeof(address.sun_path));
  name.copy(address.sun_path, name.size());
  const core::FileDescriptor open(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(open.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
}

WalkerTest::WalkerTest() : folder_(fs::canonical(folder_of_test_.path())), root_(folder_ / "root") {
  fs::create_directory(root_);
  write(folder_ / "elsewhere/secret", secret);
}

WalkerTest::~WalkerTest() {
  // Folders without write permission would keep an ordinary user's folder from being removed.
  for (const auto& entry :
       fs::recursive_directory_iterator(folder_, fs::directory_options::skip_permission_denied)) {
    if (entry.is_directory() && !entry.is_symlink()) fs::permissions(entry, fs::perms::owner_all);
  }
}

std::string WalkerTest::relative(const std::string& path) const {
  return fs::path("/" + path).lexically_relative(root_).string();
}

Seen WalkerTest::walk(const std::vector<fs::path>& roots) {
  Seen seen;
  Walker walker(
      options_, [&](Entry& entry) { return at_look_ && at_look_(entry); },
      [&](Found&& found) { visit(seen, std::move(found)); },
      [&](const std::string& path, const std::string& message) {
        seen.warnings.push_back(relative(path.substr(1)) + ": " + message);
      },
      stop_.get_token());
  for (const auto& root : roots) walker.walk(root);
  for (std::size_t each = 1; each < seen.entries.size(); ++each) {
    EXPECT_TRUE(compare_paths(seen.entries[each - 1].path, seen.entries[each].path) < 0);
  }
  for (const auto& [path, content] : seen.contents) {
    EXPECT_EQ(content.find(secret), std::string::npos) << path;
  }
  return seen;
}

void WalkerTest::visit(Seen& seen, Found&& found) const {
  const auto name = relative(found.entry.path);
  if (at_visit_) at_visit_(found);
  if (found.contents) {
    core::Buffer bytes(10'000);
    bytes.resize(core::read_at(found.contents.get(), bytes, 0));
    seen.contents[name] = core::as_text(bytes);
    const auto said = torn(found.contents.get(), found.entry);
    if (!said.empty()) seen.torn[name] = said;
  }
  seen.entries.push_back(std::move(found.entry));
}

void WalkerTest::when_looked_at(const std::string& name, const std::function<void()>& act) {
  at_look_ = [this, name, act, done = false](Entry& entry) mutable {
    if (!done && relative(entry.path) == name) {
      done = true;
      act();
    }
    return false;
  };
}

void WalkerTest::when_visited(const std::string& name, const std::function<void()>& act) {
  at_visit_ = [this, name, act](const Found& found) {
    if (relative(found.entry.path) == name) act();
  };
}

std::string WalkerTest::names(const Seen& seen) const {
  static constexpr std::string_view marks = "? /@%#|"; // by FileType
  std::string all;
  for (const auto& entry : seen.entries) {
    const auto name = relative(entry.path);
    if (name.starts_with("..") || name == ".") continue;
    const auto mark = marks[static_cast<std::size_t>(entry.type)];
    all += (all.empty() ? "" : " ") + name + (mark == ' ' ? "" : std::string(1, mark));
  }
  return all;
}

const Entry& WalkerTest::entry_of(const Seen& seen, const std::string& name) const {
  for (const auto& entry : seen.entries) {
    if (relative(entry.path) == name) return entry;
  }
  throw core::Error(name + " was not visited");
}

} // namespace intendance::backupd
