#!/usr/bin/env bash
# What to run on a machine with an NVIDIA GPU, and all that comes of it in one folder:
#
#     bash benchmarks/tools/gpu_session.sh FOLDER [STUDY.toml ...]
#
# The GPU tests, the card's ceilings, then each study (default: benchmarks/gpu-smoke.toml and benchmarks/gpu.toml).
# PYTHON names an interpreter that has kmbench and the GPU libraries. A step that fails is noted and the rest goes on;
# the exit code is 1 if one did. Run again with the same FOLDER, it leaves out the steps that passed (NAME.ok) and goes
# on with the study that was cut off, so that it can be run in pieces where a command may not take long.
set -uo pipefail
[ $# -ge 1 ] || { sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 2; }
folder=$1; shift
[ $# -ge 1 ] || set -- benchmarks/gpu-smoke.toml benchmarks/gpu.toml
python=${PYTHON:-python3}
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
mkdir -p "$folder"
failed=()
render='import pathlib, sys; from kmbench.report import write_page; print(write_page(pathlib.Path(sys.argv[1])))'

step() {  # step NAME COMMAND...: run it unless it has passed, keep what it prints, note whether it failed
  local name=$1; shift
  if [ -f "$folder/$name.ok" ]; then echo "== $name: passed before"; return; fi
  echo "== $name: $*"
  "$@" 2>&1 | tee "$folder/$name.log"
  if [ "${PIPESTATUS[0]}" -eq 0 ]; then touch "$folder/$name.ok"; else failed+=("$name"); fi
}

step host "$python" -m kmbench host
step backends "$python" -m kmbench backends
step tests "$python" -m pytest -m gpu -q tests/backends tests/instruments tests/runner tests/tuning
step ceilings "$python" benchmarks/tools/gpu_ceilings.py "$folder/ceilings.json"
tuned='embeddings:n=200000,d=96,rank=24,seed=0'
for device in cuda cpu; do
  [ -f "$folder/tune-$device.ok" ] || rm -rf "$folder/tuned-$device"
  step "tune-$device" "$python" -m kmbench tune "$tuned" --device "$device" --backend faiss-gpu --epochs 2 \
    --save "$folder/tuned-$device" --output "$folder/tune-$device.html"
done
for study in "$@"; do
  name=$(basename "$study" .toml)
  run="$folder/$name"
  resume=(); [ -f "$run/records.jsonl" ] && resume=(--resume)
  step "$name" "$python" -m kmbench run "$study" --output "$run" "${resume[@]}"
  if [ -f "$folder/ceilings.json" ] && [ -d "$run" ]; then cp "$folder/ceilings.json" "$run/ceilings.json"; fi
  step "$name-floors" "$python" benchmarks/tools/gpu_floors.py "$run"
  step "$name-page" "$python" -c "$render" "$run"
done
if [ ${#failed[@]} -gt 0 ]; then echo "failed: ${failed[*]}; see $folder/*.log"; exit 1; fi
echo "all steps passed; everything is in $folder"
