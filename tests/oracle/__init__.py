"""Torch's own databases of operators and layers as judge of ours: `python -m tests.oracle` (needs `pip install -e .[oracle]`)."""
