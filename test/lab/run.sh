#!/bin/bash
# run.sh [SCENARIO...]   runs the lab's scenarios, two guests at a time, one line for each check as it comes; the last line is
# `N passed, N failed, N skipped`. SCENARIO is the name of a file of scenarios/, or of a `scenario` within one; without: all.
# A file with the line `# alone` measures time and gets the machine for itself; one with `# images` is left out without LAB_IMAGES; with
# `# seconds N` it may take so long.
# Environment: LAB_JOBS (default 2), and that of lab.sh. exit: 0 all passed, 1 something failed, 97 no such scenario or no lab.
set -u
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cd "$here" || exit 97
. ./verdict.sh
files=()
for wanted in "${@:-}"; do
  found=
  for file in scenarios/*.sh; do
    name=$(basename "$file" .sh)
    # Demonstrations are no checks: demo.sh runs them. Torture is drawn by chance, and has a run of its own: torture.sh.
    [ "$name" != demo ] && [ "$name" != torture ] || continue
    [ -n "${LAB_IMAGES:-}" ] || [ "$wanted" = "$name" ] || ! grep -q '^# images$' "$file" || continue
    if [ -z "$wanted" ] || [ "$wanted" = "$name" ] || grep -q "^scenario $wanted\$" "$file"; then
      found=1
      [[ " ${files[*]} " == *" $name "* ]] || files+=("$name")
    fi
  done
  [ -n "$found" ] || { echo "run.sh: no scenario \"$wanted\"; there are: $(grep -h '^scenario ' scenarios/*.sh | cut -d' ' -f2 | sort | tr '\n' ' ')" >&2; exit 97; }
done
work=$(mktemp -d /tmp/kkv-lab-run.XXXXXX) || exit 97
trap 'kill $(jobs -p) 2> /dev/null; wait; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

one() { # NAME: its checks as lines; verdicts are counted in $work
  local name=$1 line status file began=$SECONDS
  : > "$work/$name.results" # tail may look before lab.sh has begun
  LAB_TIMEOUT=${LAB_TIMEOUT:-$(sed -n 's/^# seconds //p' "scenarios/$name.sh")} ./lab.sh "$name" >> "$work/$name.results" 2> "$work/$name.errors" &
  local lab=$!
  # shellcheck disable=SC2064
  trap "kill -TERM $lab 2> /dev/null" TERM
  tail -n +1 -f --pid=$lab -s 0.2 "$work/$name.results" | while IFS= read -r line; do
    read_verdict "$line" || continue
    echo "${REPLY:0:4}" >> "$work/verdicts"
    echo "$REPLY"
  done
  wait $lab
  status=$?
  if [ $status != 0 ]; then
    [ $status = 1 ] || { echo FAIL >> "$work/verdicts"; echo "FAIL $name: ended with status $status$(ending $status)"; }
    echo "---- $name: the guest's logs (all of them: test/lab/out/$name)"
    cat "$work/$name.errors"
    for file in out/"$name"/console out/"$name"/log.*; do
      [ -s "$file" ] && [ "${file%.prepare}" = "$file" ] && { echo "---- $file"; tail -n 25 "$file"; }
    done
    echo "----"
  fi
  echo "     $name took $((SECONDS - began)) s"
}
ending() {
  case $1 in
    97) echo ": the lab cannot be booted" ;;
    98) echo ": the guest died without a verdict" ;;
    99) echo ": out of time" ;;
  esac
}
together=() alone=()
for name in "${files[@]}"; do
  if grep -q '^# alone$' "scenarios/$name.sh"; then alone+=("$name"); else together+=("$name"); fi
done
: > "$work/verdicts"
for name in "${together[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "${LAB_JOBS:-2}" ]; do wait -n; done
  one "$name" &
done
wait
for name in "${alone[@]}"; do one "$name"; done
passed=$(grep -c ok "$work/verdicts")
failed=$(grep -c FAIL "$work/verdicts")
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
