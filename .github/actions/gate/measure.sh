#!/usr/bin/env bash
# Find the base, run the gate, keep what it says in $RESULTS. The gate's exit code becomes an output, so that the table
# is shown and the artifact kept before the job fails.
set -euo pipefail
rm -rf "$RESULTS" # of an earlier use in the same job
mkdir -p "$RESULTS"

base=$BASE
if [ -z "$base" ] && [ -n "${PULL_BASE:-}" ]; then
  base=$(git merge-base "$PULL_BASE" "$HEAD") || {
    echo "::error title=kmbench gate::no common commit with the base: give actions/checkout fetch-depth: 0"
    exit 2
  }
elif [ -z "$base" ] && [ -n "${PUSHED_ONTO:-}" ] && git cat-file -e "$PUSHED_ONTO^{commit}" 2>/dev/null; then
  base=$PUSHED_ONTO
elif [ -z "$base" ]; then
  base=$HEAD~1
fi

options=(--json --markdown "$RESULTS/gate.md" --output "$RESULTS/records" --budget "$BUDGET")
[ -z "$STUDY" ] || options+=(--study "$STUDY")
[ -z "$MARGIN" ] || options+=(--margin "$MARGIN")
[ "$STRICT" != true ] || options+=(--strict)
[ "$BUILD_ISOLATION" != false ] || options+=(--no-build-isolation)

# $KMBENCH may have arguments of its own, such as python -m kmbench.
code=0
$KMBENCH gate "${options[@]}" -- "$base" "$HEAD" >"$RESULTS/gate.json" 2>"$RESULTS/gate.err" || code=$?
cat "$RESULTS/gate.err" >&2
outcome=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["outcome"])' "$RESULTS/gate.json" 2>/dev/null) ||
  outcome="not measured"
{
  echo "exit-code=$code"
  echo "outcome=$outcome"
} >>"$GITHUB_OUTPUT"
