"""Trains a small GPT-2 on text, saves it, and lets it write.

    python examples/train_gpt2.py                            three sonnets, character by character: a minute
    python examples/train_gpt2.py --data tinyshakespeare.txt --steps 2000
    python examples/train_gpt2.py --data TEXT --bpe FOLDER   tokens of GPT-2 (encoder.json and vocab.bpe in FOLDER)

Everything it writes is under output/ (or --output): gpt2.safetensors, history.json, sample.txt.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path

import numpy as np

import deepseek
import deepseek.nn.functional as F
from deepseek import models, optim
from deepseek.data.text import BytePairTokenizer

SONNETS = """Shall I compare thee to a summer's day?
Thou art more lovely and more temperate:
Rough winds do shake the darling buds of May,
And summer's lease hath all too short a date;
Sometime too hot the eye of heaven shines,
And often is his gold complexion dimm'd;
And every fair from fair sometime declines,
By chance or nature's changing course untrimm'd;
But thy eternal summer shall not fade,
Nor lose possession of that fair thou ow'st;
Nor shall death brag thou wander'st in his shade,
When in eternal lines to time thou grow'st:
So long as men can breathe or eyes can see,
So long lives this, and this gives life to thee.

Let me not to the marriage of true minds
Admit impediments. Love is not love
Which alters when it alteration finds,
Or bends with the remover to remove:
O no! it is an ever-fixed mark
That looks on tempests and is never shaken;
It is the star to every wandering bark,
Whose worth's unknown, although his height be taken.
Love's not Time's fool, though rosy lips and cheeks
Within his bending sickle's compass come:
Love alters not with his brief hours and weeks,
But bears it out even to the edge of doom.
If this be error and upon me proved,
I never writ, nor no man ever loved.

My mistress' eyes are nothing like the sun;
Coral is far more red than her lips' red;
If snow be white, why then her breasts are dun;
If hairs be wires, black wires grow on her head.
I have seen roses damask'd, red and white,
But no such roses see I in her cheeks;
And in some perfumes is there more delight
Than in the breath that from my mistress reeks.
I love to hear her speak, yet well I know
That music hath a far more pleasing sound;
I grant I never saw a goddess go;
My mistress, when she walks, treads on the ground:
And yet, by heaven, I think my love as rare
As any she belied with false compare.
"""


class Characters:
    """Each character of a text is a token."""

    def __init__(self, text: str) -> None:
        self.symbols = sorted(set(text))
        self.numbers = {c: i for i, c in enumerate(self.symbols)}

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: str) -> list[int]:
        return [self.numbers[c] for c in text]

    def decode(self, ids: list[int]) -> str:
        return "".join(self.symbols[i] for i in ids)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a text file (default: three sonnets)")
    parser.add_argument("--bpe", type=Path, metavar="FOLDER", help="encoder.json and vocab.bpe: tokens instead of characters")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--length", type=int, default=64, help="tokens that the model sees")
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--width", type=int, default=96)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--lr", type=float, default=3e-3, help="highest learning rate of the schedule")
    parser.add_argument("--prompt", default="Shall I ")
    parser.add_argument("--tokens", type=int, default=200, help="tokens to write at the end")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path("output"))
    args = parser.parse_args()
    for name in ("steps", "batch_size", "length", "layers", "width", "heads"):
        if getattr(args, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    return args


def rate(step: int, steps: int, highest: float) -> float:
    """A short warm-up, then half a cosine down to a tenth."""
    warm = max(1, steps // 20)
    if step < warm:
        return highest * (step + 1) / warm
    return highest * (0.55 + 0.45 * math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def show(step: int, steps: int, loss: float, start: float) -> None:
    terminal, last = sys.stdout.isatty(), step + 1 == steps
    if not (terminal or last or (step + 1) % max(1, steps // 10) == 0):
        return
    width, each = 24, (time.perf_counter() - start) / (step + 1)
    bar = "#" * (width * (step + 1) // steps)
    line = f"step {step + 1:5}/{steps} [{bar:<{width}}] loss {loss:6.3f}  {each * 1e3:6.0f} ms a step"
    print(("\r" if terminal else "") + line, end="\n" if last or not terminal else "", flush=True)


def main() -> None:
    args = parse_arguments()
    deepseek.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    text = args.data.read_text(encoding="utf-8") if args.data else SONNETS
    tokenizer = BytePairTokenizer(args.bpe / "encoder.json", args.bpe / "vocab.bpe") if args.bpe else Characters(text)
    ids = np.asarray(tokenizer.encode(text), dtype=np.int64)
    if len(ids) <= args.length + 1:
        sys.exit(f"the text has {len(ids)} tokens, which is too short for --length {args.length}")
    positions = max(args.length, len(tokenizer.encode(args.prompt)) + args.tokens)
    net = models.gpt2(vocab_size=len(tokenizer), n_positions=positions, n_embd=args.width, n_layer=args.layers, n_head=args.heads,
                      resid_pdrop=0.1, embd_pdrop=0.1, attn_pdrop=0.1)
    print(f"{len(ids):,} tokens of {len(tokenizer):,} kinds; {sum(p.numel() for p in net.parameters()):,} parameters")
    optimizer = optim.AdamW(net.parameters(), lr=args.lr, weight_decay=0.01)
    losses, start = [], time.perf_counter()
    for step in range(args.steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, args.steps, args.lr)
        # Windows at random places, and places at random, so that all positions are learnt that the sample will use.
        begins = rng.integers(0, len(ids) - args.length, args.batch_size)
        window = ids[begins[:, None] + np.arange(args.length + 1)]
        places = rng.integers(0, positions - args.length + 1) + np.arange(args.length)
        scores = net(deepseek.tensor(window[:, :-1]), position_ids=deepseek.tensor(places))
        loss = F.cross_entropy(scores.reshape(-1, len(tokenizer)), deepseek.tensor(window[:, 1:].reshape(-1)))
        optimizer.zero_grad()
        loss.backward()
        deepseek.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        show(step, args.steps, losses[-1], start)
    args.output.mkdir(parents=True, exist_ok=True)
    deepseek.save(net.state_dict(), args.output / "gpt2.safetensors")
    (args.output / "history.json").write_text(json.dumps({"loss": losses}))
    prompt = deepseek.tensor([tokenizer.encode(args.prompt)])
    written = net.generate(prompt, args.tokens, temperature=0.7, top_k=20, seed=args.seed).numpy()[0].tolist()
    sample = tokenizer.decode(written)
    (args.output / "sample.txt").write_text(sample, encoding="utf-8")
    print("\n" + sample)


if __name__ == "__main__":
    main()
