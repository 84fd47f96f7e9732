// Reads pickles without running anything: the machine builds plain data, and a subclass decides about each global by
// its name.
#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "deepseek/files/file.h"

namespace deepseek::files {

struct PickleList;
struct PickleDict;
// What the subclass made of a global, a call or a persistent id: a kind and a number of its own.
struct PickleHandle {
  int kind = 0;
  size_t index = 0;
};
// Pointers are to objects that the Unpickler owns: pickles may refer to one object many times, and in circles.
using PickleValue =
    std::variant<std::monostate, bool, int64_t, double, const std::string*, PickleList*, PickleDict*, PickleHandle>;

struct PickleList {
  bool tuple = false;
  std::vector<PickleValue> items;
};
struct PickleDict {
  std::vector<std::pair<PickleValue, PickleValue>> items;  // a later entry replaces an earlier one with the same key
};

class Unpickler {
 public:
  // Errors have `name` in front.
  Unpickler(Bytes bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}
  virtual ~Unpickler() = default;

  PickleValue load();          // the next pickle of the stream
  Bytes take(uint64_t n);      // raw bytes that follow
  uint64_t number(int width);  // little-endian
  size_t position() const { return at_; }
  size_t size() const { return bytes_.size(); }
  const std::string& name() const { return name_; }

 protected:
  virtual PickleValue global(std::string_view module, std::string_view name) = 0;
  virtual PickleValue call(const PickleValue& callee, const PickleList& arguments) = 0;
  virtual PickleValue persistent(const PickleValue& id) = 0;

  [[noreturn]] void fail(std::string_view why) const;
  [[noreturn]] void refuse(std::string_view what) const;
  PickleDict* new_dict() { return &dicts_.emplace_back(); }
  PickleList* new_list(bool tuple) {
    lists_.push_back({tuple, {}});
    return &lists_.back();
  }

 private:
  void step(unsigned char op);
  bool step_constant(unsigned char op);
  bool step_container(unsigned char op);
  bool step_memo(unsigned char op);
  void push(PickleValue v) { stack_.push_back(v); }
  void push_text(Bytes utf8);
  void push_long(uint64_t n);
  PickleValue pop();
  PickleValue& top();
  size_t pop_mark();
  std::string_view line();
  void push_tuple(size_t from);
  void append_all(size_t from);
  void set_all(size_t from);
  PickleList& list_at(size_t position);
  PickleDict& dict_at(size_t position);
  void remember(uint64_t index) { memo_[index] = top(); }
  void recall(uint64_t index);
  uint64_t decimal(std::string_view text);

  Bytes bytes_;
  std::string name_;
  size_t at_ = 0;
  std::vector<PickleValue> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, PickleValue> memo_;
  std::deque<std::string> strings_;
  std::deque<PickleList> lists_;
  std::deque<PickleDict> dicts_;
};

}  // namespace deepseek::files
