// Einstein's sums: operands are folded in from the left, two at a time, each step one batched product.
#include <map>

#include "deepseek/ops.h"
#include "deepseek/ops/autocast.h"
#include "deepseek/ops/contraction/matmul.h"
#include "deepseek/ops/function.h"
#include "deepseek/ops/norm/wide.h"

namespace deepseek {
namespace {

// A tensor whose dims are named; dims of '...' get the names 0, 1, 2, ... from the right.
struct Labelled {
  Tensor tensor;
  std::string labels;
};

int ellipsis_rank(std::string_view term, int rank) {
  const size_t at = term.find("...");
  const int named = static_cast<int>(std::count_if(term.begin(), term.end(), [](char c) { return c != '.'; }));
  ensure(at == std::string_view::npos ? rank == named : rank >= named, "einsum: the term '", term, "' names ", named,
         " dims, but its operand has ", rank);
  return at == std::string_view::npos ? 0 : rank - named;
}

std::string spelled(std::string_view term, int hidden) {
  const size_t at = term.find("...");
  if (at == std::string_view::npos) return std::string(term);
  std::string names;
  for (int i = hidden - 1; i >= 0; --i) names.push_back(static_cast<char>('0' + i));
  return concat(term.substr(0, at), names, term.substr(at + 3));
}

void check_term(std::string_view term) {
  const size_t at = term.find("...");
  for (size_t i = 0; i < term.size(); ++i) {
    const bool dots = at != std::string_view::npos && i >= at && i < at + 3;
    ensure(dots || std::isalpha(static_cast<unsigned char>(term[i])), "einsum: '", term,
           "' may hold letters and one '...' only");
  }
}

// Brings the dims into the order of `wanted`; a missing one becomes a dim of one.
Tensor arranged(const Labelled& x, const std::string& wanted) {
  Dims order;
  Shape shape;
  for (char c : wanted) {
    const size_t at = x.labels.find(c);
    if (at != std::string::npos) order.push_back(static_cast<int64_t>(at));
    shape.push_back(at == std::string::npos ? 1 : x.tensor.size(static_cast<int64_t>(at)));
  }
  const Tensor t = permute(x.tensor, order);
  return order.size() == static_cast<int>(wanted.size()) ? t : reshape(t, shape);
}

// Sums over the dims that nobody needs any more, and keeps the diagonal of a label that stands twice.
Labelled simplified(Labelled x, const std::string& needed) {
  for (size_t i = 0; i < x.labels.size(); ++i) {
    const size_t twin = x.labels.find(x.labels[i], i + 1);
    if (twin == std::string::npos) continue;
    const int64_t n = x.tensor.size(static_cast<int64_t>(i));
    ensure(n == x.tensor.size(static_cast<int64_t>(twin)), "einsum: label '", std::string(1, x.labels[i]), "' stands for ", n,
           " and ", x.tensor.size(static_cast<int64_t>(twin)), " elements of one operand");
    Shape mask = Dims::filled(x.tensor.rank(), 1);
    mask[static_cast<int>(i)] = mask[static_cast<int>(twin)] = n;
    Strides steps = Dims::filled(x.tensor.rank(), 0);
    steps[static_cast<int>(i)] = 1, steps[static_cast<int>(twin)] = -1;
    x.tensor = sum(where(iota(mask, steps) == 0, x.tensor, cast(Tensor(int64_t{0}), x.tensor.dtype())),
                   {static_cast<int64_t>(twin)}, false, x.tensor.dtype());
    x.labels.erase(twin, 1);
    --i;
  }
  Dims gone;
  std::string kept;
  for (size_t i = 0; i < x.labels.size(); ++i) {
    if (needed.find(x.labels[i]) == std::string::npos) gone.push_back(static_cast<int64_t>(i));
    else kept.push_back(x.labels[i]);
  }
  if (gone.empty()) return x;
  return {sum(x.tensor, gone, false, x.tensor.dtype()), kept};
}

Labelled contract(const Labelled& a, const Labelled& b, const std::string& needed) {
  std::string batch, left, right, inner;
  for (char c : a.labels) {
    const bool shared = b.labels.find(c) != std::string::npos;
    (!shared ? left : needed.find(c) != std::string::npos ? batch : inner).push_back(c);
  }
  for (char c : b.labels) {
    if (a.labels.find(c) == std::string::npos) right.push_back(c);
  }
  const auto size = [&](char c) {
    const size_t in_a = a.labels.find(c), in_b = b.labels.find(c);
    const int64_t n = in_a == std::string::npos ? 1 : a.tensor.size(static_cast<int64_t>(in_a));
    const int64_t m = in_b == std::string::npos ? 1 : b.tensor.size(static_cast<int64_t>(in_b));
    ensure(n == m || n == 1 || m == 1, "einsum: label '", std::string(1, c), "' stands for ", n, " and ", m, " elements");
    return n == 1 ? m : n;
  };
  const auto sizes = [&](const std::string& labels) {
    Shape s;
    for (char c : labels) s.push_back(size(c));
    return s;
  };
  const auto matrix = [&](const Labelled& x, const std::string& rows, const std::string& cols) {
    const std::string all = batch + rows + cols;
    return reshape(expand(arranged(x, all), sizes(all)), {sizes(batch).numel(), sizes(rows).numel(), sizes(cols).numel()});
  };
  const std::string out = batch + left + right;
  return {reshape(product(matrix(a, left, inner), matrix(b, inner, right)), sizes(out)), out};
}

std::vector<std::string> split_terms(std::string_view text) {
  std::vector<std::string> terms{""};
  for (char c : text) {
    if (c == ',') terms.emplace_back();
    else terms.back().push_back(c);
  }
  return terms;
}

}  // namespace

DEEPSEEK_FUNCTION(Tensor, einsum, (std::string equation, TensorList operands),
                  "Sums of products of `operands`, whose dims `equation` names: 'bij,bjk->bik' is a batched matrix product.\n"
                  "Without '->' the result has the labels that stand once, in alphabetical order; '...' stands for any dims in "
                  "front.") {
  std::string text;
  for (char c : equation) {
    if (c != ' ') text.push_back(c);
  }
  const size_t arrow = text.find("->");
  const std::vector<std::string> terms = split_terms(std::string_view(text).substr(0, arrow));
  ensure(terms.size() == operands.size() && !operands.empty(), "einsum: '", equation, "' has ", terms.size(), " terms, but ",
         operands.size(), " operands are given");
  std::vector<Labelled> rest;
  std::map<char, int> uses;
  int hidden = 0;
  for (size_t i = 0; i < terms.size(); ++i) {
    check_term(terms[i]);
    const int here = ellipsis_rank(terms[i], operands[i].rank());
    hidden = std::max(hidden, here);
    rest.push_back({autocast_lower(operands[i]), spelled(terms[i], here)});
    if (i > 0) check_product_types("einsum", operands[0], "operand 0", operands[i], concat("operand ", i));
    for (char c : rest.back().labels) ++uses[c];
  }
  std::string out;
  if (arrow != std::string::npos) {
    const std::string wanted = text.substr(arrow + 2);
    check_term(wanted);
    out = spelled(wanted, hidden);
  } else {
    for (int i = hidden - 1; i >= 0; --i) out.push_back(static_cast<char>('0' + i));
    for (const auto& [label, count] : uses) {
      if (count == 1 && std::isalpha(static_cast<unsigned char>(label))) out.push_back(label);
    }
  }
  for (size_t i = 0; i < out.size(); ++i) {
    ensure(uses.count(out[i]) && out.find(out[i], i + 1) == std::string::npos, "einsum: label '", std::string(1, out[i]),
           "' of the result must stand once in it, and in a term");
  }
  const auto needed_after = [&](size_t i) {
    std::string labels = out;
    for (size_t j = i + 1; j < rest.size(); ++j) labels += rest[j].labels;
    return labels;
  };
  Labelled result = simplified(rest[0], needed_after(0));
  for (size_t i = 1; i < rest.size(); ++i) {
    const Labelled next = simplified(rest[i], result.labels + needed_after(i));
    result = contract(simplified(result, next.labels + needed_after(i)), next, needed_after(i));
  }
  return arranged(result, out);
}
DEEPSEEK_FACTS(einsum, .reference = "np.einsum(equation, *operands)",
               .good = {"'ij,jk->ik', [randn(2, 3), randn(3, 4)]", "'bij,bjk->bik', [randn(2, 3, 4), randn(2, 4, 5)]",
                        "'ij->ji', [randn(2, 3)]", "'ij->', [randn(2, 3)]", "'ii->i', [randn(3, 3)]",
                        "'i,j', [randn(2), randn(3)]", "'...ij,jk->...ik', [randn(2, 3, 4), randn(4, 2)]",
                        "'ab,bc,cd->ad', [randn(2, 3), randn(3, 4), randn(4, 2)]",
                        "'bhld,bhsd->bhls', [randn(2, 2, 3, 4), randn(2, 2, 5, 4)]"},
               .bad = {"'ij,jk->ik', [randn(2, 3)]", "'ij,jk->ik', [randn(2, 3), randn(4, 5)]", "'ijk->i', [randn(2, 3)]",
                       "'ij->k', [randn(2, 3)]", "'i?->i', [randn(2, 3)]"});

}  // namespace deepseek
