#include "deepseek/files/inflate.h"

#include <algorithm>
#include <array>

namespace deepseek::files {
namespace {

// Bits of the input, lowest first. Past the end zeros can be peeked at but not consumed.
class Bits {
 public:
  Bits(Bytes in, std::string_view name) : in_(in), name_(name) {}
  uint32_t peek(int n) {
    while (count_ < n && at_ < in_.size()) {
      hold_ |= static_cast<uint64_t>(in_[at_++]) << count_;
      count_ += 8;
    }
    return static_cast<uint32_t>(hold_ & ((uint64_t{1} << n) - 1));
  }
  void drop(int n) {
    if (n > count_) fail("it ends early");
    hold_ >>= n;
    count_ -= n;
  }
  uint32_t take(int n) {
    const uint32_t v = peek(n);
    drop(n);
    return v;
  }
  // Whole bytes that follow the current byte; for stored blocks.
  Bytes raw(size_t n) {
    drop(count_ % 8);
    at_ -= static_cast<size_t>(count_ / 8);
    hold_ = 0;
    count_ = 0;
    if (n > in_.size() - at_) fail("it ends early");
    at_ += n;
    return in_.subspan(at_ - n, n);
  }
  size_t used() const { return at_ - static_cast<size_t>(count_ / 8); }
  [[noreturn]] void fail(std::string_view why) const { raise_value(name_, ": the compressed data is malformed: ", why); }

 private:
  Bytes in_;
  std::string_view name_;
  size_t at_ = 0;
  uint64_t hold_ = 0;
  int count_ = 0;
};

// A prefix code as one table over the longest code's bits: (symbol << 4) | length, 0 where no code begins.
class Code {
 public:
  Code(const uint8_t* lengths, int n, const Bits& bits) {
    std::array<int, 16> count{};
    for (int i = 0; i < n; ++i) ++count[lengths[i]];
    count[0] = 0;
    int codes = 0;
    for (int l = 1; l < 16; ++l) {
      codes += count[static_cast<size_t>(l)];
      if (count[static_cast<size_t>(l)]) longest_ = l;
    }
    int left = 1;
    for (int l = 1; l < 16; ++l) {
      left = left * 2 - count[static_cast<size_t>(l)];
      if (left < 0) bits.fail("a code has too many symbols");
    }
    if (left > 0 && codes > 1) bits.fail("a code is incomplete");
    table_.assign(size_t{1} << longest_, 0);
    std::array<uint32_t, 16> next{};
    for (size_t l = 1; l < 15; ++l) next[l + 1] = (next[l] + static_cast<uint32_t>(count[l])) << 1;
    for (int i = 0; i < n; ++i) {
      const int l = lengths[i];
      if (!l) continue;
      uint32_t code = next[static_cast<size_t>(l)]++, reversed = 0;
      for (int b = 0; b < l; ++b) reversed |= (code >> b & 1) << (l - 1 - b);
      for (size_t k = reversed; k < table_.size(); k += size_t{1} << l) table_[k] = static_cast<uint16_t>(i << 4 | l);
    }
  }
  int read(Bits& bits) const {
    const uint16_t e = table_[bits.peek(longest_)];
    if (!e) bits.fail("a code that stands for nothing");
    bits.drop(e & 15);
    return e >> 4;
  }

 private:
  int longest_ = 1;
  std::vector<uint16_t> table_;
};

void inflate_block(Bits& bits, const Code& literals, const Code& distances, std::vector<std::byte>& out, size_t limit) {
  static constexpr uint16_t length_base[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                             31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  static constexpr uint8_t length_extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
  static constexpr uint16_t distance_base[] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                               193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  while (true) {
    const int symbol = literals.read(bits);
    if (symbol == 256) return;
    if (symbol < 256) {
      if (out.size() >= limit) bits.fail("it is longer than announced");
      out.push_back(static_cast<std::byte>(symbol));
      continue;
    }
    if (symbol > 285) bits.fail("an unknown length");
    const size_t length = length_base[symbol - 257] + bits.take(length_extra[symbol - 257]);
    const int code = distances.read(bits);
    if (code > 29) bits.fail("an unknown distance");
    const size_t distance = distance_base[code] + bits.take(code < 2 ? 0 : code / 2 - 1);
    if (distance > out.size()) bits.fail("it refers to before its beginning");
    if (length > limit - out.size()) bits.fail("it is longer than announced");
    const size_t from = out.size() - distance;
    for (size_t i = 0; i < length; ++i) out.push_back(out[from + i]);  // may read what it has just written
  }
}

void dynamic_block(Bits& bits, std::vector<std::byte>& out, size_t limit) {
  static constexpr uint8_t order[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  const int literals = static_cast<int>(bits.take(5)) + 257, distances = static_cast<int>(bits.take(5)) + 1;
  const int meta = static_cast<int>(bits.take(4)) + 4;
  if (literals > 286 || distances > 30) bits.fail("too many codes");
  std::array<uint8_t, 19> meta_lengths{};
  for (int i = 0; i < meta; ++i) meta_lengths[order[i]] = static_cast<uint8_t>(bits.take(3));
  const Code meta_code(meta_lengths.data(), 19, bits);
  std::array<uint8_t, 320> lengths{};
  for (int i = 0; i < literals + distances;) {
    const int symbol = meta_code.read(bits);
    if (symbol < 16) {
      lengths[static_cast<size_t>(i++)] = static_cast<uint8_t>(symbol);
      continue;
    }
    if (symbol == 16 && i == 0) bits.fail("it repeats a length that is not there");
    const uint8_t value = symbol == 16 ? lengths[static_cast<size_t>(i - 1)] : 0;
    const int repeat = static_cast<int>(symbol == 16 ? 3 + bits.take(2) : symbol == 17 ? 3 + bits.take(3) : 11 + bits.take(7));
    if (i + repeat > literals + distances) bits.fail("too many code lengths");
    std::fill_n(lengths.begin() + i, repeat, value);
    i += repeat;
  }
  if (!lengths[256]) bits.fail("a block without end");
  inflate_block(bits, Code(lengths.data(), literals, bits), Code(lengths.data() + literals, distances, bits), out, limit);
}

void fixed_block(Bits& bits, std::vector<std::byte>& out, size_t limit) {
  std::array<uint8_t, 288> lengths;
  for (size_t i = 0; i < lengths.size(); ++i) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
  std::array<uint8_t, 32> fives;
  fives.fill(5);
  inflate_block(bits, Code(lengths.data(), 288, bits), Code(fives.data(), 32, bits), out, limit);
}

}  // namespace

std::vector<std::byte> inflate(Bytes input, size_t limit, std::string_view name, size_t* used) {
  Bits bits(input, name);
  std::vector<std::byte> out;
  out.reserve(std::min({limit, input.size() * 4, size_t{1} << 28}));
  bool last = false;
  while (!last) {
    last = bits.take(1) == 1;
    switch (bits.take(2)) {
      case 0: {
        const Bytes sizes = bits.raw(4);
        const auto word = [&](size_t i) { return static_cast<uint32_t>(sizes[i]) | static_cast<uint32_t>(sizes[i + 1]) << 8; };
        if (word(0) != (~word(2) & 0xffff)) bits.fail("a stored block's size is inconsistent");
        const Bytes block = bits.raw(word(0));
        if (block.size() > limit - out.size()) bits.fail("it is longer than announced");
        out.insert(out.end(), block.begin(), block.end());
        break;
      }
      case 1: fixed_block(bits, out, limit); break;
      case 2: dynamic_block(bits, out, limit); break;
      default: bits.fail("an unknown kind of block");
    }
  }
  if (used) *used = bits.used();
  return out;
}

bool is_gzip(Bytes in) { return in.size() >= 2 && in[0] == std::byte{0x1f} && in[1] == std::byte{0x8b}; }

std::vector<std::byte> gunzip(Bytes in, std::string_view name) {
  const auto byte = [&](size_t i) {
    ensure(i < in.size(), name, ": the gzip file is cut short");
    return static_cast<uint32_t>(in[i]);
  };
  const auto word = [&](size_t i) { return byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16 | byte(i + 3) << 24; };
  ensure(is_gzip(in) && byte(2) == 8, name, ": not a gzip file");
  const uint32_t flags = byte(3);
  ensure((flags & 0xe0) == 0, name, ": the gzip file uses unknown flags");
  size_t at = 10;
  if (flags & 4) at += 2 + (byte(at) | byte(at + 1) << 8);
  for (uint32_t text : {8u, 16u}) {  // file name, comment
    if (flags & text) {
      while (byte(at)) ++at;
      ++at;
    }
  }
  if (flags & 2) at += 2;
  byte(at);
  size_t used = 0;
  // The announced size is kept modulo 2^32; larger files are not ours to read.
  auto out = inflate(in.subspan(at), size_t{0xffffffff}, name, &used);
  at += used;
  ensure(word(at) == crc32(out), name, ": the gzip checksum does not match the content");
  ensure(word(at + 4) == out.size(), name, ": the gzip size does not match the content");
  ensure(in.size() == at + 8, name, ": ", in.size() - at - 8, " bytes follow the compressed data");
  return out;
}

uint32_t crc32(Bytes input) {
  static const auto tables = [] {
    std::array<std::array<uint32_t, 256>, 8> t{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t c = i;
      for (int k = 0; k < 8; ++k) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
      t[0][i] = c;
    }
    for (uint32_t i = 0; i < 256; ++i) {
      for (size_t k = 1; k < 8; ++k) t[k][i] = (t[k - 1][i] >> 8) ^ t[0][t[k - 1][i] & 255];
    }
    return t;
  }();
  uint32_t c = 0xffffffffu;
  const auto* p = reinterpret_cast<const uint8_t*>(input.data());
  size_t n = input.size();
  for (; n >= 8; n -= 8, p += 8) {
    const uint32_t low = c ^ (p[0] | p[1] << 8 | p[2] << 16 | static_cast<uint32_t>(p[3]) << 24);
    c = tables[7][low & 255] ^ tables[6][low >> 8 & 255] ^ tables[5][low >> 16 & 255] ^ tables[4][low >> 24] ^
        tables[3][p[4]] ^ tables[2][p[5]] ^ tables[1][p[6]] ^ tables[0][p[7]];
  }
  for (; n; --n) c = tables[0][(c ^ *p++) & 255] ^ (c >> 8);
  return ~c;
}

}  // namespace deepseek::files
