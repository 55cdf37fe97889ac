#!/usr/bin/env bash
# run.sh [PART...]   runs the cluster bed's parts one after the other, one line for each check as it comes; the last line is
# `N passed, N failed, N skipped`. A PART is a folder with a part.sh, which starts what it needs, prints its checks and such a last
# line, and stops what it has started. Without PART: all that do not wait to be named.
# Environment:
#   KKV_CLUSTER_BIN      a folder with ready programs (build.sh); what it lacks is built, where there is a Go toolchain
#   KKV_AGAIN            no: a part that is red does not run twice more (scripts/again.ts); what runs its files again itself has the line `# again: itself`
#   KKV_REQUIRE_CLUSTER  1: missing programs are a failure, where otherwise it is skipped, loudly
# exit: 0 nothing failed, 1 something did, 97 no such part
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"

parts=()
for part in "$BED"/*/part.sh; do parts+=("$(basename "$(dirname "$part")")"); done
for wanted; do
  [[ " ${parts[*]} " == *" $wanted "* ]] || { say "run.sh: no part \"$wanted\"; there are: ${parts[*]}" && exit 97; }
done
if [ $# = 0 ]; then
  # A part with the line `# by name` runs only where it is asked for.
  mapfile -t parts < <(cd "$BED" && grep -L '^# by name$' */part.sh | xargs -n 1 dirname)
  set -- "${parts[@]}"
fi

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
# What the sets of build.sh are that this part's programs belong to: its line `# programs: SET...`.
sets_of() { sed -n 's/^# programs: //p' "$BED/$1/part.sh"; }

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

report=$(mktemp) said=$(mktemp)
# A part takes down what it started, on SIGTERM as well.
trap 'rm -f "$report" "$said"' EXIT
trap '[ -z "${running:-}" ] || { kill -TERM "$running"; wait "$running" || true; }; exit 130' INT TERM
runs_again() { # PART: whether this script repeats it
  [ "${KKV_AGAIN:-yes}" = yes ] && ! grep -q '^# again: itself$' "$BED/$1/part.sh"
}
for part; do
  red=FAIL
  ! runs_again "$part" || red='red '
  began=$SECONDS status=0
  # shellcheck disable=SC2046 # one word each
  if ! "$BED/build.sh" $(sets_of "$part"); then
    echo "FAIL $part: its programs cannot be built; what Go said stands above"
    failed=$((failed + 1))
    continue
  fi
  : > "$report"
  "$BED/$part/part.sh" >> "$report" &
  running=$!
  tail -n +1 -f --pid="$running" -s 0.2 "$report" | sed -u "s/^FAIL/$red/; /^[0-9]* passed, [0-9]* failed, [0-9]* skipped\$/d" &
  shown=$!
  wait "$running" || status=$?
  wait "$shown"
  running=
  before=$failed
  if [ "$status" != 0 ] && [ "$red" != FAIL ]; then
    echo "     $part is red: it runs twice more"
    grep -q '^FAIL' "$report" || echo "FAIL $part: ended with status $status" >> "$report"
    "$CHECKOUT/node_modules/.bin/node" "$CHECKOUT/scripts/again.ts" "cluster-$part" "$report" -- "$BED/run.sh" "$part" > "$said" || true
    sed '$d' "$said"
    sum "$(tail -n 1 "$said")" || failed=$((failed + 1))
    echo "     $part took $((SECONDS - began)) s"
    continue
  fi
  sum "$(tail -n 1 "$report")" || { echo "FAIL $part: ended without a summary (status $status)" && failed=$((failed + 1)); }
  if [ "$status" != 0 ] && [ "$failed" = "$before" ]; then
    echo "FAIL $part: ended with status $status"
    failed=$((failed + 1))
  fi
  echo "     $part took $((SECONDS - began)) s"
done
finish
