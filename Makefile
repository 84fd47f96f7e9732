# Two commands to start with: `make demo` and `make test`. Each does the set-up it needs, in .venv and build/ only.
VENV := .venv
PYTHON_IN_VENV := $(VENV)/bin/python
CMAKE := $(VENV)/bin/cmake
CTEST := $(VENV)/bin/ctest
BUILD := build/editable
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
# PyPI's tools first, so that a system without cmake or ninja builds the same way.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: demo test bench cpp asan tsan fuzz wheel format tidy docs clean

demo:
	@tools/bootstrap.sh demo
	$(PYTHON_IN_VENV) examples/train_digits.py

test:
	@tools/bootstrap.sh test
	@failed=0; \
	$(CTEST) --test-dir $(BUILD) --output-on-failure -j $(JOBS) || failed=1; \
	$(PYTHON_IN_VENV) -m pytest || failed=1; \
	exit $$failed

bench:
	@tools/bootstrap.sh test
	$(PYTHON_IN_VENV) -m benchmarks

# The library, its tests and the C++ examples without Python's package.
cpp asan tsan: PRESET = $(if $(filter cpp,$@),release,$(if $(filter asan,$@),asan-ubsan,$@))
cpp asan tsan:
	@tools/bootstrap.sh tools
	$(CMAKE) --preset $(PRESET) -DCMAKE_PREFIX_PATH="$(CURDIR)/$(VENV)"
	$(CMAKE) --build --preset $(PRESET) -j $(JOBS)
	$(CTEST) --preset $(PRESET)

# Every reader of files gets random changes of good files, each for so many seconds; needs clang.
SECONDS_EACH ?= 60
fuzz:
	@tools/bootstrap.sh test
	$(CMAKE) --preset fuzz -DCMAKE_PREFIX_PATH="$(CURDIR)/$(VENV)"
	$(CMAKE) --build --preset fuzz -j $(JOBS)
	$(PYTHON_IN_VENV) tests/fuzz/run.py build/fuzz $(SECONDS_EACH) $(ONLY)

wheel:
	@tools/bootstrap.sh tools
	$(PYTHON_IN_VENV) -m pip wheel --no-deps --no-build-isolation -w dist .

format:
	git ls-files '*.h' '*.cpp' | xargs clang-format -i

tidy:
	clang-tidy -p $(BUILD) --quiet $$(git ls-files 'src/deepseek/*.cpp')

# The reference pages of all functions and layers.
docs:
	@tools/bootstrap.sh demo
	$(PYTHON_IN_VENV) tools/ops_reference.py build/docs/ops.md
	$(PYTHON_IN_VENV) tools/layers_reference.py build/docs/layers.md

clean:
	rm -rf build dist output $(VENV)
