#!/usr/bin/env bash
# run.sh [PART...]   runs the cluster bed's parts two at a time, the longest first, one line for each check as it comes; the last line is
# `N passed, N failed, N skipped`. A PART is a folder with a part.sh, which starts what it needs, prints its checks and such a last
# line, and stops what it has started. Without PART: all that do not wait to be named. A part.sh has lines for this script:
#   # programs: SET...   what build.sh has to build for it
#   # takes N seconds    about; parts that take longer start first
#   # by name            it runs only where it is asked for
#   # again: itself      it runs again by itself what is red
# Environment:
#   KKV_CLUSTER_BIN      a folder with ready programs (build.sh); what it lacks is built, where there is a Go toolchain
#   KKV_CLUSTER_JOBS     parts at a time, by default 2
#   KKV_AGAIN            no: a part that is red does not run twice more (scripts/again.ts)
#   KKV_REQUIRE_CLUSTER  1: missing programs are a failure, where otherwise it is skipped, loudly
# exit: 0 nothing failed, 1 something did, 97 no such part
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"

parts=()
for part in "$BED"/*/part.sh; do parts+=("$(basename "$(dirname "$part")")"); done
for wanted; do
  [[ " ${parts[*]} " == *" $wanted "* ]] || { say "run.sh: no part \"$wanted\"; there are: ${parts[*]}" && exit 97; }
done
has_line() { grep -q "^# $2\$" "$BED/$1/part.sh"; } # PART LINE
if [ $# = 0 ]; then
  for part in "${parts[@]}"; do has_line "$part" 'by name' || set -- "$@" "$part"; done
fi
# What the sets of build.sh are that this part's programs belong to.
sets_of() { sed -n 's/^# programs: //p' "$BED/$1/part.sh"; }
seconds_of() { sed -n 's/^# takes \([0-9]*\) seconds$/\1/p' "$BED/$1/part.sh"; }

passed=0 failed=0 skipped=0
sum() { # LAST-LINE
  [[ $1 =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]] || return 1
  passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + BASH_REMATCH[3]))
}
finish() {
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ] || exit 1
  exit 0
}

sets=$(for part; do sets_of "$part"; done | tr ' ' '\n' | sort -u | paste -sd ' ')
# shellcheck disable=SC2086 # one word each
if ! reason=$("$BED/build.sh" can $sets); then
  if [ "${KKV_REQUIRE_CLUSTER:-}" = 1 ]; then
    echo "FAIL cluster bed: NOT RUN, and KKV_REQUIRE_CLUSTER=1 demands it: $reason"
    failed=1
  else
    echo "skip cluster bed: NOT RUN: $reason. Install Go 1.26 or newer, or name a folder of ready programs"
    skipped=1
  fi
  finish
fi

work=$(mktemp -d /tmp/kkv-cluster-run.XXXXXX)
trap 'rm -rf "$work"' EXIT
# A part takes down what it started, on SIGTERM as well.
interrupted() {
  local running
  trap '' INT TERM
  mapfile -t running < <(jobs -rp)
  [ ${#running[@]} = 0 ] || kill -TERM "${running[@]}" 2> /dev/null || true
  wait
  exit 130
}
trap interrupted INT TERM

runs_again() { # PART: whether this script repeats it
  [ "${KKV_AGAIN:-yes}" = yes ] && ! has_line "$1" 'again: itself'
}
one() { # PART: its checks as lines; all that it printed in $work/PART.report, its exit status in $work/PART.status
  local part=$1 red=FAIL began=$SECONDS status=0 running shown
  trap - EXIT
  # What runs, in the background, so that a signal is heeded at once.
  trap 'kill -TERM $running 2> /dev/null; wait $running; exit 130' INT TERM
  ! runs_again "$part" || red='red '
  : > "$work/$part.report"
  # shellcheck disable=SC2046 # one word each
  "$BED/build.sh" $(sets_of "$part") &
  running=$!
  if ! wait "$running"; then
    echo "FAIL $part: its programs cannot be built; what Go said stands above"
    echo unbuilt > "$work/$part.status"
    return
  fi
  "$BED/$part/part.sh" >> "$work/$part.report" &
  running=$!
  tail -n +1 -f --pid="$running" -s 0.2 "$work/$part.report" | sed -u "s/^FAIL/$red/; /^[0-9]* passed, [0-9]* failed, [0-9]* skipped\$/d" &
  shown=$!
  wait "$running" || status=$?
  wait "$shown"
  echo "$status" > "$work/$part.status"
  echo "     $part took $((SECONDS - began)) s"
}
mapfile -t ordered < <(for part; do echo "$(seconds_of "$part") $part"; done | sort -k 1,1nr -k 2 | cut -d ' ' -f 2)
for part in "${ordered[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "${KKV_CLUSTER_JOBS:-2}" ]; do wait -n || true; done
  one "$part" &
done
wait

for part in "${ordered[@]}"; do
  report=$work/$part.report status=$(cat "$work/$part.status" 2> /dev/null || echo none) before=$failed
  if [ "$status" = unbuilt ]; then
    failed=$((failed + 1))
  elif [ "$status" != 0 ] && runs_again "$part"; then
    echo "     $part is red: it runs twice more, alone"
    grep -q '^FAIL' "$report" || echo "FAIL $part: ended with status $status" >> "$report"
    # In the background, so that a signal is heeded at once.
    "$CHECKOUT/node_modules/.bin/node" "$CHECKOUT/scripts/again.ts" "cluster-$part" "$report" -- "$BED/run.sh" "$part" > "$work/said" &
    wait $! || true
    sed '$d' "$work/said"
    sum "$(tail -n 1 "$work/said")" || failed=$((failed + 1))
  else
    sum "$(tail -n 1 "$report")" || { echo "FAIL $part: ended without a summary (status $status)" && failed=$((failed + 1)); }
    if [ "$status" != 0 ] && [ "$failed" = "$before" ]; then
      echo "FAIL $part: ended with status $status"
      failed=$((failed + 1))
    fi
  fi
done
finish
