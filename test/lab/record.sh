#!/bin/bash
# record.sh [STATE...]   writes test/monitoring/recordings/STATE.prom: the metrics of three lab nodes in each state that an alert is about, with the
# label `node`, as Prometheus would store them. Without STATE all of them: 10 minutes. Read the difference afterwards.
set -eu
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
to=$here/../monitoring/recordings
LAB_TIMEOUT=${LAB_TIMEOUT:-1800} "$here/lab.sh" recordings STATES="$*" || echo "record.sh: not every state was seen" >&2
mkdir -p "$to"
for state in "$here"/out/recordings/recordings/*/; do
  for page in "$state"*; do
    # Histograms have one alert: that about reloads.
    node=$(basename "$page")
    grep -E '^kkv_' "$page" | grep -v -E '_(test|pass)_duration_seconds|_(sum|count)\b' |
      sed -E "s/^(kkv_\w+)\{/\1{node=\"${node%.*}\",/; s/^(kkv_\w+) /\1{node=\"${node%.*}\"} /"
  done > "$to/$(basename "$state").prom"
done
