#!/bin/bash
# The clock of the nodes is set while they work, an hour forward, back, to 2040 and back: this guest has a clock of its own.
. /checkout/test/lab/guest/lib.sh
two_nodes --soak 2 --drift-interval 5 --drain-time 2
steady
quiet
both() { local n sum=0; for n in n1 n2; do log_count $n "$1"; sum=$((sum + REPLY)); done; REPLY=$sum; } # TEXT: how often in both logs
transitions() { both "Entering "; }
applied() { both '"outcome":"applied"'; }
have_applied() { applied; [ $REPLY = $1 ]; }
silence() { ns $MASTER curl -s -m 5 http://127.0.0.1:8080/metrics | awk '$1 == "kkv_sync_heartbeat_age_seconds" { print $2 }'; }
since() { awk -v a=$1 -v b=$(now) 'BEGIN { printf "{\"seconds\": %.1f}", b - a }'; }
is_now() { local d=$((EPOCHSECONDS - $1)); [ $d -ge 0 ] && [ $d -le 5 ]; }

# jump NAME SECONDS POD: nothing comes of it; then somebody deletes the virtual server, and a change comes, with POD behind the VIP
jump() {
  local at applied_before transitions_before goal silent repaired
  scenario clock-$1
  transitions
  transitions_before=$REPLY
  applied
  applied_before=$REPLY
  probe quiet-$1 tcp $VIP 80 20
  nap 1
  goal=$((EPOCHSECONDS + $2))
  at=$(now)
  date -us @$goal > /shared/date
  figures "{\"date\": \"$(cat /shared/date)\"}"
  check "the clock is set" is_now $goal
  nap 7
  silent=$(silence)
  probed quiet-$1 $at
  figures "$REPLY"
  check "no request was lost (fault 16)" is "$REPLY" lost 0
  figures "{\"seconds\": ${silent:-null}}"
  check "the age of the heartbeat of sync is right (fault 16)" awk -v s="${silent:-99}" 'BEGIN { exit !(s >= 0 && s < 6) }'
  applied
  check "nothing was applied (fault 16)" test $REPLY = $applied_before

  at=$(now)
  ns $MASTER ipvsadm -D -t $VIP:80
  wait_for 15 has_virtual_server $MASTER $VIP 80
  repaired=$(since $at)
  figures "$repaired"
  check "a virtual server deleted by hand is back within the interval of 5 s (fault 16)" at_most "$repaired" seconds 6.5
  wait_for 5 real_servers_are $MASTER 2

  probe change-$1 tcp $VIP 80 20
  nap 1
  at=$(now)
  echoheaders 10.2.68.5 10.2.68.$3
  check "the next change is applied on both (fault 16)" wait_for 15 eval "has_real_server n1 10.2.68.$3 8080 && has_real_server n2 10.2.68.$3 8080"
  log "it took $(since $at)"
  # Once on each, and once more when the pod that went has drained; then two seconds for a third.
  wait_for 30 have_applied $((applied_before + 4))
  nap 2
  applied
  figures "{\"applied\": $((REPLY - applied_before))}"
  check "once on each, and once more for the pod that drained (fault 16)" test $((REPLY - applied_before)) = 4
  transitions
  figures "{\"transitions\": $((REPLY - transitions_before))}"
  check "no VRRP transition (fault 16)" test $REPLY = $transitions_before
  probed change-$1
  figures "$REPLY"
  check "no request was lost meanwhile (fault 16)" is "$REPLY" lost 0
}
# Back first: where a repair was made already, the next ones do not wait for the interval.
jump hour-back -3600 7
jump hour-forward 3600 6
to_2040=$((2208988800 - EPOCHSECONDS))
jump to-2040 $to_2040 7
jump back-from-2040 -$to_2040 6
finish
