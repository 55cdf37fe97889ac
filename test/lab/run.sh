#!/bin/bash
# run.sh [SCENARIO...]   runs the lab's scenarios, two guests at a time, one line for each check as it comes; the last line is
# `N passed, N failed, N skipped`. SCENARIO is the name of a file of scenarios/, or of a `scenario` within one; without: all.
# A file with the line `# alone` measures time and gets the machine for itself; one with `# images` is left out without LAB_IMAGES; with
# `# seconds N` it may take N seconds. What is red runs twice more at the end, alone; where both pass it is `flaky` (scripts/again.ts).
# Environment: LAB_JOBS (default 2), KKV_AGAIN=no (what is red runs no more), and that of lab.sh.
# exit: 0 all passed, 1 something failed, 97 no such scenario or no lab.
set -u
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cd "$here" || exit 97
. ./verdict.sh
files=()
for wanted in "${@:-}"; do
  found=
  for file in scenarios/*.sh; do
    name=$(basename "$file" .sh)
    # These have runs of their own: demo.sh, record.sh, and torture.sh, which is drawn by chance.
    [[ $name != @(demo|torture|recordings) ]] || continue
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

# A check that fails is `red` as long as the file may run again.
again=${KKV_AGAIN:-yes} red='red '
[ "$again" = yes ] || red=FAIL
one() { # NAME: its checks as lines, also in $work/NAME.first
  local name=$1 line status file began=$SECONDS
  : > "$work/$name.results" # tail may look before lab.sh has begun
  LAB_TIMEOUT=${LAB_TIMEOUT:-$(sed -n 's/^# seconds //p' "scenarios/$name.sh")} ./lab.sh "$name" >> "$work/$name.results" 2> "$work/$name.errors" &
  local lab=$!
  # shellcheck disable=SC2064
  trap "kill -TERM $lab 2> /dev/null" TERM
  tail -n +1 -f --pid=$lab -s 0.2 "$work/$name.results" | while IFS= read -r line; do
    read_verdict "$line" || continue
    echo "${REPLY/#FAIL/$red}"
  done | tee "$work/$name.first"
  wait $lab
  status=$?
  if [ $status != 0 ]; then
    [ $status = 1 ] || echo "$red $name: ended with status $status$(ending $status)" | tee -a "$work/$name.first"
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
for name in "${together[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "${LAB_JOBS:-2}" ]; do wait -n; done
  one "$name" &
done
wait
for name in "${alone[@]}"; do one "$name"; done
passed=0 failed=0
node=$here/../../node_modules/.bin/node
for name in "${files[@]}"; do
  first=$work/$name.first
  if [ "$again" = yes ] && { grep -q '^red ' "$first" || ! grep -q '^ok ' "$first"; }; then
    echo "     $name is red: it runs twice more, alone"
    "$node" "$here/../../scripts/again.ts" "lab-$name" "$first" -- "$here/run.sh" "$name" > "$work/said"
    sed '$d' "$work/said"
    [[ $(tail -n 1 "$work/said") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed ]] || BASH_REMATCH=(- 0 1)
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
  else
    passed=$((passed + $(grep -c '^ok ' "$first"))) failed=$((failed + $(grep -c '^FAIL ' "$first")))
  fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
