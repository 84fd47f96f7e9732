"""BERT and GPT-2 in torch with Hugging Face's names of weights, as plain as an exporter wants them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LAYERS, WIDTH, HEADS, VOCABULARY = 12, 768, 12, 50257


def in_heads(x: Tensor) -> Tensor:
    return x.view(x.shape[0], x.shape[1], HEADS, -1).transpose(1, 2)


def together(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)


def group(**children: nn.Module) -> nn.ModuleDict:
    return nn.ModuleDict(children)


class BertLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        products = {name: nn.Linear(WIDTH, WIDTH) for name in ("query", "key", "value")}
        norm = lambda: nn.LayerNorm(WIDTH, 1e-12)  # noqa: E731
        self.attention = group(self=group(**products), output=group(dense=nn.Linear(WIDTH, WIDTH), LayerNorm=norm()))
        self.intermediate = group(dense=nn.Linear(WIDTH, 4 * WIDTH))
        self.output = group(dense=nn.Linear(4 * WIDTH, WIDTH), LayerNorm=norm())

    def forward(self, x: Tensor) -> Tensor:
        of = self.attention["self"]
        seen = F.scaled_dot_product_attention(*(in_heads(of[name](x)) for name in ("query", "key", "value")))
        out = self.attention["output"]
        x = out["LayerNorm"](out["dense"](together(seen)) + x)
        h = F.gelu(self.intermediate["dense"](x))
        return self.output["LayerNorm"](self.output["dense"](h) + x)


class Bert(nn.Module):
    """The last hidden state of BERT-base."""

    def __init__(self) -> None:
        super().__init__()
        self.embeddings = group(
            word_embeddings=nn.Embedding(30522, WIDTH), position_embeddings=nn.Embedding(512, WIDTH),
            token_type_embeddings=nn.Embedding(2, WIDTH), LayerNorm=nn.LayerNorm(WIDTH, 1e-12),
        )  # fmt: skip
        self.encoder = group(layer=nn.ModuleList(BertLayer() for _ in range(LAYERS)))

    def forward(self, input_ids: Tensor) -> Tensor:
        e = self.embeddings
        x = e["word_embeddings"](input_ids) + e["position_embeddings"].weight[: input_ids.shape[1]]
        x = e["LayerNorm"](x + e["token_type_embeddings"].weight[0])
        for layer in self.encoder["layer"]:
            x = layer(x)
        return x


class Conv1D(nn.Module):
    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width_in, width))
        self.bias = nn.Parameter(torch.empty(width))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight + self.bias


class Gpt2Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attn = group(c_attn=Conv1D(WIDTH, 3 * WIDTH), c_proj=Conv1D(WIDTH, WIDTH))
        self.mlp = group(c_fc=Conv1D(WIDTH, 4 * WIDTH), c_proj=Conv1D(4 * WIDTH, WIDTH))

    def forward(self, x: Tensor, key: Tensor | None, value: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = (in_heads(part) for part in self.attn["c_attn"](self.ln_1(x)).split(WIDTH, 2))
        if key is not None and value is not None:
            k, v = torch.cat([key, k], 2), torch.cat([value, v], 2)
        x = x + self.attn["c_proj"](together(F.scaled_dot_product_attention(q, k, v, is_causal=key is None)))
        h = F.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh")
        return x + self.mlp["c_proj"](h), k, v


class Gpt2(nn.Module):
    """Scores of what follows the last token; with the keys and values of the layers for what was seen before, and those for now."""

    def __init__(self) -> None:
        super().__init__()
        self.transformer = group(
            wte=nn.Embedding(VOCABULARY, WIDTH), wpe=nn.Embedding(1024, WIDTH),
            h=nn.ModuleList(Gpt2Block() for _ in range(LAYERS)), ln_f=nn.LayerNorm(WIDTH),
        )  # fmt: skip

    def forward(self, input_ids: Tensor, *past: Tensor) -> tuple[Tensor, ...]:
        of = self.transformer
        before = past[0].shape[2] if past else 0
        x = of["wte"](input_ids) + of["wpe"].weight[before : before + input_ids.shape[1]]
        now: list[Tensor] = []
        for i, block in enumerate(of["h"]):
            x, k, v = block(x, *(past[2 * i : 2 * i + 2] if past else (None, None)))
            now += [k, v]
        return F.linear(of["ln_f"](x[:, -1]), of["wte"].weight), *now
