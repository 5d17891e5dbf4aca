#!/usr/bin/env bash
# Builds and checks gnnsched on a machine with CUDA, CMake and g++, without Node and without a network.
#   ./gpu-check.sh [--emulated] [--out DIR] [--only STEP]
# Steps, each with a limit of its own, the first verdict first; one that has passed is not done again. What
# it finds lies in DIR (default: results): summary.json, and for each step NAME its NAME.step.json (state,
# seconds), NAME.log and what it wrote. Exit status 1 when a step failed, 2 where it cannot start.
# --emulated: the GPU in software, to try the script itself.
set -u
here=$(cd "$(dirname "$0")" && pwd)
gpu=CUDA
out=$here/results
only=""
inside=""
while [ $# -gt 0 ]; do
  case $1 in
    --emulated) gpu=EMULATED ;;
    --out) out=$2; shift ;;
    --only) only=$2; shift ;;
    --inside) inside=$2; shift ;;  # a step, started by this script under its limit
    *) echo "usage: gpu-check.sh [--emulated] [--out DIR] [--only STEP]" >&2; exit 2 ;;
  esac
  shift
done
mkdir -p "$out" || exit 2
out=$(cd "$out" && pwd)
cd "$here" || exit 2
build=$here/build/offline-$gpu
checks=$build/test/kernels/gpu/gpu_checks
export PATH="$here/bin:$PATH" NO_COLOR=1
if [ $gpu = CUDA ]; then
  export GNNSCHED_ADDON=$build/Release/gnnsched.node
  flag=""
else
  export GNNSCHED_ADDON=$build/gnnsched.node
  flag=--emulated
fi
gnnsched() { node "$here/dist/cli/main.js" "$@"; }
check() { node "$here/scripts/offline/checks.mjs" "$1" "$out/$1.json" $flag; }

# What one nvidia-smi --query-gpu says of the first GPU; nothing where there is none.
smi() { nvidia-smi --query-gpu="$1" --format=csv,noheader --id=0 2>/dev/null; }

step_machine() {
  uname -a
  nproc
  cmake --version && g++ --version || return 1
  printf '{"gpu":"%s","memory":"%s","driver":"%s","nvcc":"%s","cores":%s}\n' "$(smi name)" \
    "$(smi memory.total)" "$(smi driver_version)" \
    "$(nvcc --version 2>/dev/null | sed -n 's/.*release \([0-9.]*\).*/\1/p')" "$(nproc)" |
    tee "$out/machine.json"
  [ $gpu = EMULATED ] || { nvidia-smi && nvcc --version; }
}

# The addon, gpu_checks and gpu_bench: the kernels are compiled once for all three.
step_build() {
  local headers="$here/node_modules/node-api-headers/include;$here/node_modules/node-addon-api"
  cmake -S "$here" -B "$build" -DCMAKE_BUILD_TYPE=Release "-DCMAKE_JS_INC=$headers" \
    -DGNNSCHED_GPU=$gpu -DGNNSCHED_GPU_CHECKS=ON -DGNNSCHED_GPU_BENCH=ON \
    "-DCMAKE_LIBRARY_OUTPUT_DIRECTORY=$build/Release" &&
    cmake --build "$build" --parallel "$(nproc)"
}

step_doctor() {
  gnnsched doctor --device cuda &&
    gnnsched doctor --device cuda --seed 2 --format json > "$out/doctor.json"
}

# The tables of the tests; thinned out where a GPU in software would take minutes.
step_kernels() {
  node "$here/test/kernels/checkOnGpu.ts" "$checks" "$out/kernels.json" $([ $gpu = CUDA ] || echo 16)
}

step_mix() { check mix; }

# The same tasks on both devices: the same answers, within float32.
step_outputs() {
  local device
  for device in cpu cuda; do
    gnnsched run test/cuda/mix.yaml --allow-outside --device $device --memory 4MiB --quiet \
      --out "$out/mix-$device" || return 1
  done
  node "$here/scripts/offline/compareOutputs.mjs" "$out/mix-cpu/outputs" "$out/mix-cuda/outputs" \
    "$out/outputs.json"
}

# Who is fastest is said by the reports; here, that all complete, also with multiprocessors set apart.
step_policies() {
  local policy
  for policy in base sequential slo priority; do
    gnnsched run test/cuda/mix.yaml --allow-outside --device cuda --memory 16MiB --quiet \
      --sm-share 0.25 --policy $policy --out "$out/policy-$policy" || return 1
  done
}

step_growth() { check growth; }

step_throughput() { check throughput; }

step_demo() {
  [ $gpu = EMULATED ] && { echo "too long for a GPU in software"; return 0; }
  gnnsched run examples/demo.yaml --device cuda --memory 80MiB --out "$out/demo"
}

# Every 16th case of the tables, and a doctor: small shapes, as the tools are slow.
step_sanitizer() {
  [ $gpu = EMULATED ] && { echo "no sanitizer for a GPU in software"; return 0; }
  local tool
  for tool in memcheck racecheck; do
    printf '#!/bin/sh\nexec compute-sanitizer --tool %s --error-exitcode 1 "%s" "$@"\n' \
      $tool "$checks" > "$build/under-$tool"
    chmod +x "$build/under-$tool"
    node "$here/test/kernels/checkOnGpu.ts" "$build/under-$tool" "$out/$tool.json" 16 || return 1
  done
  compute-sanitizer --tool memcheck --error-exitcode 1 --target-processes all \
    node "$here/dist/cli/main.js" doctor --device cuda
}

# The vendor's libraries where nvcc or Python brought them: cuSPARSE and cuBLASLt are opened from there.
vendor_libraries() {
  printf '%s/lib64:' "$(dirname "$(dirname "$(readlink -f "$(command -v nvcc)")")")"
  python3 - <<'PYTHON' 2>/dev/null
import glob, importlib.util
places = importlib.util.find_spec("nvidia").submodule_search_locations
print(":".join(sorted(lib for place in places for lib in glob.glob(place + "/*/lib"))))
PYTHON
}

# Kernels beside cuSPARSE and cuBLASLt on these presets.
bench_kernels() {
  local preset graphs="" file=$1
  shift
  for preset in "$@"; do
    [ -e "$out/graphs/$preset/edge_index.npy" ] ||
      gnnsched generate --preset "$preset" --out "$out/graphs/$preset" || return 1
    graphs=$graphs${graphs:+,}$out/graphs/$preset
  done
  GNNSCHED_VENDOR_LIBS=$(vendor_libraries) "$build/bench/gpu/gpu_bench" --graphs "$graphs" --out "$file"
}

step_bench() {
  if [ $gpu = EMULATED ]; then
    "$build/bench/gpu/gpu_bench" --smoke --out "$out/bench.json"
    return
  fi
  bench_kernels "$out/bench.json" cora citeseer pubmed PROTEINS_full artist soc-BlogCatalog \
    amazon0601 ogbn-arxiv DD TWITTER-Real-Graph-Partial Yeast OVCAR-8H
}

step_bench_large() {
  [ $gpu = EMULATED ] && { echo "too long for a GPU in software"; return 0; }
  bench_kernels "$out/bench-large.json" ogbn-products reddit
}

# Whole networks beside PyTorch Geometric, where Python has it.
step_bench_pyg() {
  [ $gpu = EMULATED ] && { echo "a GPU in software has no times"; return 0; }
  python3 -c 'import torch_geometric, safetensors, scipy' || { echo "no PyTorch Geometric"; return 0; }
  python3 "$here/bench/peers/pyg_speed.py" --device cuda --dir "$out/pyg" --out "$out/pyg.json" \
    --command "$here/bin/node $here/dist/cli/main.js" --tolerance 1e-3
}

if [ -n "$inside" ]; then
  "step_$inside"
  exit
fi

rows=""
failed=0
patience=1
[ $gpu = CUDA ] || patience=4  # a GPU in software, beside whatever else its processor does
# step NAME SECONDS: remembered in NAME.step.json
step() {
  local name=$1 limit=$(($2 * patience)) record=$out/$1.step.json started status seconds state
  if grep -qs '"state":"passed"' "$record"; then
    state=passed-before
    seconds=$(sed 's/.*"seconds":\([0-9]*\).*/\1/' "$record")
  elif [ -z "$only" ] || [ "$only" = "$name" ]; then
    started=$(date +%s)
    # what a driver holds may not heed the first signal
    timeout -k 10 "$limit" bash "$here/gpu-check.sh" $flag --out "$out" --inside "$name" \
      > "$out/$name.log" 2>&1
    status=$?
    seconds=$(($(date +%s) - started))
    case $status in
      0) state=passed ;;
      124 | 137) state=timed-out ;;
      *) state=failed ;;
    esac
    [ $state = passed ] || failed=1
    printf '{"step":"%s","state":"%s","seconds":%s,"limit":%s}\n' \
      "$name" $state "$seconds" "$limit" > "$record"
  fi
  [ -e "$record" ] || return 0
  rows=$rows${rows:+,}$(cat "$record")
  printf '{"gpu":"%s","date":"%s","steps":[%s]}\n' "$gpu" "$(date -u +%FT%TZ)" "$rows" \
    > "$out/summary.json"
  [ -z "$only" ] || [ "$only" = "$name" ] || return 0
  printf '%-12s %-14s %4ss of %ss\n' "$name" "$state" "$seconds" "$limit"
  [ $state = passed ] || [ $state = passed-before ] || tail -n 5 "$out/$name.log"
}

# ten minutes reach as far as the throughput on a machine with a few cores
step machine 20
step build 420
if ! grep -qs '"state":"passed"' "$out/build.step.json" && [ -z "$only" ]; then
  echo "nothing else can be checked without it; the next run goes on where this one ended"
  exit 1
fi
step doctor 60
step kernels 180
step mix 120
step outputs 120
step throughput 300
step bench 900
step growth 180
step policies 120
step sanitizer 400
step demo 120
step bench_large 900
step bench_pyg 600
echo "$out/summary.json"
exit $failed
