#!/usr/bin/env bash
# What to run on a machine with an NVIDIA GPU, and all that comes of it in one folder:
#
#     bash benchmarks/tools/gpu_session.sh FOLDER [STUDY.toml ...]
#
# A small study first, then the GPU tests, the card's ceilings, the studies (default: benchmarks/gpu.toml and
# benchmarks/gpu-large.toml) and the tuner. A step that fails is noted and the rest goes on; the exit code is 1 if one
# did. Run again with the same FOLDER, it leaves out the steps that are done (NAME.ok) and goes on with the study that
# was cut off.
#   PYTHON   an interpreter that has kmbench and the GPU libraries
#   SECONDS_LEFT  how long this call may take: the step that runs then is interrupted, keeps what it has, and the pages
#            are still written (exit code 3). Of a study the case that was cut off begins anew in the next call.
#   MEMORY   limit of a worker's host memory, such as 100G, where the machine tells less than it has
set -uo pipefail
[ $# -ge 1 ] || { sed -n '2,16s/^# \{0,1\}//p' "$0"; exit 2; }
folder=$1; shift
[ $# -ge 1 ] || set -- benchmarks/gpu.toml benchmarks/gpu-large.toml
python=${PYTHON:-python3}
end=$((SECONDS + ${SECONDS_LEFT:-1000000}))
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
mkdir -p "$folder"
failed=() cut=()
render='import pathlib, sys; from kmbench.report import write_page; print(write_page(pathlib.Path(sys.argv[1])))'

attempt() {  # attempt NAME COMMAND...: run it in the time that is left, keep what it prints, return its exit code
  local name=$1 left=$((end - SECONDS)) code; shift
  if [ "$left" -lt 10 ]; then echo "== $name: no time left"; return 124; fi
  echo "== $name ($left s left): $*"
  timeout -s INT -k 20 "$left" "$@" 2>&1 | tee -a "$folder/$name.log"
  code=${PIPESTATUS[0]}
  if [ $SECONDS -ge "$end" ]; then code=124; fi  # a command that was interrupted ends in its own way
  return "$code"
}

step() {  # step NAME COMMAND...: unless it has passed
  local name=$1
  if [ -f "$folder/$name.ok" ]; then echo "== $name: done before"; return; fi
  rm -f "$folder/$name.log"
  attempt "$@"
  case $? in
    0) touch "$folder/$name.ok" ;;
    124) cut+=("$name") ;;
    *) failed+=("$name") ;;
  esac
}

study() {  # study FILE: measure it, or go on with it; then its floors and its page, of what there is
  local file=$1 name run; name=$(basename "$1" .toml); run="$folder/$name"
  if [ ! -f "$folder/$name.ok" ]; then
    local resume=()
    if [ -f "$run/records.jsonl" ]; then resume=(--resume); fi
    attempt "$name" "$python" -m kmbench run "$file" --output "$run" ${MEMORY:+--memory-limit "$MEMORY"} "${resume[@]}"
    case $? in
      0) touch "$folder/$name.ok" ;;
      1) touch "$folder/$name.ok"; failed+=("$name") ;;  # it is finished, and rows of it failed
      124) cut+=("$name") ;;
      *) if [ ${#resume[@]} -gt 0 ]; then  # another host, or one whose memory has grown: keep it, and start anew
           mv "$run" "$run-$(date +%H%M%S)"
           study "$file"
           return
         fi
         failed+=("$name") ;;
    esac
  else echo "== $name: done before"; fi
  [ -f "$run/records.jsonl" ] || return
  if [ -f "$folder/ceilings.json" ]; then
    cp "$folder/ceilings.json" "$run/ceilings.json"
    "$python" benchmarks/tools/gpu_floors.py "$run" 2>&1 | tee "$folder/$name-floors.md"
  fi
  "$python" -c "$render" "$run" || failed+=("$name-page")
}

step host "$python" -m kmbench host
step backends "$python" -m kmbench backends
study benchmarks/gpu-smoke.toml
# Warnings of other versions of the libraries are no failures here.
step tests "$python" -m pytest -m gpu -q -W default tests/backends tests/instruments tests/runner tests/tuning
step ceilings "$python" benchmarks/tools/gpu_ceilings.py "$folder/ceilings.json"
study "$1"; shift
for device in cuda cpu; do
  if [ ! -f "$folder/tune-$device.ok" ]; then rm -rf "$folder/tuned-$device"; fi
  step "tune-$device" "$python" -m kmbench tune embeddings:n=200000,d=96,rank=24,seed=0 --device "$device" \
    --backend faiss-gpu --epochs 2 --save "$folder/tuned-$device" --output "$folder/tune-$device.html"
done
for file in "$@"; do study "$file"; done
if [ ${#failed[@]} -gt 0 ]; then echo "failed: ${failed[*]}; see $folder/*.log"; fi
if [ ${#cut[@]} -gt 0 ]; then echo "cut off: ${cut[*]}; run it again"; exit 3; fi
if [ ${#failed[@]} -gt 0 ]; then exit 1; fi
echo "all steps passed; everything is in $folder"
