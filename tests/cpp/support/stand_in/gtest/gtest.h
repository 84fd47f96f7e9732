// The part of GoogleTest's interface that the tests use, for machines without GoogleTest. CMake prefers the real one.
#pragma once

#include <cmath>
#include <cstring>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace testing {

class Test {
 public:
  virtual ~Test() = default;
  virtual void SetUp() {}
  virtual void TearDown() {}
  virtual void TestBody() = 0;
  static bool HasFailure();
};

namespace internal {

struct TestCase {
  std::string name;
  std::function<std::unique_ptr<Test>()> make;
};
std::vector<TestCase>& test_cases();
bool register_test(const char* suite, const char* name, std::function<std::unique_ptr<Test>()> make);
std::vector<std::string>& trace_stack();

/// Collects the message streamed to a failed check and reports it when assigned.
class Report {
 public:
  Report(const char* file, int line, std::string text, bool skip = false);
  template <class T>
  Report& operator<<(const T& value) {
    stream_ << value;
    return *this;
  }
  void finish() const;

 private:
  std::ostringstream stream_;
  bool skip_;
};
struct Finish {
  void operator=(const Report& report) const { report.finish(); }
};

class ScopedTrace {
 public:
  template <class T>
  explicit ScopedTrace(const T& value) {
    std::ostringstream stream;
    stream << value;
    trace_stack().push_back(stream.str());
  }
  ~ScopedTrace() { trace_stack().pop_back(); }
};

template <class T>
void print(std::ostream& out, const T& value) {
  if constexpr (std::is_same_v<T, std::nullptr_t>) {
    out << "nullptr";
  } else if constexpr (std::is_same_v<T, bool>) {
    out << (value ? "true" : "false");
  } else if constexpr (std::is_enum_v<T>) {
    out << static_cast<long long>(value);
  } else if constexpr (requires { out << value; }) {
    out << value;
  } else if constexpr (requires { value.begin() != value.end(); }) {
    out << "{";
    const char* separator = "";
    for (const auto& item : value) {
      out << separator;
      print(out, item);
      separator = ", ";
    }
    out << "}";
  } else {
    out << "(" << sizeof(T) << " bytes)";
  }
}

/// Empty when the check holds, else what to print.
template <class A, class B, class Compare>
std::string compare(const A& a, const B& b, const char* text_a, const char* relation, const char* text_b, Compare holds) {
  if (holds(a, b)) return {};
  std::ostringstream out;
  out.precision(17);
  out << "expected " << text_a << " " << relation << " " << text_b << ", but they are ";
  print(out, a);
  out << " and ";
  print(out, b);
  return out.str();
}

std::string near(double a, double b, double limit, const char* text_a, const char* text_b);
std::string four_ulp(double a, double b, bool single, const char* text_a, const char* text_b);

template <class Error, class F>
std::string throws(F&& statement, const char* text, const char* error) {
  try {
    statement();
  } catch (const Error&) {
    return {};
  } catch (const std::exception& other) {
    return std::string("expected ") + text + " to throw " + error + ", but it threw: " + other.what();
  } catch (...) {
    return std::string("expected ") + text + " to throw " + error + ", but it threw something else";
  }
  return std::string("expected ") + text + " to throw " + error + ", but it threw nothing";
}

template <class F>
std::string throws_nothing(F&& statement, const char* text) {
  try {
    statement();
  } catch (const std::exception& error) {
    return std::string("expected ") + text + " not to throw, but it threw: " + error.what();
  } catch (...) {
    return std::string("expected ") + text + " not to throw, but it threw";
  }
  return {};
}

}  // namespace internal
}  // namespace testing

#define GTEST_STAND_IN_CLASS(suite, name) suite##_##name##_Test
#define GTEST_STAND_IN_DEFINE(suite, name, base)                                                            \
  class GTEST_STAND_IN_CLASS(suite, name) : public base {                                                   \
   public:                                                                                                  \
    void TestBody() override;                                                                               \
    static inline const bool registered = ::testing::internal::register_test(                               \
        #suite, #name, [] { return std::make_unique<GTEST_STAND_IN_CLASS(suite, name)>(); });               \
  };                                                                                                        \
  void GTEST_STAND_IN_CLASS(suite, name)::TestBody()
#define TEST(suite, name) GTEST_STAND_IN_DEFINE(suite, name, ::testing::Test)
#define TEST_F(fixture, name) GTEST_STAND_IN_DEFINE(fixture, name, fixture)

#define GTEST_STAND_IN_JOIN2(a, b) a##b
#define GTEST_STAND_IN_JOIN(a, b) GTEST_STAND_IN_JOIN2(a, b)
#define GTEST_STAND_IN_CHECK(result, leave)                                          \
  if (std::string gtest_problem = (result); gtest_problem.empty()) {                 \
  } else                                                                             \
    leave ::testing::internal::Finish() = ::testing::internal::Report(__FILE__, __LINE__, gtest_problem)
#define GTEST_STAND_IN_BOTH(a, relation, b)                                                    \
  ::testing::internal::compare(a, b, #a, #relation, #b,                                        \
                               [](const auto& x, const auto& y) { return static_cast<bool>(x relation y); })

#define GTEST_STAND_IN_TRUTH(value, wanted) \
  (static_cast<bool>(value) == wanted ? std::string() : std::string("expected " #value " to be " #wanted))
#define GTEST_STAND_IN_TEXT(a, b)                                     \
  ::testing::internal::compare(std::string(a), std::string(b), #a, "==", #b, std::equal_to<>())

#define EXPECT_TRUE(value) GTEST_STAND_IN_CHECK(GTEST_STAND_IN_TRUTH(value, true), )
#define EXPECT_FALSE(value) GTEST_STAND_IN_CHECK(GTEST_STAND_IN_TRUTH(value, false), )
#define EXPECT_EQ(a, b) GTEST_STAND_IN_CHECK(GTEST_STAND_IN_BOTH(a, ==, b), )
#define EXPECT_NE(a, b) GTEST_STAND_IN_CHECK(GTEST_STAND_IN_BOTH(a, !=, b), )
#define EXPECT_LT(a, b) GTEST_STAND_IN_CHECK(GTEST_STAND_IN_BOTH(a, <, b), )
#define EXPECT_LE(a, b) GTEST_STAND_IN_CHECK(GTEST_STAND_IN_BOTH(a, <=, b), )
#define EXPECT_GT(a, b) GTEST_STAND_IN_CHECK(GTEST_STAND_IN_BOTH(a, >, b), )
#define EXPECT_GE(a, b) GTEST_STAND_IN_CHECK(GTEST_STAND_IN_BOTH(a, >=, b), )
#define EXPECT_STREQ(a, b) GTEST_STAND_IN_CHECK(GTEST_STAND_IN_TEXT(a, b), )
#define EXPECT_NEAR(a, b, limit) GTEST_STAND_IN_CHECK(::testing::internal::near(a, b, limit, #a, #b), )
#define EXPECT_FLOAT_EQ(a, b) GTEST_STAND_IN_CHECK(::testing::internal::four_ulp(a, b, true, #a, #b), )
#define EXPECT_DOUBLE_EQ(a, b) GTEST_STAND_IN_CHECK(::testing::internal::four_ulp(a, b, false, #a, #b), )
#define EXPECT_THROW(statement, error) \
  GTEST_STAND_IN_CHECK(::testing::internal::throws<error>([&] { statement; }, #statement, #error), )
#define EXPECT_NO_THROW(statement) \
  GTEST_STAND_IN_CHECK(::testing::internal::throws_nothing([&] { statement; }, #statement), )

#define ASSERT_TRUE(value) GTEST_STAND_IN_CHECK(GTEST_STAND_IN_TRUTH(value, true), return)
#define ASSERT_FALSE(value) GTEST_STAND_IN_CHECK(GTEST_STAND_IN_TRUTH(value, false), return)
#define ASSERT_EQ(a, b) GTEST_STAND_IN_CHECK(GTEST_STAND_IN_BOTH(a, ==, b), return)
#define ASSERT_NE(a, b) GTEST_STAND_IN_CHECK(GTEST_STAND_IN_BOTH(a, !=, b), return)
#define ASSERT_LT(a, b) GTEST_STAND_IN_CHECK(GTEST_STAND_IN_BOTH(a, <, b), return)
#define ASSERT_LE(a, b) GTEST_STAND_IN_CHECK(GTEST_STAND_IN_BOTH(a, <=, b), return)
#define ASSERT_GT(a, b) GTEST_STAND_IN_CHECK(GTEST_STAND_IN_BOTH(a, >, b), return)
#define ASSERT_GE(a, b) GTEST_STAND_IN_CHECK(GTEST_STAND_IN_BOTH(a, >=, b), return)
#define ASSERT_NEAR(a, b, limit) GTEST_STAND_IN_CHECK(::testing::internal::near(a, b, limit, #a, #b), return)
#define ASSERT_THROW(statement, error) \
  GTEST_STAND_IN_CHECK(::testing::internal::throws<error>([&] { statement; }, #statement, #error), return)
#define ASSERT_NO_THROW(statement) \
  GTEST_STAND_IN_CHECK(::testing::internal::throws_nothing([&] { statement; }, #statement), return)

#define ADD_FAILURE() \
  ::testing::internal::Finish() = ::testing::internal::Report(__FILE__, __LINE__, "failure")
#define FAIL() return ADD_FAILURE()
#define SUCCEED() static_cast<void>(0)
#define GTEST_SKIP() \
  return ::testing::internal::Finish() = ::testing::internal::Report(__FILE__, __LINE__, "skipped", true)
#define SCOPED_TRACE(message) \
  ::testing::internal::ScopedTrace GTEST_STAND_IN_JOIN(gtest_trace_, __LINE__)(message)
