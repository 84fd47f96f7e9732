// JSON: what was read is written and read again.
#include <cstdlib>

#include "input.h"

#include "deepseek/files/json.h"

using namespace deepseek;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::attempt([&] {
    const std::string text = files::to_json(files::parse_json(fuzz::as_text(data, size), "input"));
    if (files::to_json(files::parse_json(text, "written")) != text) std::abort();
  });
}
