#!/bin/sh
# Prepares .venv and an editable install; what is already there is used again.
#   bootstrap.sh tools   build tools and libraries only
#   bootstrap.sh demo    and the package with what the demo needs
#   bootstrap.sh test    and what the tests need, with the C++ tests and examples built
set -eu
cd "$(dirname "$0")/.."
goal=${1:-demo}

stop() {
  echo "error: $1" >&2
  exit 1
}

good_python() {
  command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1
}

find_python() {
  for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.10 python3.14; do
    if good_python "$candidate"; then
      echo "$candidate"
      return
    fi
  done
}

check_compiler() {
  compiler=${CXX:-c++}
  command -v "$compiler" >/dev/null 2>&1 || stop "no C++ compiler ($compiler). Cure: apt install g++ (GCC 12 or newer), or set CXX"
  mkdir -p build
  printf '#include <concepts>\n#include <span>\ntemplate <std::integral T> T f(T x) { return x; }\nint main() { return f(0); }\n' \
    > build/probe.cpp
  "$compiler" -std=c++20 -o build/probe build/probe.cpp >/dev/null 2>&1 ||
    stop "$compiler cannot compile C++20. Cure: apt install g++-12 and set CXX=g++-12 (GCC 12 or clang 14, or newer)"
  rm -f build/probe build/probe.cpp
}

make_environment() {
  [ -x .venv/bin/python ] && .venv/bin/python -m pip --version >/dev/null 2>&1 && return
  python=$(find_python)
  [ -n "$python" ] || stop "no Python 3.10 or newer. Cure: apt install python3, or set PYTHON=/path/to/python3"
  "$python" -c 'import venv, ensurepip' >/dev/null 2>&1 ||
    stop "$python has no venv module. Cure: apt install python3-venv"
  "$python" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
    stop "$python has no headers (Python.h). Cure: apt install python3-dev"
  echo "Creating .venv with $("$python" --version)"
  rm -rf .venv
  "$python" -m venv .venv || stop "$python -m venv failed. Cure: apt install python3-venv"
}

install_tools() {
  wanted=$(cksum < pyproject.toml)
  [ "$(cat .venv/tools.stamp 2>/dev/null)" = "$wanted" ] && return
  echo "Installing build tools"
  .venv/bin/python tools/build_requirements.py > .venv/build-requirements.txt
  .venv/bin/python -m pip install --disable-pip-version-check -q -r .venv/build-requirements.txt ||
    stop "pip could not install the build tools. Cure: check the connection to PyPI (or set PIP_INDEX_URL), then run make again"
  echo "$wanted" > .venv/tools.stamp
}

install_package() {
  extra=$1
  shift
  echo "Building deepseek (build/editable)"
  .venv/bin/python -m pip install --disable-pip-version-check -q --no-build-isolation --config-settings=build-dir=build/editable "$@" -e ".[$extra]" ||
    stop "the build failed; the compiler's message stands above"
}

check_compiler
make_environment
install_tools
PATH=$PWD/.venv/bin:$PATH
export PATH CMAKE_BUILD_PARALLEL_LEVEL="${JOBS:-$(nproc 2>/dev/null || echo 2)}"
case $goal in
  tools) ;;
  demo) install_package demo ;;
  test) install_package test --config-settings=cmake.define.DEEPSEEK_BUILD_TESTS=ON --config-settings=cmake.define.DEEPSEEK_BUILD_EXAMPLES=ON ;;
  *) stop "unknown goal '$goal': tools, demo or test" ;;
esac
