#include "deepseek/files/torch_file.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "deepseek/files/torch_pickle.h"
#include "deepseek/files/zip.h"

namespace deepseek::files {
namespace {

constexpr std::string_view pickle_name = "data.pkl";
// The long integer 0x1950a86a20f9469cfc6c, as every protocol pickles it.
constexpr std::string_view magic_number("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 12);
constexpr int64_t legacy_version = 1001;

// "archive/" of the entry "archive/data.pkl"; no value when there is none.
std::optional<std::string> root_of(const ZipArchive& archive) {
  for (const ZipEntry& e : archive.entries()) {
    if (!e.name.ends_with(pickle_name)) continue;
    std::string root = e.name.substr(0, e.name.size() - pickle_name.size());
    if (root.empty() || root.find('/') == root.size() - 1) return root;
  }
  return std::nullopt;
}

// Bytes of the file as a storage: mapped, or a copy where elements would not be aligned.
StorageRef storage_over(const MappedFile& file, Bytes bytes, DType dtype, const std::string& name) {
  if (dtype == DType::bool_) check_bools(bytes, name);
  const Tensor t = file.view(static_cast<size_t>(bytes.data() - file.bytes().data()), dtype,
                             {static_cast<int64_t>(bytes.size()) / size_of(dtype)});
  return t.buffer().storage;
}

class ZipReader {
 public:
  ZipReader(const MappedFile& file, std::string name)
      : file_(file), name_(std::move(name)), archive_(file.bytes(), name_) {
    const auto root = root_of(archive_);
    ensure(root.has_value(), name_, ": it holds no ", pickle_name, ", so torch.save did not write it");
    root_ = *root;
    for (const ZipEntry& e : archive_.entries()) {
      ensure(entries_.emplace(e.name, &e).second, name_, ": two entries have the same name");
    }
    // Checksums are not compared: torch may leave them out, and looking at all bytes would take longer than mapping
    // them.
    ensure(!entries_.contains(root_ + "constants.pkl"), name_,
           ": a TorchScript archive holds a program, which is refused. Cure: torch.save(model.state_dict(), path)");
    if (const auto order = entries_.find(root_ + "byteorder"); order != entries_.end()) {
      ensure(text(*order->second) == "little", name_, ": its byte order is not little-endian");
    }
  }

  Tree load() {
    std::vector<std::byte> keep;
    TorchUnpickler unpickler(archive_.content(*entries_.at(root_ + std::string(pickle_name)), keep), name_);
    const PickleValue object = unpickler.load();
    std::vector<StorageRef> made(unpickler.storages().size());
    return unpickler.tree(object, [&](size_t i) {
      if (!made[i]) made[i] = storage(unpickler.storages()[i]);
      return made[i];
    });
  }

 private:
  std::string text(const ZipEntry& e) const {
    std::vector<std::byte> keep;
    const Bytes b = archive_.content(e, keep);
    return {reinterpret_cast<const char*>(b.data()), b.size()};
  }

  StorageRef storage(const TorchStorage& s) const {
    const std::string name = concat(name_, ", storage '", s.key, "'");
    const auto found = entries_.find(concat(root_, "data/", s.key));
    ensure(found != entries_.end(), name, ": the file does not hold it");
    const uint64_t needed = checked_bytes({static_cast<uint64_t>(s.numel)}, s.dtype, name);
    ensure(found->second->size == needed, name, ": ", s.numel, " elements need ", needed, " bytes, but it has ",
           found->second->size);
    if (found->second->method == 0) return storage_over(file_, archive_.stored(*found->second), s.dtype, name);
    std::vector<std::byte> keep;
    const Bytes b = archive_.content(*found->second, keep);
    if (s.dtype == DType::bool_) check_bools(b, name);
    return copy_to_tensor(b, s.dtype, {s.numel}).buffer().storage;
  }

  const MappedFile& file_;
  std::string name_;
  ZipArchive archive_;
  std::string root_;
  std::map<std::string, const ZipEntry*> entries_;
};

// Five pickles (a number that marks the format, its version, facts of the machine, the object, the keys of the storages
// in the order of their bytes), then for each storage its number of elements and its bytes.
Tree load_legacy(const MappedFile& file, const std::string& name) {
  TorchUnpickler in(file.bytes(), name);
  std::string_view head(reinterpret_cast<const char*>(file.bytes().data()), std::min<size_t>(file.bytes().size(), 32));
  const size_t magic = head.find(magic_number);
  ensure(magic != std::string_view::npos && head.substr(magic + magic_number.size(), 1) == ".", name,
         ": a pickle that torch.save did not write; only its files are read");
  in.take(magic + magic_number.size() + 1);
  const PickleValue version = in.load();
  const auto* number = std::get_if<int64_t>(&version);
  ensure(number && *number == legacy_version, name, ": the version of the format is not known");
  const Tree machine = in.tree(in.load(), [&](size_t) -> StorageRef {
    raise_value(name, ": a tensor where the machine is described");
  });
  const Tree* little = machine.find("little_endian");
  ensure(little && little->is<bool>() && little->boolean("little_endian"), name,
         ": its byte order is not little-endian");

  const PickleValue object = in.load(), keys = in.load();
  std::vector<StorageRef> storages(in.storages().size());
  const auto* list = std::get_if<PickleList*>(&keys);
  ensure(list, name, ": the keys of its storages must be a list");
  std::set<std::string> seen;
  for (const PickleValue& v : (*list)->items) {
    const auto* key = std::get_if<const std::string*>(&v);
    const TorchStorage* s = key ? in.find(**key) : nullptr;
    ensure(s && seen.insert(s->key).second, name, ": a key of its storages is not known, or is there twice");
    const std::string what = concat(name, ", storage '", s->key, "'");
    const uint64_t numel = in.number(8);
    ensure(numel == static_cast<uint64_t>(s->numel), what, ": ", s->numel, " elements are announced, but it has ",
           numel);
    const Bytes bytes = in.take(checked_bytes({numel}, s->dtype, what));
    storages[static_cast<size_t>(s - in.storages().data())] = storage_over(file, bytes, s->dtype, what);
  }
  ensure(seen.size() == storages.size(), name, ": it is cut short: ", storages.size() - seen.size(),
         " storages are missing");
  ensure(in.position() == in.size(), name, ": ", in.size() - in.position(), " bytes follow the last storage");
  return in.tree(object, [&](size_t i) { return storages[i]; });
}

}  // namespace

Tree load_torch(const std::string& path) {
  const auto file = MappedFile::open(path);
  const std::string name = concat("load: '", path, "'");
  const Bytes b = file->bytes().first(std::min<size_t>(8, file->bytes().size()));
  if (is_zip({reinterpret_cast<const char*>(b.data()), b.size()})) return ZipReader(*file, name).load();
  return load_legacy(*file, name);
}

bool is_torch(const std::string& path, std::string_view head) {
  if (is_zip(head)) {
    const auto file = MappedFile::open(path);
    return root_of(ZipArchive(file->bytes(), concat("load: '", path, "'"))).has_value();
  }
  // A pickle begins with 0x80 and a protocol; a safetensors file may too, but has its '{' at byte 8.
  return head.size() > 8 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5 && head[8] != '{';
}

}  // namespace deepseek::files
