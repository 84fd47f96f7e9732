#include <cfloat>
#include <mutex>

#include "gtest/gtest.h"

namespace testing {
namespace {
std::mutex report_mutex;
bool failed = false;  // in the test that runs now
}  // namespace

bool Test::HasFailure() { return failed; }

namespace internal {

std::vector<TestCase>& test_cases() {
  static std::vector<TestCase> cases;
  return cases;
}

bool register_test(const char* suite, const char* name, std::function<std::unique_ptr<Test>()> make) {
  test_cases().push_back({std::string(suite) + "." + name, std::move(make)});
  return true;
}

std::vector<std::string>& trace_stack() {
  static thread_local std::vector<std::string> stack;
  return stack;
}

Report::Report(const char* file, int line, std::string text, bool skip) : skip_(skip) {
  stream_ << file << ":" << line << ": " << text << " ";
}

void Report::finish() const {
  std::lock_guard lock(report_mutex);
  std::cout << stream_.str() << "\n";
  for (const std::string& trace : trace_stack()) std::cout << "  trace: " << trace << "\n";
  if (!skip_) failed = true;
}

std::string near(double a, double b, double limit, const char* text_a, const char* text_b) {
  if (a == b || std::abs(a - b) <= limit) return {};
  std::ostringstream out;
  out.precision(17);
  out << "expected " << text_a << " and " << text_b << " to differ by at most " << limit << ", but they are " << a
      << " and " << b;
  return out.str();
}

std::string four_ulp(double a, double b, bool single, const char* text_a, const char* text_b) {
  double epsilon = single ? FLT_EPSILON : DBL_EPSILON;
  return near(a, b, 4 * epsilon * std::max(std::abs(a), std::abs(b)), text_a, text_b);
}

}  // namespace internal
}  // namespace testing

int main() {
  using namespace testing;
  int failures = 0;
  for (const internal::TestCase& test : internal::test_cases()) {
    failed = false;
    std::cout << "[ RUN      ] " << test.name << std::endl;
    try {
      auto instance = test.make();
      instance->SetUp();
      if (!failed) instance->TestBody();
      instance->TearDown();
    } catch (const std::exception& error) {
      std::cout << "an exception left the test: " << error.what() << "\n";
      failed = true;
    }
    std::cout << (failed ? "[  FAILED  ] " : "[       OK ] ") << test.name << std::endl;
    failures += failed;
  }
  std::cout << internal::test_cases().size() - failures << " of " << internal::test_cases().size() << " tests passed\n";
  return failures != 0;
}
