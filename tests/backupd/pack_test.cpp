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
using core::CorruptData;

class Pack : public ::testing::Test {
protected:
  Pack() {
    trust_ = make_trust({"lab", reader_.recipient()}, {"hub", maintainer_.recipient()},
                        {"web-1", writer_.identity().recipient(), writer_.public_key()},
                        core::TimePoint());
    reader_secrets_ = open_reader_secrets(trust_, reader_);
    maintainer_secrets_ = open_maintainer_secrets(trust_, maintainer_);
    writer_secrets_ = open_writer_secrets(trust_, writer_);
    session_ = begin_session(trust_);
  }

  using Chunks = std::vector<std::string>;

  // A pack of these blocks, each of these chunks.
  PackInfo write(const std::vector<Chunks>& blocks, ChunkKind kind = ChunkKind::contents) {
    PackWriter pack(writer_secrets_, folder_.path());
    BlockSealer sealer(session_, writer_secrets_, 3);
    const ChunkNamer namer(writer_secrets_);
    for (const auto& block : blocks) {
      std::string raw;
      std::vector<PackChunk> chunks;
      for (const auto& chunk : block) {
        raw += chunk;
        chunks.push_back(
            {namer.name(1, kind, as_bytes(chunk)), static_cast<std::uint32_t>(chunk.size())});
      }
      const auto number = next_number_++;
      pack.add(session_.origin, kind, number, sealer.seal(kind, number, as_bytes(raw)), chunks);
    }
    pack.finish();
    pack.store(*store_);
    return pack.take_info();
  }
  Buffer bytes_of(const PackInfo& pack) {
    return *store_->get(pack_object_name(pack.name), longest);
  }
  // The bytes of a block.
  std::string open(const PackInfo& pack, std::size_t number, const SharedSecrets& secrets) {
    const auto bytes = bytes_of(pack);
    return open(pack.directory, number, secrets, bytes);
  }
  std::string open(const PackDirectory& directory, std::size_t number, const SharedSecrets& secrets,
                   ByteView bytes) {
    const auto& block = directory.blocks.at(number);
    Buffer raw;
    BlockOpener(trust_, secrets)
        .open(directory.origins.at(block.origin), block.kind, block.number,
              bytes.subspan(block.offset, block.stored), block.length, raw);
    return std::string(as_text(raw));
  }

  // As a scan of packs alone finds it.
  static PackDirectory directory_of(const SharedSecrets& secrets, ByteView pack) {
    const auto tail = read_pack_tail(pack.last(pack_tail_size), pack.size());
    return open_directory(pack.last(tail.directory_length + pack_tail_size), pack.size(), secrets);
  }

  static constexpr std::uint64_t longest = 1u << 30;
  core::TemporaryDirectory folder_;
  std::unique_ptr<storage::ObjectStore> store_ = storage::make_memory_store();
  AgeIdentity reader_ = AgeIdentity::generate(), maintainer_ = AgeIdentity::generate();
  WriterKey writer_ = WriterKey::generate();
  TrustDocument trust_;
  SharedSecrets reader_secrets_, maintainer_secrets_, writer_secrets_;
  WriteSession session_;
  std::uint64_t next_number_ = 0;
};

TEST_F(Pack, GivesItsBlocksBackToReaders) {
  const std::string long_text(100000, 'e');
  const auto pack = write({{"a", "bc"}, {long_text, long_text}});
  EXPECT_EQ(open(pack, 0, reader_secrets_), "abc");
  EXPECT_EQ(open(pack, 1, reader_secrets_), long_text + long_text);
  EXPECT_LT(pack.directory.blocks[1].stored, 1000u);
}

TEST_F(Pack, IsNamedByTheSha256OfItsBytes) {
  const auto pack = write({{"abc"}});
  const auto bytes = bytes_of(pack);
  EXPECT_EQ(core::sha256(bytes), pack.name);
  EXPECT_EQ(bytes.size(), pack.size);
}

TEST_F(Pack, ItsLengthSaysLittle) {
  std::set<std::uint64_t> lengths;
  for (std::size_t size = 100'000; size < 110'000; size += 100) {
    lengths.insert(write({{std::string(as_text(core::random_bytes(size)))}}).size);
  }
  EXPECT_LE(lengths.size(), 6u);
  for (const std::uint64_t length : {1ull, 9ull, 1000ull, 123456789ull}) {
    EXPECT_GE(padded_length(length), length);
    EXPECT_LE(padded_length(length), length + std::min<std::uint64_t>(length / 8, 65536));
  }
}

TEST_F(Pack, MaintainersSeeStructureOnly) {
  const auto contents = write({{"a secret letter"}});
  EXPECT_THROW(open(contents, 0, maintainer_secrets_), core::AccessDenied);
  const auto references = write({{"ids"}}, ChunkKind::references);
  EXPECT_EQ(open(references, 0, maintainer_secrets_), "ids");
  const auto directory = directory_of(maintainer_secrets_, bytes_of(contents));
  ASSERT_EQ(directory.chunks.size(), 1u);
  EXPECT_EQ(directory.chunks[0].id, contents.directory.chunks[0].id);
  EXPECT_EQ(directory.chunks[0].length, 15u);
  const ChunkNamer namer(maintainer_secrets_);
  EXPECT_FALSE(namer.can_name(1, ChunkKind::contents));
  EXPECT_EQ(namer.name(1, ChunkKind::references, as_bytes("ids")),
            references.directory.chunks[0].id);
}

// The session's secret is the one thing that the machine had; it is not among what it keeps.
TEST_F(Pack, WritersCannotReadBack) {
  const auto pack = write({{"a secret letter"}});
  EXPECT_THROW(open(pack, 0, writer_secrets_), core::AccessDenied);
}

TEST_F(Pack, ItsDirectoryIsEnoughForAnIndex) {
  const auto pack = write({{"a", "bb"}, {"ccc"}});
  const auto again = directory_of(reader_secrets_, bytes_of(pack));
  EXPECT_EQ(again.origins, pack.directory.origins);
  ASSERT_EQ(again.blocks.size(), 2u);
  ASSERT_EQ(again.chunks.size(), 3u);
  EXPECT_EQ(again.blocks[1].offset, pack.directory.blocks[1].offset);
  EXPECT_EQ(again.blocks[0].length, 3u);
  EXPECT_EQ(again.chunks[2].id, pack.directory.chunks[2].id);
  EXPECT_EQ(&again.block_of(1), &again.blocks[0]);
  EXPECT_EQ(&again.block_of(2), &again.blocks[1]);
}

// A maintainer rewrites packs without opening their blocks.
TEST_F(Pack, ABlockOpensInAnotherPackToo) {
  const auto pack = write({{"abc"}, {"defg", "h"}});
  const auto bytes = bytes_of(pack);
  const auto& block = pack.directory.blocks[1];
  PackWriter copy(maintainer_secrets_, folder_.path());
  copy.add(pack.directory.origins[block.origin], block.kind, block.number,
           ByteView(bytes).subspan(block.offset, block.stored), pack.directory.chunks_of(block));
  copy.finish();
  copy.store(*store_);
  const auto copied = copy.take_info();
  EXPECT_EQ(open(copied, 0, reader_secrets_), "defgh");
}

TEST_F(Pack, FindsEveryFlippedBit) {
  const auto pack = write({{"abc"}, {"defg"}});
  const auto good = bytes_of(pack);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bytes = good;
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ 1u << bit % 8);
    EXPECT_NE(core::sha256(bytes), pack.name);
    // Of blocks or directory one does not open any more; only the intro, which says no more than
    // that this is a pack, is left to the name.
    const auto everything = [&] {
      const auto directory = directory_of(reader_secrets_, bytes);
      for (std::size_t number = 0; number < directory.blocks.size(); ++number)
        open(directory, number, reader_secrets_, bytes);
    };
    if (bit / 8 < intro_size) continue;
    EXPECT_THROW(everything(), core::Error) << bit;
  }
}

TEST_F(Pack, ABlockOpensOnlyUnderItsNumberAndKind) {
  const auto pack = write({{"abc"}, {"abd"}});
  const auto bytes = bytes_of(pack);
  auto swapped = pack.directory;
  std::swap(swapped.blocks[0].offset, swapped.blocks[1].offset);
  EXPECT_THROW(open(swapped, 0, reader_secrets_, bytes), CorruptData);
  auto other_kind = pack.directory;
  other_kind.blocks[0].kind = ChunkKind::manifest;
  EXPECT_THROW(open(other_kind, 0, reader_secrets_, bytes), CorruptData);
}

TEST_F(Pack, IndexKeepsEverythingAndFindsChanges) {
  const auto pack = write({{"a", "bb"}});
  const auto object = encode_index({pack}, writer_secrets_);
  std::vector<PackInfo> packs;
  decode_index(object, maintainer_secrets_,
               [&](PackInfo&& each) { packs.push_back(std::move(each)); });
  ASSERT_EQ(packs.size(), 1u);
  EXPECT_EQ(packs[0].name, pack.name);
  EXPECT_EQ(packs[0].size, pack.size);
  EXPECT_EQ(packs[0].directory_length, pack.directory_length);
  EXPECT_EQ(packs[0].directory.chunks[1].id, pack.directory.chunks[1].id);
  EXPECT_EQ(packs[0].directory.blocks[0].offset, pack.directory.blocks[0].offset);
  const auto decode = [&](ByteView bytes) {
    decode_index(bytes, writer_secrets_, [](PackInfo&&) {});
  };
  for (std::size_t byte = 0; byte < object.size(); ++byte) {
    auto wrong = object;
    wrong[byte] ^= 1;
    EXPECT_THROW(decode(wrong), core::Error) << byte;
    EXPECT_THROW(decode(ByteView(object).first(byte)), core::Error) << byte;
  }
}

} // namespace
} // namespace intendance::backupd
