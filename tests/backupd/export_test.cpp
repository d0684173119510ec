// SPDX-License-Identifier: AGPL-3.0-or-later
// The pieces of an export; tests/integration/export_test.py has the whole, read by others' tools.
#include "backupd/engine/archive_writer.hpp"
#include "backupd/engine/export_output.hpp"
#include "backupd/engine/posix_acl.hpp"
#include "backupd/repository/age_stream.hpp"
#include "backupd/repository/compression.hpp"
#include "core/error.hpp"
#include "core/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;
using core::as_bytes;
using core::as_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = ArchiveLoss::Kind;

struct Memory : Sink {
  void write(core::ByteView more) override { bytes.insert(bytes.end(), more.begin(), more.end()); }
  void finish() override { ++finished; }
  core::Buffer bytes;
  int finished = 0;
};

// Takes so many bytes, and no more.
struct Full : Sink {
  explicit Full(std::size_t most) : room(most) {}
  void write(core::ByteView more) override {
    if (more.size() > room) throw core::Error("the disk is full");
    room -= more.size();
  }
  void finish() override { throw core::Error("must not be finished"); }
  std::size_t room;
};

std::string output_of(const std::vector<std::string>& arguments) {
  std::string out;
  core::run_program(arguments, [&](core::ByteView bytes) { out += as_text(bytes); }, {});
  return out;
}

std::string some_text(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t at = 0; at < size; ++at) text[at] = static_cast<char>(at * at >> 5);
  return text;
}

// In pieces of uneven sizes, as they come out of a repository.
void write_in_pieces(Sink& to, std::string_view text) {
  for (std::size_t size = 1; !text.empty(); size = size * 3 + 1) {
    const auto piece = text.substr(0, std::min(size % 150'000, text.size()));
    to.write(as_bytes(piece));
    text.remove_prefix(piece.size());
  }
  to.finish();
}

Entry file_entry(std::uint64_t size) {
  Entry entry;
  entry.path = "srv/file";
  entry.mode = 0644;
  entry.size = size;
  return entry;
}

class Sizes : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Sizes, AgeStreamIsAnAgeFile) {
  const auto identity = AgeIdentity::generate();
  const auto other = AgeIdentity::generate();
  Memory memory;
  AgeStream stream(memory, {other.recipient(), identity.recipient()});
  write_in_pieces(stream, some_text(GetParam()));
  EXPECT_EQ(memory.finished, 1);
  EXPECT_EQ(as_text(age_open(memory.bytes, identity).view()), some_text(GetParam()));
  EXPECT_EQ(as_text(age_open(memory.bytes, other).view()), some_text(GetParam()));
}

TEST_P(Sizes, StreamCompressorIsAZstdFile) {
  const core::TemporaryDirectory folder;
  Memory memory;
  StreamCompressor stream(memory, 3);
  write_in_pieces(stream, some_text(GetParam()));
  EXPECT_EQ(memory.finished, 1);
  const auto file = (folder.path() / "x.zst").string();
  core::write_file_atomically(file, as_text(memory.bytes));
  EXPECT_TRUE(output_of({"zstd", "-dc", file}) == some_text(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(AroundItsParts, Sizes,
                         ::testing::Values(0, 1, 65535, 65536, 65537, 131072, 5'000'000));

TEST(AgeStream, RefusesToSealToNobody) {
  Memory memory;
  EXPECT_THROW(AgeStream(memory, {}), core::Error);
  EXPECT_TRUE(memory.bytes.empty());
}

// What was not finished does not open, however much of it is there.
TEST(AgeStream, IsNotWholeUntilItIsFinished) {
  const auto identity = AgeIdentity::generate();
  Memory memory;
  AgeStream stream(memory, {identity.recipient()});
  for (int each = 0; each < 4; ++each) {
    stream.write(as_bytes(std::string(age_part_size, 'x')));
    EXPECT_THROW(age_open(memory.bytes, identity), core::CorruptData) << each;
  }
}

TEST(PosixAcl, ReadsWhatLinuxKeeps) {
  const auto value = core::from_hex("02000000"
                                    "01000600ffffffff"
                                    "02000700d2040000"
                                    "04000400ffffffff"
                                    "08000500e1100000"
                                    "10000700ffffffff"
                                    "20000000ffffffff");
  using Tag = AclEntry::Tag;
  const auto none = 0xffffffff;
  EXPECT_THAT(*parse_acl(as_text(value)),
              ElementsAre(AclEntry{Tag::owner, 6, none}, AclEntry{Tag::user, 7, 1234},
                          AclEntry{Tag::owning_group, 4, none}, AclEntry{Tag::group, 5, 4321},
                          AclEntry{Tag::mask, 7, none}, AclEntry{Tag::other, 0, none}));
}

TEST(PosixAcl, RefusesEverythingElse) {
  for (const char* hex :
       {"", "0200", "03000000", "020000000100", "0200000003000700ffffffff",
        "0200000040000700ffffffff", "0200000001000800ffffffff", "0200000000000700ffffffff"}) {
    EXPECT_FALSE(parse_acl(as_text(core::from_hex(hex)))) << hex;
  }
}

TEST(NewFileSink, HasItsNameOnlyWhenItIsFinished) {
  const core::TemporaryDirectory folder;
  const auto path = folder.path() / "x.tar";
  {
    NewFileSink sink(path);
    sink.write(as_bytes("half"));
    EXPECT_FALSE(fs::exists(path));
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
  NewFileSink sink(path);
  sink.write(as_bytes("whole"));
  sink.finish();
  EXPECT_EQ(core::read_file(path), "whole");
  EXPECT_EQ(sink.written(), 5u);
  EXPECT_EQ(fs::status(path).permissions(), fs::perms(0600));
}

TEST(NewFileSink, PutsNothingInThePlaceOfALinkOrADevice) {
  const core::TemporaryDirectory folder;
  const auto path = folder.path() / "there";
  fs::create_symlink("elsewhere", path);
  EXPECT_THROW(NewFileSink{path}, core::ConfigError);
  fs::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THROW(NewFileSink{path}, core::ConfigError);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(ArchiveWriter, ThrowsWhatItsOutputThrew) {
  for (const std::size_t room : {std::size_t{0}, std::size_t{200'000}}) {
    Full out(room);
    ArchiveWriter archive(ArchiveFormat::tar, out);
    const auto write_much = [&] {
      archive.begin("file", file_entry(1'000'000));
      archive.write(as_bytes(some_text(1'000'000)));
      archive.finish();
    };
    try {
      write_much();
      FAIL() << "nothing was thrown";
    } catch (const core::Error& error) {
      EXPECT_STREQ(error.what(), "the disk is full");
    }
    EXPECT_TRUE(archive.output_failed());
  }
}

TEST(ArchiveWriter, RefusesMoreThanASizeSays) {
  for (const auto format : {ArchiveFormat::tar, ArchiveFormat::zip}) {
    Memory out;
    ArchiveWriter archive(format, out);
    archive.begin("file", file_entry(3));
    EXPECT_THROW(archive.write(as_bytes("four")), core::CorruptData);
    EXPECT_FALSE(archive.output_failed());
  }
}

// An archive that ends early must not look like one that is whole.
TEST(ArchiveWriter, LeavesNoEndWhenItIsNotFinished) {
  Memory out;
  const auto text = some_text(500'000);
  {
    ArchiveWriter archive(ArchiveFormat::tar, out);
    archive.begin("file", file_entry(2 * text.size()));
    archive.write(as_bytes(text));
  }
  EXPECT_EQ(out.finished, 0);
  EXPECT_LT(out.bytes.size(), text.size() + 2048);
}

// libarchive would write -1.25 s as "-2.75", which every tar but its own reads as three seconds.
TEST(ArchiveWriter, WritesTimesBefore1970AsPosixHasThem) {
  Memory out;
  ArchiveWriter archive(ArchiveFormat::tar, out);
  auto entry = file_entry(0);
  entry.modified = {-3, 750'000'000};
  archive.begin("file", entry);
  archive.finish();
  EXPECT_THAT(std::string(as_text(out.bytes)), HasSubstr("mtime=-2.25\n"));
}

TEST(ArchiveWriter, SaysThatANameIsNotUtf8OnlyWhenItIsNot) {
  const auto written = [](const std::string& name) {
    Memory out;
    ArchiveWriter archive(ArchiveFormat::tar, out);
    archive.begin(name, file_entry(0));
    archive.finish();
    const std::string text(as_text(out.bytes));
    EXPECT_THAT(text, HasSubstr(" path=" + name + "\n"));
    return text.find("hdrcharset=BINARY") != std::string::npos;
  };
  EXPECT_FALSE(written("é\xf0\x9f\x8c\xb2"));
  EXPECT_TRUE(written("l\xe9on"));
  EXPECT_TRUE(written("\xed\xa0\x80"));     // half a pair of surrogates
  EXPECT_TRUE(written("\xc0\xaf"));         // more bytes than it needs
  EXPECT_TRUE(written("\xf4\x90\x80\x80")); // beyond the last character
}

std::vector<Kind> kinds_lost(ArchiveFormat format, const Entry& entry) {
  std::vector<Kind> kinds;
  for (const auto& loss : losses_of(format, entry.path, entry)) kinds.push_back(loss.kind);
  return kinds;
}

TEST(Losses, OfATarAreFew) {
  auto entry = file_entry(10);
  entry.modified = {-5, 999'999'999};
  entry.data = {{0, 0}};
  entry.hard_link = "srv/another";
  entry.attributes = {{"user.a=b%", "x"}, {"security.capability", "x"}};
  EXPECT_THAT(kinds_lost(ArchiveFormat::tar, entry), ElementsAre());
  entry.modified = {-1, 1};
  entry.attributes = {{"user.a b", "x"}, {"system.posix_acl_access", "x"}};
  EXPECT_THAT(kinds_lost(ArchiveFormat::tar, entry),
              ElementsAre(Kind::time, Kind::attribute, Kind::access_list));
  entry.path = "srv/\xed\xa0\xbd\xed\xb8\x80";
  EXPECT_EQ(kinds_lost(ArchiveFormat::tar, entry).front(), Kind::name);
}

TEST(Losses, OfAZipAreMany) {
  auto entry = file_entry(10);
  EXPECT_THAT(kinds_lost(ArchiveFormat::zip, entry), ElementsAre());
  entry.path = "srv/l\xe9on";
  entry.modified = {std::int64_t{1} << 31, 1};
  entry.data = {{0, 0}};
  entry.hard_link = "srv/another";
  entry.attributes = {{"user.a", "x"}, {"system.posix_acl_access", "x"}};
  EXPECT_THAT(kinds_lost(ArchiveFormat::zip, entry),
              ElementsAre(Kind::hard_link, Kind::holes, Kind::name, Kind::time, Kind::second,
                          Kind::attribute, Kind::access_list));
  entry.type = FileType::fifo;
  EXPECT_THAT(kinds_lost(ArchiveFormat::zip, entry), ElementsAre(Kind::left_out));
  EXPECT_THAT(kinds_lost(ArchiveFormat::zip, file_entry(1)), ElementsAre());
}

} // namespace
} // namespace intendance::backupd
