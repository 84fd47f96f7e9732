"""The compiled parts that a wheel holds stay small."""

import importlib.util
import zipfile
from pathlib import Path

import pytest


def test_libraries_fit_the_wheel(tmp_path):
    spec = importlib.util.find_spec("deepseek")
    libraries = [
        file for place in (spec.submodule_search_locations if spec else []) for file in Path(place).glob("*.so")
    ]
    if not libraries:
        pytest.skip("deepseek is not installed here")
    archive = tmp_path / "wheel.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as wheel:
        for library in libraries:
            wheel.write(library, library.name)
    assert archive.stat().st_size < 15e6
