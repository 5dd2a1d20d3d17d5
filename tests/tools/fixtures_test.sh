#!/usr/bin/env bash
# The generator must give the committed files again, byte for byte. usage: fixtures_test.sh BUILD SOURCE
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1/bin/make_controller" "$work"
cd "$work"
sha256sum --check --strict "$2/fixtures/controller/MANIFEST.sha256"
cd "$2/fixtures/controller"
sha256sum --check --strict --quiet MANIFEST.sha256
