#!/usr/bin/env bash
# The sources must give the committed modules again, byte for byte. usage: wasm_programs_test.sh SOURCE
# Exit 77: the compiler that made them is not here, and only the digests were checked.
set -euo pipefail
programs=$1/fixtures/wasm/programs
(cd "$programs" && sha256sum --check --strict --quiet MANIFEST.sha256)
skip() {
  echo "skipped: $1"
  exit 77
}
command -v clang >/dev/null || skip "clang is not installed"
clang --version | grep -q 'version 14\.0\.6' || skip "clang is not version 14.0.6"
clang --print-targets | grep -q wasm32 || skip "clang has no target wasm32"
command -v wasm-ld >/dev/null || skip "lld is not installed"
[ -f /usr/lib/wasm32-wasi/libc.a ] || skip "wasi-libc is not installed"
[ -f "$(clang --print-resource-dir)/lib/wasi/libclang_rt.builtins-wasm32.a" ] ||
  skip "libclang-rt-14-dev-wasm32 is not installed"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$programs/build.sh" "$work"
cd "$work"
sha256sum --check --strict "$programs/MANIFEST.sha256"
