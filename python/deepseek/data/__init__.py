"""Data sets, orders and the loader of batches."""

from __future__ import annotations

from ._collate import default_collate
from ._datasets import ConcatDataset, Dataset, IterableDataset, Subset, TensorDataset, random_split
from ._loader import DataLoader, sample_seed
from ._mnist import MNIST
from ._samplers import BatchSampler, RandomSampler, Sampler, SequentialSampler, SubsetRandomSampler, WeightedRandomSampler

__all__ = ["BatchSampler", "ConcatDataset", "DataLoader", "Dataset", "IterableDataset", "MNIST", "RandomSampler", "Sampler",
           "SequentialSampler", "Subset", "SubsetRandomSampler", "TensorDataset", "WeightedRandomSampler", "default_collate",
           "random_split", "sample_seed"]
