// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "core/file.hpp"
#include "storage/credentials.hpp"
#include "storage/open_store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace intendance::storage {
namespace {

class ReadCredentials : public ::testing::Test {
protected:
  std::filesystem::path write(const std::string& text, mode_t mode = 0640) {
    core::write_file_atomically(file_, text);
    ::chmod(file_.c_str(), mode);
    return file_;
  }
  template <class Failure>
  std::string refusal(const std::string& text, mode_t mode = 0640) {
    try {
      read_credentials(write(text, mode));
    } catch (const Failure& error) {
      return error.what();
    }
    return "nothing was thrown";
  }

  const core::TemporaryDirectory folder_;
  const std::filesystem::path file_ = folder_.path() / "store.toml";
};

TEST_F(ReadCredentials, OfObjectStores) {
  const auto s3 = std::get<S3Identity>(
      read_credentials(write("access_key = \"AK\"\nsecret_key = \"s\"\nregion = \"juno\"\n")));
  EXPECT_EQ(s3.keys.access_key, "AK");
  EXPECT_EQ(core::as_text(s3.keys.secret_key.view()), "s");
  EXPECT_EQ(s3.region, "juno");
  const auto keystone = std::get<KeystoneIdentity>(read_credentials(
      write("auth_url = \"https://keystone.example.ca:5000/v3/\"\napplication_credential_id = "
            "\"i\"\napplication_credential_secret = \"s\"\n")));
  EXPECT_EQ(keystone.auth_url, "https://keystone.example.ca:5000/v3");
  const auto& application = std::get<ApplicationCredential>(keystone.proof);
  EXPECT_EQ(application.id, "i");
  EXPECT_EQ(core::as_text(application.secret.view()), "s");
}

TEST_F(ReadCredentials, OfAPasswordOrAToken) {
  const auto with = [&](const std::string& keys) {
    return std::get<KeystoneIdentity>(
        read_credentials(write("auth_url = \"https://keystone.example.ca:5000\"\n" + keys)));
  };
  const std::string login = "username = \"b\"\npassword = \"p\"\nproject = \"lab\"\n";
  const auto plain = with(login);
  EXPECT_EQ(plain.auth_url, "https://keystone.example.ca:5000/v3");
  EXPECT_EQ(std::get<PasswordLogin>(plain.proof).user, "b");
  EXPECT_EQ(core::as_text(std::get<PasswordLogin>(plain.proof).password.view()), "p");
  EXPECT_EQ(std::get<PasswordLogin>(plain.proof).project, "lab");
  EXPECT_EQ(std::get<PasswordLogin>(plain.proof).user_domain, "Default");
  EXPECT_EQ(std::get<PasswordLogin>(plain.proof).project_domain, "Default");
  const auto domains = with(login + "user_domain = \"U\"\nproject_domain = \"P\"\n");
  EXPECT_EQ(std::get<PasswordLogin>(domains.proof).user_domain, "U");
  EXPECT_EQ(std::get<PasswordLogin>(domains.proof).project_domain, "P");
  const auto token = with("token = \"t\"\n");
  EXPECT_EQ(core::as_text(std::get<ExistingToken>(token.proof).token.view()), "t");
  EXPECT_NE(refusal<core::ConfigError>("auth_url = \"https://k/v3\"\nusername = \"b\"\npassword = "
                                       "\"p\"\n")
                .find("project"),
            std::string::npos);
  EXPECT_NE(refusal<core::ConfigError>("auth_url = \"https://k/v3\"\ntoken = \"t\"\nusername = "
                                       "\"b\"\n")
                .find("of two kinds"),
            std::string::npos);
}

TEST_F(ReadCredentials, OfALoginBySsh) {
  const auto key = folder_.path() / "id", hosts = folder_.path() / "known_hosts";
  core::write_file_atomically(key, "the key", 0600);
  const std::string text = "private_key_file = \"id\"\nknown_hosts_file = \"known_hosts\"\n";
  const auto sftp = std::get<SftpIdentity>(read_credentials(write(text + "passphrase = \"p\"\n")));
  EXPECT_EQ(sftp.private_key_file, key);
  EXPECT_EQ(core::as_text(sftp.private_key.view()), "the key");
  EXPECT_EQ(core::as_text(sftp.passphrase.view()), "p");
  EXPECT_EQ(sftp.known_hosts_file, hosts);
  EXPECT_TRUE(std::get<SftpIdentity>(read_credentials(write(text))).passphrase.empty());
  EXPECT_NE(refusal<core::ConfigError>("private_key_file = \"id\"\n").find("known_hosts_file"),
            std::string::npos);
  ::chmod(key.c_str(), 0644);
  EXPECT_NE(refusal<core::AccessDenied>(text).find(key.string() + " holds a secret"),
            std::string::npos);
}

TEST_F(ReadCredentials, SaysWhatIsWantedInPlaceOfWhatIsThere) {
  EXPECT_NE(refusal<core::ConfigError>("").find("holds no credentials\n  allowed: access_key"),
            std::string::npos);
  EXPECT_NE(refusal<core::ConfigError>("access_key = \"a\"\n").find("secret_key"),
            std::string::npos);
  EXPECT_NE(refusal<core::ConfigError>("access_key = \"a\"\nsecret_key = \"\"\n").find("is empty"),
            std::string::npos);
  EXPECT_NE(refusal<core::ConfigError>("access_key = \"a\"\nsecret_key = \"s\"\nzone = \"x\"\n")
                .find("zone"),
            std::string::npos);
  EXPECT_NE(refusal<core::ConfigError>("access_key = \"a\"\napplication_credential_id = \"i\"\n")
                .find("of two kinds"),
            std::string::npos);
  EXPECT_NE(refusal<core::ConfigError>("auth_url = \"keystone\"\napplication_credential_id = \"i\"")
                .find("https://HOST"),
            std::string::npos);
}

// The secret itself stands in no message.
TEST_F(ReadCredentials, TellsNoSecret) {
  for (const char* text : {"access_key = \"a\"\nsecret_key = \"TELLTALE\"\nmore = 1\n",
                           "access_key = \"a\"\nsecret_key = \"TELLTALE\"\nregion = 7\n",
                           "access_key = \"a\"\nsecret_key = TELLTALE\n"}) {
    const auto said = refusal<core::ConfigError>(text);
    EXPECT_NE(said, "nothing was thrown");
    EXPECT_EQ(said.find("TELLTALE"), std::string::npos) << said;
  }
}

TEST_F(ReadCredentials, RefusesAFileThatEverybodyMayRead) {
  const auto said = refusal<core::AccessDenied>("access_key = \"a\"\nsecret_key = \"s\"\n", 0644);
  EXPECT_NE(said.find("mode 0644"), std::string::npos) << said;
  EXPECT_NE(said.find("chmod o-rwx"), std::string::npos) << said;
}

TEST_F(ReadCredentials, AStoreSaysWhatItLacks) {
  const auto message = [](const std::filesystem::path& file) -> std::string {
    try {
      open_store("s3://objets.example.ca/lab/web-1", {file});
    } catch (const core::ConfigError& error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  EXPECT_NE(message({}).find("--credentials-file"), std::string::npos);
  const auto of_another = write("auth_url = \"https://k/v3\"\napplication_credential_id = "
                                "\"i\"\napplication_credential_secret = \"s\"\n");
  EXPECT_NE(message(of_another).find("of another kind"), std::string::npos);
  write("access_key = \"a\"\nsecret_key = \"s\"\n");
  EXPECT_EQ(open_store("s3://objets.example.ca/lab/web-1", {file_})->address(),
            "s3://objets.example.ca/lab/web-1");
}

TEST_F(ReadCredentials, AStoreOfSwiftTakesKeystones) {
  write("auth_url = \"https://k/v3\"\ntoken = \"t\"\n");
  for (const char* url : {"swift://objets.example.ca:8080/lab/web-1", "swift+http://127.0.0.1/lab"})
    EXPECT_EQ(open_store(url, {file_})->address(), url);
  write("access_key = \"a\"\nsecret_key = \"s\"\n");
  EXPECT_THROW(open_store("swift://objets.example.ca/lab", {file_}), core::ConfigError);
}

} // namespace
} // namespace intendance::storage
