#include "eider/expr/functions/digest.h"

#include <array>
#include <bit>
#include <cstdint>

#include "eider/base/bytes.h"

namespace eider::expr {
namespace {

// The first bits of the fractions of the cube roots of the first primes; for SHA-256 the upper halves of the first 64.
constexpr uint64_t kRoots[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
    0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
    0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
    0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
    0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
    0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};
constexpr std::array<uint32_t, 8> kStart224 = {
    0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4,
};
constexpr std::array<uint32_t, 8> kStart256 = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};
constexpr std::array<uint64_t, 8> kStart384 = {
    0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
    0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
};
constexpr std::array<uint64_t, 8> kStart512 = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};
// 2^32 |sin(i)|
constexpr uint32_t kSines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

/// The message, a 1 bit, zeros, and the number of its bits in the last `length_bytes` of a block.
std::string Padded(std::string_view bytes, size_t block, size_t length_bytes, bool big_endian) {
  std::string out(bytes);
  out.push_back(char(0x80));
  while (out.size() % block != block - length_bytes) out.push_back(0);
  std::string length(length_bytes, 0);
  for (size_t i = 0; i < 8; ++i) length[big_endian ? length_bytes - 1 - i : i] = char(uint64_t(bytes.size()) * 8 >> 8 * i);
  return out + length;
}

template <typename Word>
Word BigEndian(Word word) {
  if constexpr (sizeof(Word) == 8) return __builtin_bswap64(word);
  else return __builtin_bswap32(word);
}

/// Amounts by which SHA-2 rotates: sums of a and e, then of the message schedule (the last of each is a shift).
struct Turns {
  int a[3], e[3], early[3], late[3];
};
constexpr Turns kTurns32 = {{2, 13, 22}, {6, 11, 25}, {7, 18, 3}, {17, 19, 10}};
constexpr Turns kTurns64 = {{28, 34, 39}, {14, 18, 41}, {1, 8, 7}, {19, 61, 6}};

template <typename Word, int rounds>
void Sha2Block(const uint8_t* block, const Turns& turns, std::array<Word, 8>& state) {
  const auto sum = [](Word x, const int* by) { return std::rotr(x, by[0]) ^ std::rotr(x, by[1]) ^ std::rotr(x, by[2]); };
  const auto mix = [](Word x, const int* by) { return std::rotr(x, by[0]) ^ std::rotr(x, by[1]) ^ x >> by[2]; };
  Word w[rounds];
  for (int i = 0; i < 16; ++i) w[i] = BigEndian(LoadLe<Word>(block + size_t(i) * sizeof(Word)));
  for (int i = 16; i < rounds; ++i) w[i] = w[i - 16] + mix(w[i - 15], turns.early) + w[i - 7] + mix(w[i - 2], turns.late);
  std::array<Word, 8> v = state;
  for (int i = 0; i < rounds; ++i) {
    const Word root = sizeof(Word) == 8 ? Word(kRoots[i]) : Word(kRoots[i] >> 32);
    const Word one = v[7] + sum(v[4], turns.e) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + root + w[i];
    const Word two = sum(v[0], turns.a) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    v = {Word(one + two), v[0], v[1], v[2], Word(v[3] + one), v[4], v[5], v[6]};
  }
  for (int i = 0; i < 8; ++i) state[size_t(i)] += v[size_t(i)];
}

template <typename Word, int rounds>
std::string Sha2(std::string_view bytes, std::array<Word, 8> state, const Turns& turns, size_t size) {
  constexpr size_t block = 16 * sizeof(Word);
  const std::string message = Padded(bytes, block, 2 * sizeof(Word), true);
  for (size_t at = 0; at < message.size(); at += block) Sha2Block<Word, rounds>(reinterpret_cast<const uint8_t*>(message.data()) + at, turns, state);
  for (Word& word : state) word = BigEndian(word);
  return std::string(reinterpret_cast<const char*>(state.data()), size);
}

}  // namespace

std::string Md5(std::string_view bytes) {
  constexpr int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  std::array<uint32_t, 4> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  const std::string message = Padded(bytes, 64, 8, false);
  for (size_t at = 0; at < message.size(); at += 64) {
    auto [a, b, c, d] = state;
    for (uint32_t i = 0; i < 64; ++i) {
      const uint32_t round = i / 16;
      const uint32_t f = round == 0 ? (b & c) | (~b & d) : round == 1 ? (d & b) | (~d & c) : round == 2 ? b ^ c ^ d : c ^ (b | ~d);
      const uint32_t g = round == 0 ? i : round == 1 ? (5 * i + 1) % 16 : round == 2 ? (3 * i + 5) % 16 : 7 * i % 16;
      const uint32_t word = LoadLe<uint32_t>(reinterpret_cast<const uint8_t*>(message.data()) + at + 4 * g);
      const uint32_t turned = b + std::rotl(a + f + kSines[i] + word, kShifts[round][i % 4]);
      a = d, d = c, c = b, b = turned;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  }
  return std::string(reinterpret_cast<const char*>(state.data()), 16);
}

std::string Sha224(std::string_view bytes) { return Sha2<uint32_t, 64>(bytes, kStart224, kTurns32, 28); }
std::string Sha256(std::string_view bytes) { return Sha2<uint32_t, 64>(bytes, kStart256, kTurns32, 32); }
std::string Sha384(std::string_view bytes) { return Sha2<uint64_t, 80>(bytes, kStart384, kTurns64, 48); }
std::string Sha512(std::string_view bytes) { return Sha2<uint64_t, 80>(bytes, kStart512, kTurns64, 64); }

}  // namespace eider::expr
