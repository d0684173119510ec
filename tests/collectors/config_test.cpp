// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/config.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

using testing::HasSubstr;

const std::string catalogue = std::string(FIXTURES) + "/../../services";

CollectorConfig read(const std::string& text) {
  return read_config(core::ConfigDocument::parse(text, "/etc/test.toml"));
}

// With the repository's own catalogue.
CollectorConfig read_services(const std::string& services) {
  return read("[collectord]\nservices = \"" + catalogue + "\"\n" + services);
}

template <class Work>
std::string message_of(Work&& work) {
  try {
    work();
  } catch (const core::ConfigError& error) {
    return error.what();
  }
  return "(no error)";
}

TEST(CollectorConfig, HasDefaultsForEverything) {
  const auto config = read("[machine]\nname = \"web-1\"\n");
  EXPECT_EQ(config.machine, "web-1");
  EXPECT_EQ(config.listen, "127.0.0.1:9710");
  EXPECT_EQ(config.token_file, std::nullopt);
  EXPECT_EQ(config.probe_interval, std::chrono::seconds(30));
  EXPECT_EQ(config.textfiles.path, "/var/lib/prometheus/node-exporter");
  EXPECT_FALSE(config.textfiles.must_exist);
  EXPECT_TRUE(config.services.empty());
  EXPECT_TRUE(config.readers.empty());
}

TEST(CollectorConfig, ReadsServices) {
  const auto config = read_services(R"(
probe_interval = "1m"
textfiles = "figures"
[[service]]
name = "expositions"
kind = "omeka-s"
url = "https://expositions.example.org/"
root = "/var/www/omeka-s"
text = "Ouvroir"
[[service]]
name = "documents"
kind = "couchdb"
)");
  EXPECT_EQ(config.probe_interval, std::chrono::seconds(60));
  EXPECT_EQ(config.textfiles.path, "/etc/figures");
  EXPECT_TRUE(config.textfiles.must_exist);
  ASSERT_EQ(config.services.size(), 2u);
  EXPECT_EQ(config.services[0].url, "https://expositions.example.org");
  EXPECT_EQ(config.services[0].root, "/var/www/omeka-s");
  EXPECT_EQ(config.services[0].text, "Ouvroir");
  EXPECT_EQ(config.services[0].checks.at(0).path, "/api/items?per_page=1");
  EXPECT_EQ(config.services[1].url, "");
  EXPECT_EQ(&find_service(config, "documents"), &config.services[1]);
  EXPECT_THAT(message_of([&] { find_service(config, "tei"); }),
              HasSubstr("there are: expositions · documents"));
}

TEST(CollectorConfig, AServiceHasAHostAndChecksOfItsOwn) {
  const auto config = read_services(R"(
[[service]]
name = "tei"
kind = "other"
host = "tei-1.example.org"
[[service.check]]
name = "basex"
ask = "tcp"
port = 1984
[[service]]
name = "site"
kind = "website"
url = "https://site.example.org:8443/x"
authorities_file = "ca.pem"
[[service.check]]
name = "echo"
ask = "icmp"
[[service]]
name = "courriel"
kind = "mail"
host = "192.0.2.7"
)");
  ASSERT_EQ(config.services.size(), 3u);
  EXPECT_EQ(config.services[0].checks.at(0).port, 1984);
  EXPECT_EQ(config.services[0].place(), "tei-1.example.org");
  EXPECT_EQ(config.services[1].host, "site.example.org");
  EXPECT_EQ(config.services[1].place(), "https://site.example.org:8443/x");
  EXPECT_EQ(config.services[1].checks.at(1).kind, CheckKind::icmp);
  EXPECT_EQ(config.services[1].authorities, "/etc/ca.pem");
  EXPECT_EQ(config.services[2].checks.size(), 2u);
}

TEST(CollectorConfig, OtherMachinesNeedAToken) {
  EXPECT_THAT(message_of([] { read("[collectord]\nlisten = \"10.0.0.11:9710\"\n"); }),
              HasSubstr("/etc/test.toml:2:10: [collectord] listen = \"10.0.0.11:9710\": is open to "
                        "other machines, which needs a token_file"));
  EXPECT_EQ(read("[collectord]\nlisten = \"10.0.0.11:9710\"\ntoken_file = \"token\"\n").token_file,
            "/etc/token");
}

TEST(CollectorConfig, SaysWhatIsWrongAndWhatIsAllowed) {
  const auto service = [](const std::string& keys) {
    return message_of([&] { read_services("[[service]]\n" + keys); });
  };
  EXPECT_THAT(service("name = \"a\"\nkind = \"omeka\"\n"),
              testing::AllOf(HasSubstr("/etc/test.toml:5:8: [[service]] kind = \"omeka\""),
                             HasSubstr("omeka-classic · omeka-s")));
  EXPECT_THAT(service("kind = \"website\"\n"), HasSubstr("name: is missing"));
  EXPECT_THAT(service("name = \"a\"\nkind = \"website\"\nurl = \"ftp://x/\"\n"),
              HasSubstr("allowed: http://"));
  EXPECT_THAT(service("name = \"a\"\nkind = \"website\"\nurl = \"https://\"\n"),
              HasSubstr("allowed: http://"));
  EXPECT_THAT(service("name = \"a\"\nkind = \"website\"\nurl = \"https://me:secret@x/\"\n"),
              HasSubstr("secrets have no place"));
  EXPECT_THAT(service("name = \"a\"\nkind = \"website\"\ncolour = \"red\"\n"),
              HasSubstr("is not a known key"));
  EXPECT_THAT(service("name = \"a\"\nkind = \"mail\"\nhost = \"https://x\"\n"),
              HasSubstr("is neither a name nor an address"));
  EXPECT_THAT(service("name = \"a\"\nkind = \"other\"\nhost = \"x\"\n"),
              HasSubstr("add a [[service.check]]"));
  EXPECT_THAT(service("name = \"a\"\nkind = \"website\"\nhost = \"x\"\n"),
              HasSubstr("check \"page\" needs a url"));
  EXPECT_THAT(service("name = \"a\"\nkind = \"website\"\nurl = \"https://x\"\n"
                      "[[service.check]]\nname = \"page\"\n"),
              HasSubstr("is the name of two checks"));
  EXPECT_THAT(service("name = \"a\"\nkind = \"couchdb\"\ntext = \"x\"\n"),
              HasSubstr("is not looked at by any check of couchdb"));
  EXPECT_THAT(
      service("name = \"a\"\nkind = \"website\"\n[[service]]\nname = \"a\"\nkind = \"website\"\n"),
      HasSubstr("is the name of two services"));
  EXPECT_THAT(message_of([] { read("[collectord]\nlisten = \"here\"\n"); }), HasSubstr(":2:10:"));
  const core::TemporaryDirectory empty;
  const auto missing = (empty.path() / "missing").string();
  EXPECT_THAT(message_of([&] {
                read("[collectord]\nservices = \"" + missing +
                     "\"\n[[service]]\nname = \"a\"\nkind = \"b\"\n");
              }),
              HasSubstr("the catalogue of services " + missing + ": No such file"));
}

TEST(CheckConfig, TakesWhatReadConfigTakes) {
  check_config(core::ConfigDocument::parse("", "/etc/test.toml"));
  EXPECT_THROW(
      check_config(core::ConfigDocument::parse("[collectord]\nlisten = 5\n", "/etc/test.toml")),
      core::ConfigError);
}

// --- the catalogue
// ---------------------------------------------------------------------------------

class ProfileFile {
public:
  explicit ProfileFile(const std::string& text) { core::write_file_atomically(path(), text); }
  std::filesystem::path path() const { return folder_.path() / "kind.toml"; }
  Profile load() const { return load_profile(path()); }

private:
  core::TemporaryDirectory folder_;
};

TEST(Catalogue, TheRepositorysOwnIsWhole) {
  const auto profiles = load_catalogue(catalogue);
  for (const char* kind : {"website", "omeka-s", "omeka-classic", "nextcloud", "hedgedoc",
                           "couchdb", "cantaloupe", "mattermost"})
    EXPECT_EQ(profiles.count(kind), 1u) << kind;
  for (const auto& [kind, profile] : profiles)
    for (const auto& check : profile.checks)
      EXPECT_EQ(check.most_redirects, 0) << kind << ": a redirect is how Omeka says it is broken";
}

TEST(Catalogue, NeedsAFolderWithProfiles) {
  const core::TemporaryDirectory empty;
  EXPECT_THROW(load_catalogue(empty.path()), core::ConfigError);
  EXPECT_THROW(load_catalogue(empty.path() / "missing"), core::ConfigError);
}

TEST(Profile, ReadsEveryKey) {
  const auto profile = ProfileFile(R"(
kind = "kind"
summary = "A kind"
[[check]]
name = "all"
path = "/p?q=1"
status = [200, 204]
contains = "words"
service_text = true
json = [{ pointer = "/a/0", equals = "x" }, { pointer = "/b" }]
redirects = 2
timeout = "9s"
[[check]]
name = "least"
)")
                           .load();
  ASSERT_EQ(profile.checks.size(), 2u);
  const auto& all = profile.checks[0];
  EXPECT_EQ(all.statuses, (std::vector<int>{200, 204}));
  EXPECT_EQ(all.contains, "words");
  EXPECT_TRUE(all.service_text);
  ASSERT_EQ(all.json.size(), 2u);
  EXPECT_EQ(all.json[0].equals, "x");
  EXPECT_EQ(all.json[1].equals, std::nullopt);
  EXPECT_EQ(all.most_redirects, 2);
  EXPECT_EQ(all.timeout, std::chrono::seconds(9));
  EXPECT_EQ(profile.checks[1].statuses, std::vector<int>{200});
  EXPECT_EQ(profile.checks[1].path, "");
}

TEST(Profile, ReadsEveryKindOfCheck) {
  const auto profile = ProfileFile(R"(
kind = "kind"
summary = "A kind"
[[check]]
name = "port"
ask = "tcp"
port = 1984
send = "?"
contains = "BaseX"
[[check]]
name = "mail"
ask = "smtp"
capabilities = ["AUTH"]
[[check]]
name = "mailboxes"
ask = "imap"
tls = "from_the_start"
[[check]]
name = "record"
ask = "dns"
record = "MX"
values = ["10 mail.example.org"]
[[check]]
name = "registration"
ask = "domain"
[[check]]
name = "echo"
ask = "icmp"
every = "5m"
)")
                           .load();
  ASSERT_EQ(profile.checks.size(), 6u);
  using Tls = core::ConnectionCall::Tls;
  EXPECT_EQ(profile.checks[0].port, 1984);
  EXPECT_EQ(profile.checks[0].tls, Tls::none);
  EXPECT_EQ(profile.checks[0].send, "?");
  EXPECT_EQ(profile.checks[0].contains, "BaseX");
  EXPECT_EQ(profile.checks[1].port, 587);
  EXPECT_EQ(profile.checks[1].tls, Tls::starttls);
  EXPECT_EQ(profile.checks[1].capabilities, std::vector<std::string>{"AUTH"});
  EXPECT_EQ(profile.checks[2].port, 993);
  EXPECT_EQ(profile.checks[3].record, DnsType::mx);
  EXPECT_EQ(profile.checks[4].server, "https://rdap.org");
  EXPECT_EQ(profile.checks[4].every, std::chrono::hours(24));
  EXPECT_EQ(profile.checks[5].kind, CheckKind::icmp);
  EXPECT_EQ(profile.checks[5].every, std::chrono::minutes(5));
}

TEST(Profile, NamesFileLineAndKey) {
  const std::string head = "kind = \"kind\"\nsummary = \"s\"\n";
  const std::pair<std::string, const char*> cases[] = {
      {"kind = \"other\"\nsummary = \"s\"\n",
       "kind.toml:1:8: kind = \"other\": is not the file's name"},
      {head + "[[check]]\nname = \"a\"\nask = \"ftp\"\n", "zone"},
      {head + "[[check]]\nname = \"a\"\nask = \"tcp\"\n", "needs a port"},
      {head + "[[check]]\nname = \"a\"\nask = \"tcp\"\nport = 0\n", "allowed: 1 to 65535"},
      {head + "[[check]]\nname = \"a\"\nask = \"tcp\"\nport = 1\ntls = \"starttls\"\n", "tls"},
      {head + "[[check]]\nname = \"a\"\nask = \"smtp\"\npath = \"/\"\n", "is not a known key"},
      {head + "[[check]]\nname = \"a\"\nask = \"dns\"\nrecord = \"SRV\"\n", "AAAA"},
      {head + "[[check]]\nname = \"a\"\nask = \"domain\"\nserver = \"http://x\"\n", "https://"},
      {head + "[[check]]\nname = \"a\"\n[[check]]\nname = \"a\"\n", "stands twice"},
      {head + "[[check]]\nname = \"a\"\npath = \"p\"\n", "must begin with /"},
      {head + "[[check]]\nname = \"a\"\nstatus = []\n", "allows no answer at all"},
      {head + "[[check]]\nname = \"a\"\nstatus = [999]\n", "allowed: 100 to 599"},
      {head + "[[check]]\nname = \"a\"\nstatus = [\"200\"]\n", "an array of integers is wanted"},
      {head + "[[check]]\nname = \"a\"\nstatus = 200\n", "an array of integers is wanted"},
      {head + "[[check]]\nname = \"a\"\ntimeout = \"2m\"\n", "longer than a minute"},
      {head + "[[check]]\nname = \"a\"\njson = [{ pointer = \"a\" }]\n", "is not a JSON pointer"},
      {head + "[[check]]\nname = \"a\"\njson = [{ pointer = \"/~2\" }]\n", "is not a JSON pointer"},
      {head + "[[check]]\nname = \"a\"\nwhat = 1\n", "is not a known key"},
      {head + "[[check]\n", "kind.toml:3:"}};
  for (const auto& [text, message] : cases) {
    const ProfileFile file(text);
    EXPECT_THAT(message_of([&] { file.load(); }), HasSubstr(message)) << text;
  }
}

} // namespace
} // namespace intendance::collectors
