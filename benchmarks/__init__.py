"""Timings of deepseek beside torch and numpy or jax where they are installed: `python -m benchmarks --help`."""
