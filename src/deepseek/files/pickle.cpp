#include "deepseek/files/pickle.h"

#include <algorithm>
#include <bit>
#include <charconv>

#include "deepseek/files/json.h"

namespace deepseek::files {
namespace {

// The opcodes that are known, by their names in Python's pickle module.
// clang-format off
enum Op : unsigned char {
  MARK = '(', STOP = '.', POP = '0', POP_MARK = '1', DUP = '2', FLOAT = 'F', INT = 'I', BININT = 'J', BININT1 = 'K', LONG = 'L',
  BININT2 = 'M', NONE = 'N', BINPERSID = 'Q', REDUCE = 'R', BINSTRING = 'T', SHORT_BINSTRING = 'U', BINUNICODE = 'X', APPEND = 'a',
  BUILD = 'b', GLOBAL = 'c', DICT = 'd', EMPTY_DICT = '}', APPENDS = 'e', GET = 'g', BINGET = 'h', LONG_BINGET = 'j', LIST = 'l',
  EMPTY_LIST = ']', PUT = 'p', BINPUT = 'q', LONG_BINPUT = 'r', SETITEM = 's', TUPLE = 't', EMPTY_TUPLE = ')', SETITEMS = 'u',
  BINFLOAT = 'G', PROTO = 0x80, TUPLE1 = 0x85, TUPLE2 = 0x86, TUPLE3 = 0x87, NEWTRUE = 0x88, NEWFALSE = 0x89, LONG1 = 0x8a,
  LONG4 = 0x8b, SHORT_BINUNICODE = 0x8c, BINUNICODE8 = 0x8d, STACK_GLOBAL = 0x93, MEMOIZE = 0x94, FRAME = 0x95,
};
// clang-format on
constexpr unsigned char highest_protocol = 5;

std::string_view text_of(Bytes b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

}  // namespace

void Unpickler::fail(std::string_view why) const {
  raise_value(name_, ": the pickle is malformed: ", why);
}
void Unpickler::refuse(std::string_view what) const {
  raise_value(name_, ": it holds ", what,
              ", which is refused: only tensors, numbers, strings, and lists, tuples and dicts of these are loaded");
}

Bytes Unpickler::take(uint64_t n) {
  if (n > bytes_.size() - at_) fail("it is cut short");
  const Bytes b = bytes_.subspan(at_, static_cast<size_t>(n));
  at_ += static_cast<size_t>(n);
  return b;
}

uint64_t Unpickler::number(int width) {
  const Bytes b = take(static_cast<uint64_t>(width));
  uint64_t v = 0;
  for (int i = width - 1; i >= 0; --i) v = v << 8 | static_cast<uint64_t>(b[static_cast<size_t>(i)]);
  return v;
}

std::string_view Unpickler::line() {
  const std::string_view rest = text_of(bytes_.subspan(at_));
  const size_t end = rest.find('\n');
  if (end == std::string_view::npos) fail("a line without end");
  at_ += end + 1;
  return rest.substr(0, end);
}

uint64_t Unpickler::decimal(std::string_view text) {
  uint64_t v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc() || end != text.data() + text.size()) fail("a number is expected");
  return v;
}

PickleValue& Unpickler::top() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) fail("its stack is empty");
  return stack_.back();
}

PickleValue Unpickler::pop() {
  const PickleValue v = top();
  stack_.pop_back();
  return v;
}

size_t Unpickler::pop_mark() {
  if (marks_.empty()) fail("a mark is missing");
  const size_t at = marks_.back();
  marks_.pop_back();
  return at;
}

void Unpickler::push_text(Bytes utf8) {
  const std::string_view s = text_of(utf8);
  if (!is_utf8(s)) fail("a string is not UTF-8");
  strings_.emplace_back(s);
  push(&strings_.back());
}

// n bytes of two's complement.
void Unpickler::push_long(uint64_t n) {
  const Bytes b = take(n);
  const bool negative = !b.empty() && (b.back() & std::byte{0x80}) != std::byte{0};
  uint64_t v = negative ? ~uint64_t{0} : 0;
  for (size_t i = b.size(); i-- > 0;) {
    if (i >= 8 && b[i] != (negative ? std::byte{0xff} : std::byte{0})) fail("an integer does not fit in 64 bits");
    if (i < 8) v = v << 8 | static_cast<uint64_t>(b[i]);
  }
  if (b.size() > 8 && (v >> 63 != 0) != negative) fail("an integer does not fit in 64 bits");
  push(static_cast<int64_t>(v));
}

void Unpickler::push_tuple(size_t from) {
  PickleList* t = new_list(true);
  t->items.assign(stack_.begin() + static_cast<std::ptrdiff_t>(from), stack_.end());
  stack_.resize(from);
  push(t);
}

PickleList& Unpickler::list_at(size_t position) {
  if (position == 0 || (!marks_.empty() && position <= marks_.back())) fail("its stack is empty");
  auto* const* list = std::get_if<PickleList*>(&stack_[position - 1]);
  if (!list || (*list)->tuple) fail("an item is added to something that is no list");
  return **list;
}

PickleDict& Unpickler::dict_at(size_t position) {
  if (position == 0 || (!marks_.empty() && position <= marks_.back())) fail("its stack is empty");
  auto* const* dict = std::get_if<PickleDict*>(&stack_[position - 1]);
  if (!dict) fail("an entry is added to something that is no dict");
  return **dict;
}

void Unpickler::append_all(size_t from) {
  PickleList& list = list_at(from);
  list.items.insert(list.items.end(), stack_.begin() + static_cast<std::ptrdiff_t>(from), stack_.end());
  stack_.resize(from);
}

void Unpickler::set_all(size_t from) {
  PickleDict& dict = dict_at(from);
  if ((stack_.size() - from) % 2 != 0) fail("a key without a value");
  for (size_t i = from; i < stack_.size(); i += 2) dict.items.emplace_back(stack_[i], stack_[i + 1]);
  stack_.resize(from);
}

void Unpickler::recall(uint64_t index) {
  const auto found = memo_.find(index);
  if (found == memo_.end()) fail("it refers to an object that it has not stored");
  push(found->second);
}

bool Unpickler::step_constant(unsigned char op) {
  switch (op) {
    case NONE:
      push(std::monostate());
      break;
    case NEWTRUE:
      push(true);
      break;
    case NEWFALSE:
      push(false);
      break;
    case BININT:
      push(static_cast<int64_t>(static_cast<int32_t>(number(4))));
      break;
    case BININT1:
      push(static_cast<int64_t>(number(1)));
      break;
    case BININT2:
      push(static_cast<int64_t>(number(2)));
      break;
    case LONG1:
      push_long(number(1));
      break;
    case LONG4:
      push_long(number(4));
      break;
    case INT:
    case LONG: {
      std::string_view text = line();
      if (op == INT && (text == "00" || text == "01")) {  // how protocol 0 writes a bool
        push(text == "01");
        break;
      }
      if (text.ends_with('L')) text.remove_suffix(1);
      int64_t v = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
      if (error != std::errc() || end != text.data() + text.size()) fail("an integer is expected");
      push(v);
      break;
    }
    case FLOAT: {
      const std::string_view text = line();
      double v = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
      if (error != std::errc() || end != text.data() + text.size()) fail("a number is expected");
      push(v);
      break;
    }
    case BINFLOAT:
      push(std::bit_cast<double>(__builtin_bswap64(number(8))));
      break;
    case BINUNICODE:
      push_text(take(number(4)));
      break;
    case SHORT_BINUNICODE:
      push_text(take(number(1)));
      break;
    case BINUNICODE8:
      push_text(take(number(8)));
      break;
    case BINSTRING:
      push_text(take(number(4)));
      break;  // Python 2's str
    case SHORT_BINSTRING:
      push_text(take(number(1)));
      break;
    default:
      return false;
  }
  return true;
}

bool Unpickler::step_container(unsigned char op) {
  switch (op) {
    case MARK:
      marks_.push_back(stack_.size());
      break;
    case POP_MARK:
      stack_.resize(pop_mark());
      break;
    case POP:
      pop();
      break;
    case DUP:
      push(PickleValue(top()));
      break;
    case EMPTY_LIST:
      push(new_list(false));
      break;
    case EMPTY_TUPLE:
      push(new_list(true));
      break;
    case EMPTY_DICT:
      push(new_dict());
      break;
    case TUPLE:
      push_tuple(pop_mark());
      break;
    case TUPLE1:
    case TUPLE2:
    case TUPLE3: {
      const size_t n = static_cast<size_t>(op - TUPLE1) + 1;
      if (stack_.size() - (marks_.empty() ? 0 : marks_.back()) < n) fail("its stack is empty");
      push_tuple(stack_.size() - n);
      break;
    }
    case LIST: {
      const size_t from = pop_mark();
      stack_.insert(stack_.begin() + static_cast<std::ptrdiff_t>(from), new_list(false));
      append_all(from + 1);
      break;
    }
    case DICT: {
      const size_t from = pop_mark();
      stack_.insert(stack_.begin() + static_cast<std::ptrdiff_t>(from), new_dict());
      set_all(from + 1);
      break;
    }
    case APPEND:
      append_all(stack_.size() - std::min<size_t>(stack_.size(), 1));
      break;
    case APPENDS:
      append_all(pop_mark());
      break;
    case SETITEM:
      set_all(stack_.size() - std::min<size_t>(stack_.size(), 2));
      break;
    case SETITEMS:
      set_all(pop_mark());
      break;
    default:
      return false;
  }
  return true;
}

bool Unpickler::step_memo(unsigned char op) {
  switch (op) {
    case PUT:
      remember(decimal(line()));
      break;
    case BINPUT:
      remember(number(1));
      break;
    case LONG_BINPUT:
      remember(number(4));
      break;
    case MEMOIZE:
      remember(memo_.size());
      break;
    case GET:
      recall(decimal(line()));
      break;
    case BINGET:
      recall(number(1));
      break;
    case LONG_BINGET:
      recall(number(4));
      break;
    default:
      return false;
  }
  return true;
}

void Unpickler::step(unsigned char op) {
  if (step_constant(op) || step_container(op) || step_memo(op)) return;
  switch (op) {
    case PROTO: {
      const uint64_t protocol = number(1);
      if (protocol > highest_protocol) fail(concat("protocol ", protocol, " is not known"));
      break;
    }
    case FRAME:
      number(8);
      break;
    case GLOBAL: {
      const std::string_view module = line();
      push(global(module, line()));
      break;
    }
    case STACK_GLOBAL: {
      const PickleValue name = pop(), module = pop();
      const auto *m = std::get_if<const std::string*>(&module), *n = std::get_if<const std::string*>(&name);
      if (!m || !n) fail("the name of a global is no string");
      push(global(**m, **n));
      break;
    }
    case REDUCE: {
      const PickleValue arguments = pop(), callee = pop();
      auto* const* list = std::get_if<PickleList*>(&arguments);
      if (!list || !(*list)->tuple) fail("arguments of a call are no tuple");
      push(call(callee, **list));
      break;
    }
    case BUILD: {
      // The attributes of a state_dict (versions of its modules) say nothing about its entries.
      pop();
      if (!std::holds_alternative<PickleDict*>(top())) refuse("the state of an object");
      break;
    }
    case BINPERSID:
      push(persistent(pop()));
      break;
    default:
      refuse(concat("an object that needs the pickle instruction ", static_cast<int>(op)));
  }
}

PickleValue Unpickler::load() {
  stack_.clear();
  marks_.clear();
  memo_.clear();
  for (;;) {
    const auto op = static_cast<unsigned char>(number(1));
    if (op == STOP) break;
    step(op);
  }
  if (!marks_.empty() || stack_.size() != 1) fail("it does not end with one object");
  return stack_.back();
}

}  // namespace deepseek::files
