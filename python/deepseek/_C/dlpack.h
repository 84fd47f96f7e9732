// The structures of the DLPack exchange format, as its specification lays them out.
#pragma once
#include <cstdint>

namespace dlpack {

inline constexpr int32_t cpu = 1;
inline constexpr const char* name = "dltensor";
inline constexpr const char* versioned_name = "dltensor_versioned";
inline constexpr uint64_t read_only = 1;

enum Code : uint8_t { signed_int = 0, unsigned_int = 1, floating = 2, bfloat = 4, boolean = 6 };

struct Device {
  int32_t type;
  int32_t id;
};
struct Type {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
};
struct Array {
  void* data;
  Device device;
  int32_t rank;
  Type type;
  int64_t* shape;
  int64_t* strides;
  uint64_t byte_offset;
};
struct Managed {
  Array array;
  void* context;
  void (*deleter)(Managed*);
};
struct ManagedVersioned {
  struct {
    uint32_t major, minor;
  } version;
  void* context;
  void (*deleter)(ManagedVersioned*);
  uint64_t flags;
  Array array;
};

}  // namespace dlpack
