// SPDX-License-Identifier: AGPL-3.0-or-later
// find, diff, cat, forget, prune and rebuild-index, as people type them.
#include "backupd/commands.hpp"
#include "core/command.hpp"
#include "core/crypto.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;
using core::ExitStatus;
using Json = nlohmann::json;

class MaintenanceCommands : public ::testing::Test {
protected:
  struct Answer {
    ExitStatus status = ExitStatus::done;
    std::string out, err;
  };

  MaintenanceCommands() {
    register_commands(line_);
    fs::create_directories(tree_ / "lettres");
    write("lettres/0001.xml", "<TEI>un</TEI>");
    write("lettres/0002.xml", "<TEI>deux</TEI>");
    write("image", std::string(core::as_text(core::random_bytes(3'000'000))));
    run({"repository", "init", "--machine", "web-1"});
  }

  void write(const std::string& name, const std::string& content) {
    core::write_file_atomically(tree_ / name, content);
  }
  Answer run(std::vector<std::string> arguments) {
    arguments.push_back("--repository=file://" + (folder_.path() / "store").string());
    arguments.push_back("--keys=" + (folder_.path() / "keys").string());
    arguments.push_back("--state=" + (folder_.path() / "state").string());
    std::ostringstream out, err;
    const auto status = line_.run(arguments, out, err);
    return {status, out.str(), err.str()};
  }
  Json json(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const auto answer = run(arguments);
    EXPECT_TRUE(answer.status == ExitStatus::done || answer.status == ExitStatus::warnings)
        << answer.err;
    return Json::parse(answer.out);
  }
  std::string back_up() { return json({"backup", "--paths", tree_.string()}).at("snapshot"); }
  std::string path(const std::string& name) const { return (tree_ / name).string(); }

  core::TemporaryDirectory folder_;
  fs::path tree_ = folder_.path() / "tree";
  core::CommandLine line_;
};

TEST_F(MaintenanceCommands, FindNamesEveryStateOfAFile) {
  const auto first = back_up();
  const auto second = back_up();
  write("lettres/0002.xml", "<TEI>deux, corrigée</TEI>");
  const auto third = back_up();
  const auto found = json({"find", "000*.xml"});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0]["path"], path("lettres/0001.xml"));
  EXPECT_EQ(found[0]["versions"].size(), 1u);
  ASSERT_EQ(found[1]["versions"].size(), 2u);
  EXPECT_EQ(found[1]["versions"][0]["snapshots"], (Json{first, second}));
  EXPECT_EQ(found[1]["versions"][1]["snapshots"], Json::array({third}));
  EXPECT_EQ(json({"find", path("lettres/*2.xml")}).size(), 1u);
  EXPECT_EQ(run({"find", "nothing*"}).status, ExitStatus::failed);
}

TEST_F(MaintenanceCommands, DiffSaysWhatChangedAndHow) {
  const auto first = back_up();
  write("lettres/0001.xml", "<TEI>un, corrigé</TEI>");
  fs::permissions(tree_ / "image", fs::perms::owner_read);
  fs::remove(tree_ / "lettres/0002.xml");
  write("lettres/0003.xml", "<TEI>trois</TEI>");
  const auto second = back_up();
  std::map<std::string, Json> changes;
  for (const auto& each : json({"diff", first, second})) changes[each["path"]] = each;
  EXPECT_EQ(changes.at(path("lettres/0002.xml"))["kind"], "removed");
  EXPECT_EQ(changes.at(path("lettres/0003.xml"))["kind"], "added");
  EXPECT_EQ(changes.at(path("lettres/0001.xml"))["what"][0], "contents");
  EXPECT_EQ(changes.at(path("image"))["what"], Json::array({"mode"}));
  EXPECT_TRUE(json({"diff", second, second}).empty());
}

TEST_F(MaintenanceCommands, CatWritesAFileAsItWas) {
  const auto image = core::read_file(tree_ / "image");
  const auto first = back_up();
  write("image", "another");
  back_up();
  EXPECT_EQ(run({"cat", first, path("image")}).out, image);
  EXPECT_EQ(run({"cat", "latest", path("image")}).out, "another");
  EXPECT_EQ(run({"cat", "latest", path("lettres")}).status, ExitStatus::failed);
  EXPECT_EQ(run({"cat", "latest", path("nowhere")}).status, ExitStatus::failed);
}

TEST_F(MaintenanceCommands, CatFillsHolesWithZeros) {
  write("sparse", "a");
  fs::resize_file(tree_ / "sparse", 300'000);
  back_up();
  auto expected = std::string(300'000, '\0');
  expected[0] = 'a';
  EXPECT_TRUE(run({"cat", "latest", path("sparse")}).out == expected);
}

TEST_F(MaintenanceCommands, ForgetAndPruneKeepWhatTheRulesSay) {
  const auto first = back_up();
  write("image", std::string(core::as_text(core::random_bytes(3'000'000))));
  const auto second = back_up();
  EXPECT_EQ(run({"forget"}).status, ExitStatus::usage);
  EXPECT_EQ(json({"forget", "--keep-last", "1", "--dry-run"}).size(), 2u);
  EXPECT_EQ(json({"snapshots"}).size(), 2u);
  const auto decisions = json({"forget", "--keep-last", "1"});
  EXPECT_EQ(decisions[0]["id"], first);
  EXPECT_FALSE(decisions[0]["kept"].get<bool>());
  EXPECT_EQ(decisions[1]["reasons"].size(), 1u);
  EXPECT_EQ(json({"snapshots"}).size(), 1u);
  EXPECT_EQ(run({"prune", "--grace", "soon"}).status, ExitStatus::usage);
  const auto pruned = json({"prune", "--grace", "0"});
  EXPECT_GT(pruned["deleted_bytes"].get<std::uint64_t>(), 2'000'000u);
  EXPECT_EQ(run({"verify", "--read-data"}).status, ExitStatus::done);
  EXPECT_EQ(run({"cat", second, path("image")}).out, core::read_file(tree_ / "image"));
}

TEST_F(MaintenanceCommands, IndexesAreMadeAnewFromPacks) {
  back_up();
  fs::remove_all(folder_.path() / "store/indexes");
  fs::remove_all(folder_.path() / "state");
  EXPECT_EQ(run({"cat", "latest", path("image")}).out, core::read_file(tree_ / "image"));
  EXPECT_EQ(run({"verify"}).status, ExitStatus::failed);
  EXPECT_GT(json({"repository", "rebuild-index"})["packs"].get<int>(), 0);
  EXPECT_EQ(run({"cat", "latest", path("image")}).out, core::read_file(tree_ / "image"));
  EXPECT_EQ(run({"verify", "--read-data"}).status, ExitStatus::done);
}

TEST_F(MaintenanceCommands, ASnapshotThatCannotBeReadIsGivenUpByItsName) {
  const auto first = back_up();
  write("lettres/0001.xml", "<TEI>autre</TEI>");
  back_up();
  const auto name = "snapshots/" + first;
  core::write_file_atomically(folder_.path() / "store" / name, "junk");
  const auto pruned = run({"prune"});
  EXPECT_EQ(pruned.status, ExitStatus::failed);
  EXPECT_NE(pruned.err.find("intendance forget --damaged " + name), std::string::npos)
      << pruned.err;
  EXPECT_EQ(run({"forget", "--damaged", name, "--keep-last", "1"}).status, ExitStatus::usage);
  EXPECT_EQ(run({"forget", "--damaged", name, "--dry-run"}).status, ExitStatus::done);
  EXPECT_EQ(run({"prune"}).status, ExitStatus::failed);
  EXPECT_EQ(run({"forget", "--damaged", name}).status, ExitStatus::done);
  EXPECT_EQ(run({"prune"}).status, ExitStatus::done);
  EXPECT_EQ(run({"verify", "--read-data"}).status, ExitStatus::done);
}

TEST_F(MaintenanceCommands, ATrustObjectThatIsGoneIsPutBack) {
  back_up();
  fs::remove(folder_.path() / "store/trust/00000001");
  const auto lost = run({"snapshots"});
  EXPECT_EQ(lost.status, ExitStatus::failed);
  EXPECT_NE(lost.err.find("intendance repository restore-trust"), std::string::npos) << lost.err;
  EXPECT_EQ(run({"repository", "init", "--machine", "web-1"}).status, ExitStatus::failed);
  EXPECT_EQ(json({"repository", "restore-trust"}).at("object"), "trust/00000001");
  EXPECT_EQ(run({"repository", "restore-trust"}).status, ExitStatus::failed);
  EXPECT_EQ(run({"verify", "--read-data"}).status, ExitStatus::done);
}

} // namespace
} // namespace intendance::backupd
