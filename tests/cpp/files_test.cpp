#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "deepseek/files/idx.h"
#include "deepseek/files/json.h"
#include "deepseek/files/npy.h"
#include "deepseek/files/safetensors.h"
#include "deepseek/files/save.h"

using namespace deepseek;
using namespace deepseek::files;

namespace {

class Folder : public ::testing::Test {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("deepseek_files_test." + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() override { std::filesystem::remove_all(path_); }
  std::string at(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

Tensor numbers() { return Tensor::from_vector<float>({1, 2, 3, 4, 5, 6}, {2, 3}); }

TEST_F(Folder, SafetensorsKeepNamesTypesAndValues) {
  const Tensor bytes = Tensor::from_vector<uint8_t>({7, 8, 9}, {3});
  save_safetensors(at("a"), {{"bytes", bytes}, {"layer.weight", numbers()}}, {{"key", "value"}});
  Metadata metadata;
  const NamedTensors back = load_safetensors(at("a"), &metadata);
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].first, "layer.weight");  // wider types lie first
  EXPECT_EQ(back[0].second.to_vector<float>(), numbers().to_vector<float>());
  EXPECT_EQ(back[0].second.shape(), (Shape{2, 3}));
  EXPECT_EQ(back[1].second.to_vector<uint8_t>(), (std::vector<uint8_t>{7, 8, 9}));
  EXPECT_EQ(metadata["key"], "value");
}

TEST_F(Folder, NpyAndNpzAndIdx) {
  save_npy(at("a.npy"), numbers());
  EXPECT_EQ(load_npy(at("a.npy")).to_vector<float>(), numbers().to_vector<float>());
  save_npz(at("a.npz"), {{"x", numbers()}});
  EXPECT_EQ(load_npz(at("a.npz"))[0].first, "x");
  write_idx(at("a.idx"), numbers());
  EXPECT_EQ(read_idx(at("a.idx")).to_vector<float>(), numbers().to_vector<float>());
}

TEST_F(Folder, NestedTreesKeepTheirStructure) {
  Tree tree;
  tree.set(std::string("epoch"), 3);
  Tree state;
  state.set(int64_t{0}, numbers());
  tree.set(std::string("state"), state);
  tree.set(std::string("betas"), TreeTuple{{0.9, 0.999}});
  save(tree, at("t"));
  const Tree back = load(at("t"));
  EXPECT_EQ(back.at(std::string("epoch"), "t").integer("epoch"), 3);
  EXPECT_EQ(back.at(std::string("state"), "t").at(int64_t{0}, "state").tensor("0").to_vector<float>(), numbers().to_vector<float>());
  EXPECT_TRUE(back.at(std::string("betas"), "t").is<TreeTuple>());
  EXPECT_THROW(back.at(std::string("nothing"), "t"), Error);
}

TEST_F(Folder, BrokenFilesRaise) {
  for (const char* content : {"", "\x08", "not a tensor file at all", "\x93NUMPY"}) {
    std::ofstream(at("broken")) << content;
    EXPECT_THROW(load(at("broken")), Error);
    EXPECT_THROW(load_npy(at("broken")), Error);
    EXPECT_THROW(load_npz(at("broken")), Error);
    EXPECT_THROW(read_idx(at("broken")), Error);
  }
  EXPECT_THROW(load(at("missing")), Error);
}

TEST(Json, ReadsWhatItWrites) {
  const char* text = R"({"a":[1,-2,0.5,1e+300,true,false,null],"b":{"c":"q\"\\\u0007ü"}})";
  const Tree t = parse_json(text, "test");
  EXPECT_EQ(to_json(t), text);
  EXPECT_EQ(parse_json(R"("\ud83d\ude00")", "test").string("s"), "\xf0\x9f\x98\x80");
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "[1,]", "{\"a\":1,}", "01", "1.", "+1", "nul", "\"\t\"", "\"\\x\"", "\"\\ud800\"", "\"\xc0\x80\"",
                           "\"\xed\xa0\x80\"", "{\"a\":1,\"a\":2}", "1 2", "9223372036854775808", "1e999", "{1:2}"}) {
    EXPECT_THROW(parse_json(text, "test"), Error) << text;
  }
}

}  // namespace
