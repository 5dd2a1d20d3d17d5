#!/bin/sh
# What there is to do first on a machine with a GPU, in one command:
#
#   tools/dev/gpu_receipts.sh ISOTRACE OUT [BACKEND]
#
# ISOTRACE is the program, built there with kernels (-DISOTRACE_CUDA=ON); BACKEND is cuda (the default) or hip.
# Into the folder OUT go
#   receipt.json   the ladder of the self-test: device, driver, a digest per operation and type
#   matrix.txt     the same for people
#   roots.txt      for every model: the root on the reference and on the device, and "equal" or "DIFFERENT"
#   bench.txt      speeds of kernels beside cuBLAS (CUDA alone)
#   memcheck.txt, racecheck.txt   what compute-sanitizer says of the self-test (CUDA alone, where it is installed)
#   times.txt      seconds of runs of every model on the device and on the cpu backend
# Models are those of fixtures/ and, where ISOTRACE_DATA names them, the networks of ACAS Xu. The exit code is 0 if the
# self-test passed and all roots are equal, 4 without a device, else 1. Nothing is offered as a GPU that is none.
set -u
if [ $# -lt 2 ] || [ $# -gt 3 ]; then
  sed -n 's/^# \{0,1\}//p' "$0" | sed -n 2,18p >&2
  exit 2
fi
isotrace=$1 out=$2 backend=${3:-cuda}
source=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$out" || exit 1

"$isotrace" backends --selftest --backend "$backend" --out "$out/receipt.json" > "$out/matrix.txt" 2>&1
selftest=$?
tail -n 3 "$out/matrix.txt"
grep -q device_absent "$out/matrix.txt" && exit 4
verdict=0
[ $selftest -eq 0 ] || verdict=1

root_of() { # model backend
  "$isotrace" run "$1" --random 1 --backend "$2" --trace "$out/run.isotrace" 2> "$out/error.txt" | sed -n 's/^root //p'
}
seconds_of() { # model backend
  begin=$(date +%s.%N)
  "$isotrace" run "$1" --random 1 --backend "$2" > /dev/null 2>&1
  echo "$(date +%s.%N) $begin" | awk '{printf "%.3f", $1 - $2}'
}

: > "$out/roots.txt"
: > "$out/times.txt"
models=$(find "$source/fixtures" -name '*.onnx' | sort)
if [ -n "${ISOTRACE_DATA:-}" ] && [ -d "$ISOTRACE_DATA/vnncomp/acasxu/onnx" ]; then
  models="$models $(find "$ISOTRACE_DATA/vnncomp/acasxu/onnx" -name '*.onnx' | sort)"
else
  echo "ACAS Xu is absent: ISOTRACE_DATA does not name it" | tee -a "$out/roots.txt"
fi
for model in $models; do
  name=$(basename "$model" .onnx)
  expected=$(root_of "$model" reference)
  actual=$(root_of "$model" "$backend")
  word=equal
  if [ -z "$expected" ] || [ "$expected" != "$actual" ]; then
    word="DIFFERENT $(head -n 1 "$out/error.txt")"
    verdict=1
  fi
  echo "$name reference $expected $backend ${actual:-none} $word" | tee -a "$out/roots.txt"
  echo "$name $backend $(seconds_of "$model" "$backend") cpu $(seconds_of "$model" cpu)" >> "$out/times.txt"
done
rm -f "$out/run.isotrace" "$out/error.txt"
cat "$out/times.txt"
if [ "$backend" = cuda ] && command -v compute-sanitizer > /dev/null; then
  for tool in memcheck racecheck; do
    compute-sanitizer --tool $tool --error-exitcode 9 "$isotrace" backends --selftest --backend cuda \
      > "$out/$tool.txt" 2>&1 || verdict=1
    tail -n 1 "$out/$tool.txt"
  done
fi
if [ "$backend" = cuda ]; then
  "$isotrace" bench gpu > "$out/bench.txt" 2>&1 || verdict=1
  cat "$out/bench.txt"
fi
exit $verdict
