"""Rules about the tree that a reader relies on."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "deepseek"


def test_each_top_folder_has_a_short_readme():
    for folder in sorted(path for path in SOURCES.iterdir() if path.is_dir()):
        readme = folder / "README.md"
        assert readme.exists(), f"{folder.name} has no README.md"
        assert len(readme.read_text(encoding="utf-8").splitlines()) <= 10, f"{readme} is longer than ten lines"


def test_no_file_is_too_long():
    for pattern in ("src/**/*.h", "src/**/*.cpp", "python/**/*.py", "python/**/*.cpp", "tests/**/*.py", "tests/**/*.cpp"):
        for file in ROOT.glob(pattern):
            assert len(file.read_text(encoding="utf-8").splitlines()) <= 800, f"{file} is longer than 800 lines"


def test_cuda_stays_in_its_folder():
    for file in [*SOURCES.rglob("*.h"), *SOURCES.rglob("*.cpp")]:
        if "backends/cuda" not in file.as_posix():
            text = file.read_text(encoding="utf-8")
            assert "USE_CUDA" not in text and "cuda_runtime" not in text, f"{file} knows about CUDA"
