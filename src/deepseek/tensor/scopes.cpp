#include "deepseek/tensor/scopes.h"

#include <map>
#include <mutex>

namespace deepseek {

LayerScope::LayerScope(const std::string& name) : outer_(current_) {
  static std::mutex mutex;
  static auto& paths = *new std::map<std::pair<const std::string*, std::string>, std::string>;
  std::lock_guard lock(mutex);
  auto [it, fresh] = paths.try_emplace({outer_, name});
  if (fresh) it->second = outer_ && !name.empty() ? *outer_ + "." + name : outer_ ? *outer_ : name;
  current_ = &it->second;
}

std::string describe(SourceLine line) {
  return line.code && source_provider.describe ? source_provider.describe(line) : std::string();
}

}  // namespace deepseek
