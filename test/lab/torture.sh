#!/bin/bash
# torture.sh   random faults against two lab nodes under continuous requests (scenarios/torture.sh), each with its time, then one line for
# each check; the last line is `N passed, N failed, 0 skipped`. Environment: SEED replays a run (default: one by chance), DURATION the
# seconds that faults come for (default 300), and that of lab.sh. exit: 0 all passed, 1 something failed, else as lab.sh
set -u
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
. "$here/verdict.sh"
seed=${SEED:-$((RANDOM * 32768 + RANDOM))} duration=${DURATION:-300}
if ! [[ $seed =~ ^[0-9]{1,10}$ && $duration =~ ^[1-9][0-9]{0,4}$ ]]; then
  echo "torture.sh: Cannot use SEED=\"$seed\" DURATION=\"$duration\": wanted whole numbers" >&2
  exit 97
fi
echo "Again: SEED=$seed DURATION=$duration make torture"
passed=0 failed=0 status=98
while IFS= read -r line; do
  [[ $line != "lab ended with status "* ]] || { status=${line##* }; break; }
  if read_verdict "$line"; then
    line=$REPLY
    [[ $line == ok* ]] && passed=$((passed + 1)) || failed=$((failed + 1))
  fi
  echo "$line"
done < <(
  LAB_TIMEOUT=${LAB_TIMEOUT:-$((duration + 300))} "$here/lab.sh" torture SEED=$seed DURATION=$duration ${BREAK:+BREAK=$BREAK}
  echo "lab ended with status $?"
)
if [ "$failed" -gt 0 ] || [ "$status" != 0 ]; then
  echo "Again: SEED=$seed DURATION=$duration make torture; logs are in $here/out/torture" >&2
fi
echo "$passed passed, $failed failed, 0 skipped"
exit "$status"
