#!/usr/bin/env bash
# The job's summary, and annotations on the cells that failed; says why where nothing was measured.
set -euo pipefail
if [ -s "$RESULTS/gate.md" ]; then
  cat "$RESULTS/gate.md" >>"$GITHUB_STEP_SUMMARY"
  python3 "$GITHUB_ACTION_PATH/annotations.py" "$RESULTS/gate.json"
  exit
fi
reason=$(tail -n 1 "$RESULTS/gate.err" 2>/dev/null || true)
printf '## kmbench gate: not measured\n\n%s\n' "${reason:-It was not started; the log tells why.}" >>"$GITHUB_STEP_SUMMARY"
reason=${reason//'%'/%25}
echo "::error title=kmbench gate::${reason:-it was not started}"
