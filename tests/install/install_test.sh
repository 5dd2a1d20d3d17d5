#!/usr/bin/env bash
# Installs the build into a fresh folder and builds a program outside the tree against it.
# usage: install_test.sh BUILD_DIR SOURCE_DIR
set -euo pipefail
build=$1
source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/usr" >"$work/install.log"
"$work/usr/bin/isotrace" version
for file in share/man/man1/isotrace.1 share/bash-completion/completions/isotrace \
  share/zsh/site-functions/_isotrace share/fish/vendor_completions.d/isotrace.fish; do
  test -s "$work/usr/$file" || { echo "not installed: $file" >&2; exit 1; }
done

# Z3 and cvc5 are in a module that the installed program finds beside itself.
for solver in z3 cvc5; do
  "$work/usr/bin/isotrace" prove "$source/fixtures/wasm/functions/bits.wasm" --func parity_fold --equivalent parity \
    --solver "$solver" --no-cache >"$work/$solver.txt"
done

controller=$source/fixtures/controller
"$work/usr/bin/isotrace" run "$controller/controller.onnx" --input "state=$controller/state.pb" \
  --trace "$work/a.isotrace" --json >"$work/run.json"

# Nothing of the source tree may be needed: the consumer sees only the prefix.
cp -r "$source/tests/install/consumer" "$work/consumer"
cmake -S "$work/consumer" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/usr" >"$work/configure.log"
cmake --build "$work/build" >"$work/build.log"
root=$("$work/build/consumer" "$work/a.isotrace")
grep -q "\"root\": \"$root\"" "$work/run.json"
echo "installed consumer read root $root"

# A plugin is built against the installed header alone, and passes on the installed program.
cp -r "$source/fixtures/plugin" "$work/plugin"
cmake -S "$work/plugin" -B "$work/plugin/build" -G Ninja -DISOTRACE_INCLUDE="$work/usr/include" >"$work/plugin.log"
cmake --build "$work/plugin/build" >>"$work/plugin.log"
"$work/usr/bin/isotrace" conform backend "$work/plugin/build/template.so" --only 'Gemm/*' >"$work/conform.txt"
grep -q '^verified ' "$work/conform.txt"
"$work/usr/bin/isotrace" run "$controller/controller.onnx" --input "state=$controller/state.pb" \
  --backend "plugin:$work/plugin/build/template.so" >"$work/plugin_run.txt"
grep -qx "root $root" "$work/plugin_run.txt"
echo "installed plugin gave root $root"
