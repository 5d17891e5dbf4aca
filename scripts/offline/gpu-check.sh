#!/usr/bin/env bash
# Builds and checks gnnsched on a machine with CUDA, CMake and g++, without Node and without a network.
#   ./gpu-check.sh [--emulated] [--out DIR]
# Steps, each with a limit of its own; one that has passed is not done again. Everything it finds lies in
# DIR (default: results): summary.json, a log for each step, the reports. Exit status 1 when a step failed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
gpu=CUDA
out=$here/results
while [ $# -gt 0 ]; do
  case $1 in
    --emulated) gpu=EMULATED ;;
    --out) out=$2; shift ;;
    *) echo "usage: gpu-check.sh [--emulated] [--out DIR]" >&2; exit 2 ;;
  esac
  shift
done
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$here" || exit 1
build=$here/build/offline-$gpu
export PATH="$here/bin:$PATH"
addon=$build/gnnsched.node
[ $gpu = CUDA ] && addon=$build/Release/gnnsched.node
export GNNSCHED_ADDON=$addon NO_COLOR=1
gnnsched() { node "$here/dist/cli/main.js" "$@"; }

rows=""
failed=0
# step NAME SECONDS COMMAND...: remembered when it passes
step() {
  local name=$1 limit=$2 started status seconds state
  shift 2
  if [ -e "$out/$name.passed" ]; then
    state=passed-before seconds=0
  else
    started=$(date +%s)
    export -f "$1" 2>/dev/null
    timeout "$limit" bash -c "$(declare -f gnnsched "$1"); here='$here' out='$out' build='$build' gpu=$gpu; $1" \
      > "$out/$name.log" 2>&1
    status=$?
    seconds=$(($(date +%s) - started))
    state=passed
    if [ $status -eq 124 ]; then state=timed-out; elif [ $status -ne 0 ]; then state=failed; fi
    if [ $state = passed ]; then touch "$out/$name.passed"; else failed=1; fi
  fi
  printf '%-12s %-14s %4ss of %ss\n' "$name" "$state" "$seconds" "$limit"
  rows="$rows${rows:+,}{\"step\":\"$name\",\"state\":\"$state\",\"seconds\":$seconds,\"limit\":$limit}"
  printf '{"gpu":"%s","date":"%s","steps":[%s]}\n' "$gpu" "$(date -u +%FT%TZ)" "$rows" \
    > "$out/summary.json"
}

machine() {
  uname -a
  nvidia-smi 2>/dev/null || echo "no nvidia-smi"
  nvcc --version 2>/dev/null || echo "no nvcc"
}

build() {
  local headers="$here/node_modules/node-api-headers/include;$here/node_modules/node-addon-api"
  cmake -S "$here" -B "$build" -DCMAKE_BUILD_TYPE=Release "-DCMAKE_JS_INC=$headers" \
    -DGNNSCHED_GPU=$gpu -DCMAKE_LIBRARY_OUTPUT_DIRECTORY="$build/Release" &&
    cmake --build "$build" --parallel "$(nproc)"
}

doctor() { gnnsched doctor --device cuda --format json > "$out/doctor.json"; }

# The same tasks on both devices: the same answers, within float32.
outputs() {
  local device
  for device in cpu cuda; do
    gnnsched run test/cuda/mix.yaml --allow-outside --device $device --memory 4MiB --quiet \
      --out "$out/mix-$device" || return 1
  done
  node --input-type=module -e '
    import { readdirSync, readFileSync } from "node:fs"
    const [a, b] = ["cpu", "cuda"].map((name) => `${process.env.out}/mix-${name}/outputs`)
    const body = (file) => {
      const bytes = readFileSync(file)
      const data = bytes.subarray(10 + bytes.readUInt16LE(8))
      return new Float32Array(new Uint8Array(data).buffer)
    }
    let [worst, count] = [0, 0]
    for (const name of readdirSync(a)) {
      const [x, y] = [body(`${a}/${name}`), body(`${b}/${name}`)]
      const scale = x.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-6)
      x.forEach((v, i) => {
        const error = Math.abs(v - y[i]) / scale
        if (!(error <= worst)) worst = error
      })
      count++
    }
    console.log(`${count} outputs, largest difference ${worst} of the largest value`)
    process.exit(count > 0 && worst < 1e-4 ? 0 : 1)
  '
}

# Who is fastest is said by the reports; here, that all complete.
policies() {
  local policy
  for policy in base sequential slo; do
    gnnsched run test/cuda/mix.yaml --allow-outside --device cuda --memory 16MiB --quiet \
      --policy $policy --out "$out/policy-$policy" || return 1
  done
}

sanitizer() {
  [ $gpu = EMULATED ] && { echo "no sanitizer for a GPU in software"; return 0; }
  local tool
  for tool in memcheck racecheck; do
    compute-sanitizer --tool $tool --error-exitcode 1 --target-processes all \
      node "$here/dist/cli/main.js" doctor --device cuda || return 1
  done
}

demo() {
  [ $gpu = EMULATED ] && { echo "too long for a GPU in software"; return 0; }
  gnnsched run examples/demo.yaml --device cuda --memory 80MiB --out "$out/demo"
}

export out
step machine 20 machine
step build 300 build
step doctor 60 doctor
step outputs 120 outputs
step policies 120 policies
step demo 120 demo
step sanitizer 240 sanitizer
echo "$out/summary.json"
exit $failed
