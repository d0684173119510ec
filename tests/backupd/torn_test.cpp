// SPDX-License-Identifier: AGPL-3.0-or-later
// Files that change or break while a backup reads them, as `intendance backup` tells it: each is
// counted and named, the exit status is 3, nothing hangs, no other file's contents come in, and
// the next backup reads them anew.
#include "core/crypto.hpp"
#include "tests/backupd/store_error_fixture.hpp"
#include "tests/backupd/tree.hpp"
#include "tests/support/read_faults.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <sys/xattr.h>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;
using core::ExitStatus;
using test_support::ReadCall;
using test_support::ReadFaults;
using Json = nlohmann::json;

constexpr std::size_t size = 3'000'000; // read in three parts at least

class Torn : public StoreErrors {
protected:
  Torn() {
    EXPECT_EQ(run(whole_, {"repository", "init", "--machine", "web-1"}).status, ExitStatus::done);
    for (const auto* name : {"a", "m", "z"}) write(name, size);
    core::write_file_atomically(foreign_, std::string(size, 'f'));
    before_ = content("m");
  }

  std::string content(const std::string& name) const {
    return core::read_file(tree_ / name, std::size_t{1} << 30);
  }
  // The contents of a restored file; nothing when it is not there.
  std::optional<std::string> restored(const std::string& name) {
    const core::TemporaryDirectory target;
    EXPECT_EQ(run(whole_, {"restore", "latest", "--target", target.path().string()}).status,
              ExitStatus::done);
    const auto file = target.path() / tree_.relative_path() / name;
    if (!fs::exists(file)) return std::nullopt;
    return core::read_file(file, std::size_t{1} << 30);
  }
  Arguments backup() const { return {"backup", "--paths", tree_.string(), "--json"}; }

  // Backs up; `act` is called before each part of "m" but the first is read.
  Json back_up_while(const std::function<int()>& act) {
    Answer answer;
    {
      const ReadFaults faults(tree_ / "m", [&](const ReadCall& call) {
        return call.function == "pread" && call.offset > 0 ? act() : 0;
      });
      answer = run(whole_, backup());
    }
    EXPECT_EQ(answer.status, ExitStatus::warnings) << answer.out << answer.err;
    return answer.status == ExitStatus::warnings ? Json::parse(answer.out) : Json();
  }
  void expect_named(const Json& told, const std::string& message) {
    ASSERT_EQ(told.at("warnings").size(), 1u) << told;
    EXPECT_EQ(told.at("warnings")[0].at("path"), (tree_ / "m").string());
    EXPECT_EQ(told.at("warnings")[0].at("message"), message);
    const auto listed = run(whole_, {"snapshots", "--json"});
    EXPECT_EQ(Json::parse(listed.out).back().at("warnings"), 1);
    for (const auto* name : {"a", "z"}) EXPECT_TRUE(restored(name) == content(name)) << name;
  }
  // What is there now is read by the next backup, although nothing tells that it changed since.
  void expect_next_whole() {
    const auto answer = run(whole_, backup());
    EXPECT_EQ(answer.status, ExitStatus::done) << answer.out << answer.err;
    EXPECT_TRUE(restored("m") == content("m"));
  }

  fs::path foreign_ = folder_.path() / "foreign";
  std::string before_;
};

const std::string changed = "changed while being read (kept as read)";

TEST_F(Torn, TruncatedInTheMidst) {
  const auto told = back_up_while([&] {
    fs::resize_file(tree_ / "m", 1'500'000);
    return 0;
  });
  expect_named(told, "became shorter while being read (kept as read)");
  const auto kept = restored("m").value_or("");
  EXPECT_GE(kept.size(), 1'000'000u); // what was read before, at least
  EXPECT_LT(kept.size(), size);
  EXPECT_TRUE(kept == before_.substr(0, kept.size()));
  expect_next_whole();
}

// A writer that appends faster than anybody reads: the size of the first look is where it ends.
TEST_F(Torn, GrowsForEver) {
  int parts = 0;
  const auto told = back_up_while([&] {
    ++parts;
    const auto file = core::open_file(tree_ / "m", O_WRONLY | O_APPEND);
    core::write_all(file.get(), core::as_bytes(std::string(2 * size, 'g')));
    return 0;
  });
  EXPECT_LE(parts, 10);
  expect_named(told, changed);
  EXPECT_TRUE(restored("m") == before_);
  expect_next_whole();
}

TEST_F(Torn, WrittenOverInTheMidst) {
  const auto told = back_up_while([&] {
    const auto file = core::open_file(tree_ / "m", O_WRONLY);
    core::write_all(file.get(), core::as_bytes(std::string(size, 'o')));
    return 0;
  });
  expect_named(told, changed);
  const auto kept = restored("m").value_or("");
  ASSERT_EQ(kept.size(), size);
  const auto from = kept.find(std::string(1000, 'o'));
  ASSERT_NE(from, std::string::npos);
  EXPECT_TRUE(kept == before_.substr(0, from) + std::string(size - from, 'o'));
  expect_next_whole();
}

// Its name goes to something else; what was opened is read to its end.
TEST_F(Torn, ReplacedInTheMidst) {
  const auto path = tree_ / "m";
  const std::vector<std::pair<std::string, std::function<void()>>> cases = {
      {"a link", [&] { fs::create_symlink(foreign_, path); }},
      {"a FIFO", [&] { ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0); }},
      {"a folder", [&] { fs::create_directory(path); }},
      {"another file", [&] { fs::copy_file(foreign_, path); }},
      {"a further name of another", [&] { fs::create_hard_link(foreign_, path); }},
      {"nothing", [] {}}};
  for (const auto& [what, make] : cases) {
    SCOPED_TRACE(what);
    fs::remove_all(path);
    core::write_file_atomically(path, before_);
    const auto told = back_up_while([&, once = false, &make = make]() mutable {
      if (!once) {
        fs::remove(path);
        make();
      }
      once = true;
      return 0;
    });
    expect_named(told, changed);
    EXPECT_TRUE(restored("m") == before_);
    EXPECT_EQ(run(whole_, backup()).status, ExitStatus::done);
  }
}

TEST_F(Torn, MadeUnreadableInTheMidst) {
  const auto told = back_up_while([&] {
    fs::permissions(tree_ / "m", fs::perms::none);
    return 0;
  });
  expect_named(told, changed);
  EXPECT_TRUE(restored("m") == before_);
  fs::permissions(tree_ / "m", fs::perms::owner_read);
  expect_next_whole();
}

TEST_F(Torn, BreaksInTheMidst) {
  const auto told = back_up_while([] { return EIO; });
  expect_named(told, "cannot read: Input/output error");
  EXPECT_EQ(restored("m"), std::nullopt);
  expect_next_whole();
}

// Everything by which the tree is looked at and read fails once. What that cost is named, and all
// the rest comes back as it is.
class BrokenDisk : public StoreErrors {
protected:
  BrokenDisk() {
    EXPECT_EQ(run(whole_, {"repository", "init", "--machine", "web-1"}).status, ExitStatus::done);
    for (const auto* name : {"a", "folder/b", "folder/deep/c", "last"}) write(name, 5'000);
    write("sparse", 20'000);
    fs::resize_file(tree_ / "sparse", 200'000);
    fs::create_hard_link(tree_ / "a", tree_ / "folder/again");
    fs::create_symlink("a", tree_ / "link");
    EXPECT_EQ(::mkfifo((tree_ / "fifo").c_str(), 0640), 0);
    for (const auto* name : {"a", "folder"})
      EXPECT_EQ(::setxattr((tree_ / name).c_str(), "user.note", "x", 1, 0), 0);
    tree_now_ = describe_tree(tree_);
  }

  struct Failed {
    ReadCall call;
    bool fired = false;
  };
  Answer back_up_failing(const Place& place, int failing, Failed& failed) {
    int calls = 0;
    const ReadFaults faults(tree_, [&](const ReadCall& call) {
      if (++calls != failing) return 0;
      failed = {call, true};
      return EIO;
    });
    return run(place, {"backup", "--paths", tree_.string(), "--json"});
  }
  // What is missing, or is not as it was, is what was named or stands in what was named.
  void expect_rest(const Place& place, const Json& told) {
    const auto restored = restored_tree(open(place), "latest", tree_);
    const auto is_named = [&](const fs::path& path) {
      for (const auto& each : told.at("warnings")) {
        const auto named = fs::path(each.at("path").get<std::string>()).lexically_relative(tree_);
        const auto shown = path.string(), folder = named.string();
        if (folder == "." || shown == folder || shown.starts_with(folder + "/")) return true;
      }
      return false;
    };
    for (const auto& [path, description] : tree_now_) {
      const auto found = restored.find(path);
      // Without its first name, the further one has the contents.
      const bool is_first = path == "folder/again" && !restored.contains("a");
      const auto& expected = is_first ? tree_now_.at("a") : description;
      // Holes that could not be looked for are read as the zeros that they are.
      const bool is_filled = found != restored.end() && found->second + " sparse" == expected;
      if (found == restored.end() || (found->second != expected && !is_filled)) {
        // Attributes are the file's, under whichever of its names they could not be read.
        EXPECT_TRUE(is_named(path) || (path == "folder/again" && is_named("a")))
            << path << " is not as it was, " << expected << ": "
            << (found == restored.end() ? "gone" : found->second);
      }
    }
    for (const auto& [path, description] : restored) EXPECT_TRUE(tree_now_.contains(path)) << path;
  }

  Tree tree_now_;
};

TEST_F(BrokenDisk, EveryReadThatFailsIsNamed) {
  int named = 0;
  for (int failing = 1;; ++failing) {
    const auto place = copy_of(whole_);
    Failed failed;
    const auto answer = back_up_failing(place, failing, failed);
    SCOPED_TRACE(failed.call.function + " of " + failed.call.path);
    if (!failed.fired) {
      EXPECT_EQ(answer.status, ExitStatus::done) << answer.out << answer.err;
      EXPECT_GT(failing, 50);
      EXPECT_GT(named, 30);
      return;
    }
    if (answer.status == ExitStatus::failed) { // of the root itself
      EXPECT_EQ(failed.call.path, tree_.string()) << answer.err;
      EXPECT_NE(answer.err.find("Input/output error"), std::string::npos) << answer.err;
      continue;
    }
    const auto told = Json::parse(answer.out);
    expect_rest(place, told);
    // What was looked at again, and was whole then, needs no word.
    EXPECT_EQ(answer.status, told.at("warnings").empty() ? ExitStatus::done : ExitStatus::warnings)
        << answer.out;
    named += told.at("warnings").empty() ? 0 : 1;
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

} // namespace
} // namespace intendance::backupd
