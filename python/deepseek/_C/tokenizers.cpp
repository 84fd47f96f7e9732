// deepseek.data.text: tokenizers.
#include "tensor.h"
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include "deepseek/data/text/bpe.h"
#include "deepseek/data/text/wordpiece.h"

namespace deepseek::python {
namespace {

using data::BytePairTokenizer;
using data::WordPieceTokenizer;
using Ids = std::vector<int64_t>;

nb::bytes as_bytes(const std::string& s) {
  return nb::bytes(s.data(), s.size());
}

nb::str as_text(const std::string& s) {
  PyObject* text = PyUnicode_DecodeUTF8(s.data(), static_cast<Py_ssize_t>(s.size()), "replace");
  if (!text) throw nb::python_error();
  return nb::steal<nb::str>(text);
}

}  // namespace

DEEPSEEK_BINDING(tokenizers, 64) {
  nb::module_ t = nb::borrow<nb::module_>(m.attr("data")).def_submodule("text");
  t.def(
      "split_words",
      [](std::string_view text) {
        nb::list out;
        for (std::string_view w : data::split_words(text)) out.append(nb::str(w.data(), w.size()));
        return out;
      },
      nb::arg("text"), "The pieces of a text that byte pair encoding works on, by GPT-2's pattern.");

  nb::class_<BytePairTokenizer>(
      t, "BytePairTokenizer",
      "Byte-level byte pair encoding, as GPT-2 uses it: any text, exactly back.\n\n"
      "BytePairTokenizer(vocab, merges) takes the file encoder.json (or vocab.json) and the file vocab.bpe (or "
      "merges.txt).\nfrom_vocabulary(tokens, merges) takes a dict and the text of merges.")
      .def(
          "__init__",
          [](BytePairTokenizer* self, nb::object vocab, nb::object merges) {
            const auto path = [](nb::handle o) {
              return nb::cast<std::string>(nb::module_::import_("os").attr("fspath")(o));
            };
            new (self) BytePairTokenizer(BytePairTokenizer::from_files(path(vocab), path(merges)));
          },
          nb::arg("vocab"), nb::arg("merges"))
      .def_static(
          "from_vocabulary",
          [](nb::dict tokens, std::string_view merges) {
            std::vector<std::pair<std::string, int64_t>> entries;
            for (auto [token, id] : tokens) entries.emplace_back(nb::cast<std::string>(token), nb::cast<int64_t>(id));
            return BytePairTokenizer(entries, merges, "merges");
          },
          nb::arg("tokens"), nb::arg("merges"), "From a dict of printed tokens to numbers, and the lines of merges.")
      .def(
          "encode",
          [](const BytePairTokenizer& self, std::string_view text, bool special) {
            nb::gil_scoped_release release;
            return self.encode(text, special);
          },
          nb::arg("text"), nb::arg("special") = true,
          "The numbers of a text. Special tokens such as <|endoftext|> are one number, unless `special` is false.")
      .def(
          "decode", [](const BytePairTokenizer& self, const Ids& ids) { return as_text(self.decode(ids)); },
          nb::arg("ids"), "The text of numbers; bytes that are not UTF-8 become U+FFFD.")
      .def(
          "decode_bytes", [](const BytePairTokenizer& self, const Ids& ids) { return as_bytes(self.decode(ids)); },
          nb::arg("ids"), "The bytes of numbers.")
      .def(
          "token", [](const BytePairTokenizer& self, int64_t id) { return as_bytes(self.token(id)); }, nb::arg("id"),
          "The bytes of a number.")
      .def(
          "id_of",
          [](const BytePairTokenizer& self, std::string_view token) -> std::optional<int64_t> {
            const int64_t id = self.id_of(token);
            return id < 0 ? std::nullopt : std::optional(id);
          },
          nb::arg("token"), "The number of a token; None when there is none.")
      .def("__len__", &BytePairTokenizer::size);

  nb::class_<WordPieceTokenizer>(
      t, "WordPieceTokenizer",
      "WordPiece, as BERT uses it: words and punctuation, each split into the longest tokens of a vocabulary.\n\n"
      "`vocab` is the file vocab.txt, or a list of tokens; with `lower_case` text loses case and accents.")
      .def(
          "__init__",
          [](WordPieceTokenizer* self, nb::object vocab, bool lower_case) {
            const data::WordPieceOptions options{.lower_case = lower_case};
            if (nb::isinstance<nb::list>(vocab))
              new (self) WordPieceTokenizer(nb::cast<std::vector<std::string>>(vocab), options);
            else
              new (self) WordPieceTokenizer(WordPieceTokenizer::from_file(
                  nb::cast<std::string>(nb::module_::import_("os").attr("fspath")(vocab)), options));
          },
          nb::arg("vocab"), nb::arg("lower_case") = true)
      .def(
          "tokenize", [](const WordPieceTokenizer& self, std::string_view text) { return self.tokenize(text); },
          nb::arg("text"), "The tokens of a text, those inside words with ## in front.")
      .def(
          "encode",
          [](const WordPieceTokenizer& self, std::string_view text, const std::optional<std::string>& pair,
             std::optional<int64_t> max_length) {
            const auto e = self.encode(text, pair, max_length);
            return nb::make_tuple(e.ids, e.types);
          },
          nb::arg("text"), nb::arg("pair") = nb::none(), nb::arg("max_length") = nb::none(),
          nb::sig("def encode(self, text: str, pair: str | None = None, max_length: int | None = None) -> "
                  "tuple[list[int], list[int]]"),
          "Numbers with [CLS] and [SEP], and the type of each: 0 for the text, 1 for the pair.")
      .def(
          "decode",
          [](const WordPieceTokenizer& self, const Ids& ids, bool skip_special) {
            return as_text(self.decode(ids, skip_special));
          },
          nb::arg("ids"), nb::arg("skip_special") = true, "The tokens of numbers, joined to words.")
      .def(
          "token", [](const WordPieceTokenizer& self, int64_t id) { return as_text(self.token(id)); }, nb::arg("id"),
          "The token of a number.")
      .def(
          "id_of",
          [](const WordPieceTokenizer& self, std::string_view token) -> std::optional<int64_t> {
            const int64_t id = self.id_of(token);
            return id < 0 ? std::nullopt : std::optional(id);
          },
          nb::arg("token"), "The number of a token; None when there is none.")
      .def("__len__", &WordPieceTokenizer::size);
}

}  // namespace deepseek::python
