// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/index.hpp"
#include "backupd/repository/pack.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace intendance::backupd {
namespace {

using core::as_bytes;
using core::as_text;

class Pack : public ::testing::Test {
protected:
  Pack() {
    trust_ = make_trust({"lab", reader_.recipient()}, {"hub", maintainer_.recipient()},
                        {"web-1", writer_.identity().recipient(), writer_.public_key()},
                        core::TimePoint());
    reader_secrets_ = open_reader_secrets(trust_, reader_);
    maintainer_secrets_ = open_maintainer_secrets(trust_, maintainer_);
    session_ = begin_session(trust_, open_writer_secrets(trust_, writer_));
  }

  PackInfo write(const std::vector<std::string>& chunks, ChunkKind kind = ChunkKind::contents) {
    PackWriter pack(session_, folder_.path());
    Compressor compressor;
    for (const auto& chunk : chunks) {
      pack.add(chunk_id(session_.naming, kind, as_bytes(chunk)), kind, as_bytes(chunk), compressor);
    }
    return pack.store(*store_);
  }
  Buffer bytes_of(const PackInfo& pack) {
    return *store_->get(pack_object_name(pack.name), longest);
  }
  std::string open(const PackInfo& pack, std::size_t number, const SharedSecrets& secrets) {
    const auto bytes = bytes_of(pack);
    const auto& entry = pack.entries[number];
    return std::string(as_text(PackOpener(trust_, secrets)
                                   .open(pack.header, entry, number,
                                         ByteView(bytes).subspan(entry.offset, entry.stored))));
  }

  // As a scan of packs alone finds it.
  static PackInfo directory_of(const PackOpener& opener, const PackName& name, ByteView pack) {
    const auto length = directory_length(pack.last(pack_tail_size), pack.size());
    return opener.open_directory(name, pack.size(),
                                 core::to_array<pack_header_size>(pack.first(pack_header_size)),
                                 pack.subspan(pack.size() - pack_tail_size - length, length));
  }

  static constexpr std::uint64_t longest = 1u << 30;
  core::TemporaryDirectory folder_;
  std::unique_ptr<storage::ObjectStore> store_ = storage::make_memory_store();
  AgeIdentity reader_ = AgeIdentity::generate(), maintainer_ = AgeIdentity::generate();
  WriterKey writer_ = WriterKey::generate();
  TrustDocument trust_;
  SharedSecrets reader_secrets_, maintainer_secrets_;
  WriteSession session_;
};

TEST_F(Pack, GivesItsChunksBackToReaders) {
  const std::string long_text(100000, 'e');
  const auto pack = write({"", "a", long_text});
  for (std::size_t each = 0; each < 3; ++each)
    EXPECT_EQ(open(pack, each, reader_secrets_).size(), (std::array{0ul, 1ul, 100000ul}[each]));
  EXPECT_EQ(open(pack, 2, reader_secrets_), long_text);
  EXPECT_LT(pack.entries[2].stored, 1000u);
}

TEST_F(Pack, IsNamedByTheHashOfItsBytes) {
  const auto pack = write({"abc"});
  const auto bytes = bytes_of(pack);
  EXPECT_EQ(core::blake2b(bytes), pack.name);
  EXPECT_EQ(bytes.size(), pack.size);
}

TEST_F(Pack, ItsLengthSaysLittle) {
  std::set<std::uint64_t> lengths;
  for (std::size_t size = 100'000; size < 110'000; size += 100) {
    lengths.insert(write({std::string(as_text(core::random_bytes(size)))}).size);
  }
  EXPECT_LE(lengths.size(), 6u);
  for (const std::uint64_t length : {1ull, 9ull, 1000ull, 123456789ull}) {
    EXPECT_GE(padded_length(length), length);
    EXPECT_LE(padded_length(length), length + length / 8);
  }
}

TEST_F(Pack, MaintainersSeeStructureOnly) {
  const auto contents = write({"a secret letter"});
  EXPECT_THROW(open(contents, 0, maintainer_secrets_), core::Error);
  const auto references = write({"ids"}, ChunkKind::references);
  EXPECT_EQ(open(references, 0, maintainer_secrets_), "ids");
  const auto info =
      directory_of(PackOpener(trust_, maintainer_secrets_), contents.name, bytes_of(contents));
  ASSERT_EQ(info.entries.size(), 1u);
  EXPECT_EQ(info.entries[0].id, contents.entries[0].id);
  EXPECT_EQ(info.entries[0].length, 15u);
  EXPECT_TRUE(maintainer_secrets_.newest().naming.empty());
}

// The session's secret is the one thing that the machine had; it is not among what it keeps.
TEST_F(Pack, WritersCannotReadBack) {
  const auto pack = write({"a secret letter"});
  EXPECT_THROW(open(pack, 0, open_writer_secrets(trust_, writer_)), core::Error);
}

TEST_F(Pack, ItsDirectoryIsEnoughForAnIndex) {
  const auto pack = write({"a", "bb", "ccc"});
  const auto again = directory_of(PackOpener(trust_, reader_secrets_), pack.name, bytes_of(pack));
  EXPECT_EQ(again.header, pack.header);
  ASSERT_EQ(again.entries.size(), 3u);
  for (std::size_t each = 0; each < 3; ++each) {
    EXPECT_EQ(again.entries[each].offset, pack.entries[each].offset);
    EXPECT_EQ(again.entries[each].id, pack.entries[each].id);
  }
}

TEST_F(Pack, FindsEveryFlippedBit) {
  const auto pack = write({"abc", "defg"});
  const auto good = bytes_of(pack);
  const PackOpener opener(trust_, reader_secrets_);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bytes = good;
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ 1u << bit % 8);
    EXPECT_NE(core::blake2b(bytes), pack.name);
    // Of header, blobs or directory: one of them does not open any more.
    const auto everything = [&] {
      const auto info = directory_of(opener, pack.name, bytes);
      for (std::size_t number = 0; number < info.entries.size(); ++number) {
        const auto& entry = info.entries[number];
        opener.open(info.header, entry, number,
                    ByteView(bytes).subspan(entry.offset, entry.stored));
      }
    };
    EXPECT_THROW(everything(), core::Error) << bit;
  }
}

TEST_F(Pack, ABlobOpensOnlyInItsPlace) {
  const auto pack = write({"abc", "abd"});
  const auto bytes = bytes_of(pack);
  const PackOpener opener(trust_, reader_secrets_);
  const auto& other = pack.entries[1];
  EXPECT_THROW(opener.open(pack.header, pack.entries[0], 0,
                           ByteView(bytes).subspan(other.offset, other.stored)),
               core::CorruptData);
  EXPECT_THROW(opener.open(pack.header, pack.entries[0], 1,
                           ByteView(bytes).subspan(other.offset, other.stored)),
               core::CorruptData);
}

TEST_F(Pack, IndexKeepsEverythingAndFindsChanges) {
  const auto pack = write({"a", "bb"});
  const auto object = encode_index({pack}, session_.structure);
  const auto packs = decode_index(object, maintainer_secrets_.newest().structure);
  ASSERT_EQ(packs.size(), 1u);
  EXPECT_EQ(packs[0].name, pack.name);
  EXPECT_EQ(packs[0].size, pack.size);
  EXPECT_EQ(packs[0].header, pack.header);
  EXPECT_EQ(packs[0].entries[1].offset, pack.entries[1].offset);
  for (std::size_t byte = 0; byte < object.size(); ++byte) {
    auto wrong = object;
    wrong[byte] ^= 1;
    EXPECT_THROW(decode_index(wrong, session_.structure), core::Error) << byte;
    EXPECT_THROW(decode_index(core::ByteView(object).first(byte), session_.structure), core::Error)
        << byte;
  }
}

} // namespace
} // namespace intendance::backupd
