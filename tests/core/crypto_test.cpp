// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/crypto.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

namespace intendance::core {
namespace {

SecretBytes secret_of(std::string_view hex) { return SecretBytes(ByteView(from_hex(hex))); }

// RFC 7693, appendix A, has the vector for 64 bytes; this one is of 32 bytes, by b2sum -l 256.
TEST(Crypto, Blake2bAgreesWithB2sum) {
  EXPECT_EQ(to_hex(blake2b(as_bytes("abc"))),
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  Blake2b parts;
  parts.update(as_bytes("a"));
  parts.update(as_bytes("bc"));
  EXPECT_EQ(parts.finish(), blake2b(as_bytes("abc")));
}

// By Python's hashlib.
TEST(Crypto, KeyedBlake2bAgreesWithAnother) {
  SecretBytes key(32);
  for (std::size_t each = 0; each < key.size(); ++each)
    key.writable()[each] = static_cast<std::uint8_t>(each);
  EXPECT_EQ(to_hex(blake2b({}, key)),
            "4e51e7a913fc80137da52880fecca175bf81e117d5c68126dc2774033517ea0d");
  EXPECT_EQ(to_hex(blake2b(as_bytes("abc"), key)),
            "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
  EXPECT_EQ(to_hex(blake2b(as_bytes(std::string(1000, 'x')), key)),
            "b825f3d0a88228dbabfea5a7bfa36dbf1bfca018062353e25ba636d2a46a7c39");
  EXPECT_THROW(blake2b(as_bytes("abc"), SecretBytes(65)), Error);
}

// RFC 4231, test case 2, and RFC 5869, test case 3.
TEST(Crypto, HmacAndHkdfAgreeWithTheirVectors) {
  EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const Buffer secret(22, 0x0b);
  EXPECT_EQ(to_hex(hkdf_sha256(secret, {}, "").view()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

TEST(Crypto, BothSidesAgree) {
  const auto a = random_secret();
  const auto b = random_secret();
  EXPECT_EQ(to_hex(agree(a, agreement_public(b)).view()),
            to_hex(agree(b, agreement_public(a)).view()));
  EXPECT_THROW(agree(a, PublicKey{}), CorruptData);
}

TEST(Crypto, SignaturesHoldForTheirMessageOnly) {
  // RFC 8032, section 7.1, test 1.
  const auto seed = secret_of("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  EXPECT_EQ(to_hex(signing_public(seed)),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  const auto signature = sign(seed, {});
  EXPECT_EQ(to_hex(signature).substr(0, 16), "e5564300c360ac72");
  EXPECT_TRUE(verify_signature(signing_public(seed), {}, signature));
  EXPECT_FALSE(verify_signature(signing_public(seed), as_bytes("x"), signature));
}

// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
TEST(Crypto, SealsAsItsStandardSays) {
  const SecretBytes key(
      from_hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"));
  const auto nonce = to_array<24>(from_hex("404142434445464748494a4b4c4d4e4f5051525354555657"));
  const auto associated = from_hex("50515253c0c1c2c3c4c5c6c7");
  const std::string_view text = "Ladies and Gentlemen of the class of '99: If I could offer you "
                                "only one tip for the future, sunscreen would be it.";
  const Buffer plain(text.begin(), text.end());
  const auto sealed = seal(key, nonce, plain, associated);
  EXPECT_EQ(to_hex(sealed), "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
                            "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
                            "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
                            "21f9664c97637da9768812f615c68b13b52e"
                            "c0875924c1c7987947deafd8780acf49");
  EXPECT_EQ(open_sealed(key, nonce, sealed, associated), plain);
}

TEST(Crypto, SealedBytesOpenOnlyAsTheyWere) {
  const auto key = random_secret();
  const auto nonce = random_nonce();
  auto sealed = seal(key, nonce, as_bytes("secret"), as_bytes("context"));
  EXPECT_EQ(as_text(open_sealed(key, nonce, sealed, as_bytes("context"))), "secret");
  EXPECT_THROW(open_sealed(key, nonce, sealed, as_bytes("other")), CorruptData);
  EXPECT_THROW(open_sealed(random_secret(), nonce, sealed, as_bytes("context")), CorruptData);
  EXPECT_THROW(open_sealed(key, nonce, ByteView(sealed).first(15), as_bytes("context")),
               CorruptData);
  sealed[0] ^= 1;
  EXPECT_THROW(open_sealed(key, nonce, sealed, as_bytes("context")), CorruptData);
}

TEST(Crypto, TextFormsAreExact) {
  const Buffer bytes = {0, 255, 16, 32, 64};
  EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
  EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  EXPECT_EQ(from_base64(to_base64(bytes, false), false), bytes);
  for (const char* text : {"0", "0g", "00 ", "zz"})
    EXPECT_THROW(from_hex(text), CorruptData) << text;
  for (const char* text : {"A", "AA", "AA=A", "AAA=A", "AA==\n", "A\xc1==", "AB=="}) {
    EXPECT_THROW(from_base64(text), CorruptData) << text;
  }
}

} // namespace
} // namespace intendance::core
