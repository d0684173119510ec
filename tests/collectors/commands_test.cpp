// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/commands.hpp"
#include "collectors/probes/failure_memory.hpp"
#include "core/http_server.hpp"
#include "tests/collectors/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace intendance::collectors {
namespace {

using core::ExitStatus;
using testing::HasSubstr;

struct Printed {
  ExitStatus status;
  std::string out, err;
};

Printed run(const std::vector<std::string>& arguments) {
  core::CommandLine line;
  register_commands(line);
  std::ostringstream out, err;
  const auto status = line.run(arguments, out, err);
  return {status, out.str(), err.str()};
}

TEST(CollectCommand, PrintsOneScrape) {
  const auto text = run({"collect"});
  EXPECT_EQ(text.status, ExitStatus::done) << text.err;
  EXPECT_THAT(text.out, HasSubstr("# TYPE node_load1 gauge\nnode_load1 "));
  EXPECT_THAT(text.out, HasSubstr("node_scrape_collector_success{collector=\"cpu\"} 1\n"));
  EXPECT_THAT(run({"collect", "--openmetrics"}).out, testing::EndsWith("# EOF\n"));
}

class ProbeCommand : public testing::Test {
protected:
  ProbeCommand() {
    core::write_file_atomically(
        folder_.path() / "intendance.toml",
        "[collectord]\nservices = \"" FIXTURES "/../../services\"\n"
        "[[service]]\nname = \"documents\"\nkind = \"couchdb\"\nurl = \"" +
            server_.address() +
            "\"\n"
            "[[service]]\nname = \"collections\"\nkind = \"omeka-s\"\nurl = \"" +
            server_.address() +
            "\"\n"
            "[[service]]\nname = \"silent\"\nkind = \"website\"\n");
  }

  Printed probe(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "probe");
    arguments.insert(arguments.end(), {"--config", (folder_.path() / "intendance.toml").string()});
    return run(arguments);
  }

private:
  static core::HttpServerOptions options() {
    core::HttpServerOptions options;
    options.listen = "127.0.0.1:0";
    return options;
  }
  static core::HttpRouter router() {
    using core::HttpResponse;
    core::HttpRouter router;
    router.add("GET", "/_up", [](const auto&) { return HttpResponse::json(R"({"status":"ok"})"); });
    router.add("GET", "/", [](const auto&) {
      return HttpResponse::json(R"({"couchdb":"Welcome","version":"3.4.3"})");
    });
    router.add("GET", "/api/items", [](const auto&) {
      return HttpResponse{302, "text/html", "<html>\n<body>", {{"Location", "/install"}}};
    });
    return router;
  }
  core::HttpServer server_{options(), router()};
  core::TemporaryDirectory folder_;
};

TEST_F(ProbeCommand, ShowsEachCheckOfAGoodService) {
  const auto good = probe({"documents"});
  EXPECT_EQ(good.status, ExitStatus::done) << good.err;
  EXPECT_THAT(good.out, HasSubstr("documents  couchdb  http://127.0.0.1:"));
  EXPECT_THAT(good.out, HasSubstr("✓ up"));
  EXPECT_THAT(good.out, HasSubstr("200, 15 bytes: {\"status\":\"ok\"}"));
  EXPECT_THAT(good.out, HasSubstr("\nup  ("));
  EXPECT_THAT(good.out, testing::Not(HasSubstr("\033"))); // no colours into a pipe
}

TEST_F(ProbeCommand, SaysWhatIsWrongAndFails) {
  const auto bad = probe({"collections"});
  EXPECT_EQ(bad.status, ExitStatus::failed);
  EXPECT_THAT(bad.out, HasSubstr("✗ items"));
  EXPECT_THAT(bad.out, HasSubstr("302 to /install, 13 bytes: <html>\n")); // the first line only
  EXPECT_THAT(bad.out, HasSubstr("response/redirect: 302 to /install, not 200\n"));
  EXPECT_THAT(bad.out, HasSubstr("→ to an installer: its database is gone;")); // what to do
  EXPECT_THAT(bad.out, HasSubstr("\ndown  response: the server sends one elsewhere  ("));
}

TEST_F(ProbeCommand, ListsWhatTheDaemonRemembers) {
  const core::TemporaryDirectory state;
  const auto when = core::parse_utc("2026-11-23T13:04:12Z");
  FailureFolder(state.path())
      .store("documents", {{"up", "connect", "refused", "Connection refused", when, when},
                           {"up", "tls", "expired", "", when, when + std::chrono::minutes(2), 5},
                           {"up", "later", "gremlins", "\x1b[31mred", when, when}});
  const std::vector<std::string> asked = {"documents", "--state", state.path().string()};
  const auto text = probe(asked).out;
  EXPECT_THAT(text, HasSubstr("\nlast failures\n"));
  EXPECT_THAT(text, HasSubstr("1×  up  connect/refused: Connection refused\n"));
  EXPECT_THAT(text, HasSubstr("5×  up  tls/expired: the certificate has expired\n"));
  EXPECT_THAT(text, HasSubstr("later/gremlins: \\x1b[31mred\n")); // what a later version wrote
  EXPECT_LT(text.find("gremlins"), text.find("refused"));         // the newest first
  auto for_programs = asked;
  for_programs.push_back("--json");
  const auto json = nlohmann::json::parse(probe(for_programs).out);
  EXPECT_EQ(json["failures"].size(), 3u);
  EXPECT_EQ(json["failures"][1]["times"], 5);

  core::write_file_atomically(state.path() / "probes" / "documents.json", "{");
  const auto damaged = probe(asked);
  EXPECT_EQ(damaged.status, ExitStatus::done); // the service is well all the same
  EXPECT_THAT(damaged.err, HasSubstr("the last failures are not shown: "));
}

TEST_F(ProbeCommand, SpeaksFrench) {
  const auto bad = probe({"collections", "--lang", "fr"});
  EXPECT_THAT(bad.out, HasSubstr("302 vers /install, 13 octets : <html>\n"));
  EXPECT_THAT(bad.out, HasSubstr("→ vers un installateur : sa base de données a disparu"));
  EXPECT_THAT(bad.out, HasSubstr("\nen panne  response : le serveur renvoie ailleurs  ("));
}

TEST_F(ProbeCommand, PrintsJson) {
  const auto bad = probe({"collections", "--json"});
  EXPECT_EQ(bad.status, ExitStatus::failed);
  const auto json = nlohmann::json::parse(bad.out);
  EXPECT_EQ(json["state"], "down");
  EXPECT_EQ(json["phase"], "response");
  EXPECT_EQ(json["reason"], "redirect");
  EXPECT_EQ(json["detail"], "302 to /install, not 200");
  EXPECT_EQ(json["checks"][0]["status"], 302);
  EXPECT_EQ(json["checks"][0]["first_line"], "<html>");
  EXPECT_EQ(json["checks"][1]["success"], true);
}

TEST_F(ProbeCommand, SaysWhichServicesThereAre) {
  const auto unknown = probe({"tei"});
  EXPECT_EQ(unknown.status, ExitStatus::usage);
  EXPECT_THAT(unknown.err, HasSubstr("there are: documents · collections · silent"));
  const auto silent = probe({"silent"});
  EXPECT_EQ(silent.status, ExitStatus::usage);
  EXPECT_THAT(silent.err, HasSubstr("has neither url nor host"));
  const auto none = probe({});
  EXPECT_EQ(none.status, ExitStatus::usage);
  EXPECT_THAT(none.err, HasSubstr("SERVICE is missing"));
}

TEST_F(ProbeCommand, HelpShowsAnExample) {
  const auto help = run({"probe", "--help"});
  EXPECT_EQ(help.status, ExitStatus::done);
  EXPECT_THAT(help.out, HasSubstr("intendance probe expositions"));
}

} // namespace
} // namespace intendance::collectors
