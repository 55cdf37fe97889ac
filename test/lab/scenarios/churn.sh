#!/bin/bash
# alone
# The master dies while endpoints change all the time: a reload makes a backup begin anew to wait for the master, so one that reloads
# on and on would never take over.
. /checkout/test/lab/guest/lib.sh
two_nodes --soak 2 --drain-time 0
steady
nap 2
reloads() { log_count $1 '"outcome":"applied"'; }

scenario behind-the-holder
# keepalived's master sends an advert at its own reload: a backup that counts adverts only from the end of its config test on may have
# just missed it, and is a whole interval late.
both_have() { local n; for n in "${MACHINES[@]}"; do has_real_server $n 10.2.68.7 8080 || return 1; done; }
none_has() { local n; for n in "${MACHINES[@]}"; do ! has_real_server $n 10.2.68.7 8080 || return 1; done; }
CHANGES=20
for ((change = 0; change < CHANGES; change += 2)); do
  echoheaders 10.2.68.5 10.2.68.6 10.2.68.7
  wait_for 10 both_have
  nap 0.6
  echoheaders 10.2.68.5 10.2.68.6
  wait_for 10 none_has
  nap 0.6
done
nap 1
REPLY=$(/usr/bin/python3 -S $HERE/lag.py /shared/log.$MASTER /shared/log.$BACKUP $CHANGES)
figures "$REPLY"
# An interval is 1,000 ms. Where the host is so busy that no two tests end together, there is nothing to compare.
close_behind() { is "$1" comparable 0 || at_most "$1" median_ms 300; }
check "the backup is far less than an advert interval behind the holder" close_behind "$REPLY"

scenario churn-failover
(
  while sleep 0.7; do
    echoheaders 10.2.68.5 10.2.68.6 10.2.68.7
    sleep 0.7
    echoheaders 10.2.68.5 10.2.68.6
  done
) &
churn=$!
nap 4
probe churn tcp $VIP 80 20
nap 2
reloads $BACKUP
before=$REPLY
at=$(now)
power_cut $MASTER
check "the other takes over" wait_for 30 has_vip $BACKUP
nap 3
probed churn $at
figures "$REPLY"
check "the gap is at most 3191 ms" at_most "$REPLY" gap_from_event_ms 3191
nap 3
reloads $BACKUP
figures "{\"reloads\": $((REPLY - before))}"
check "the changes go on being applied there" test $((REPLY - before)) -ge 2
kill $churn
finish
