#!/bin/bash
# kill -9 of the agent costs nothing; kill -9 of keepalived costs one failover and leaves nothing behind.
. /checkout/test/lab/guest/lib.sh
ENTRIES=("$VIP: default/echoheaders" "10.4.0.51: default/echoheaders")
two_nodes --soak 2 --drain-time 2
steady
transitions() { local n sum=0; for n in n1 n2; do log_count $n "Entering "; sum=$((sum + REPLY)); done; REPLY=$sum; }
nap 2

scenario agent-kill
transitions
before=$REPLY
probe agent-kill tcp $VIP 80 20
nap 1
read -r _ killed <<< "$(kill_agent $MASTER)"
check "the agent was killed" test "$killed" = 1
nap 1
echoheaders 10.2.68.5 10.2.68.6 10.2.68.7
check "the next change is applied" wait_for 30 has_real_server $MASTER 10.2.68.7 8080
nap 1
transitions
figures "{\"transitions\": $((REPLY - before))}"
check "no VRRP transition" test $REPLY = $before
probed agent-kill
figures "$REPLY"
check "no request was lost" is "$REPLY" lost 0

scenario keepalived-kill
probe keepalived-kill tcp $VIP 80 20
nap 1
read -r at killed <<< "$(kill_keepalived $MASTER)"
# While it is dead, one VIP is taken out: the next keepalived does not know that it was ever there.
vips "$VIP: default/echoheaders"
figures "{\"processes\": $killed}"
check "all of keepalived was killed" test "$killed" = 3
check "one node serves the VIP" wait_for 20 serving $VIP 80
for n in n1 n2; do
  check "$n: the VIP that was taken out is gone" wait_for 20 not has_address $n 10.4.0.51
  check "$n: its virtual server is gone" wait_for 20 not has_virtual_server $n 10.4.0.51 80
done
check "one node holds the VIP" wait_for 10 one_master
masters
log "the VIP is on $REPLY; it was on $MASTER"
nap 1
probed keepalived-kill $at
figures "$REPLY"
check "the VIP answers again" at_most "$REPLY" longest_gap_ms 5000
echoheaders 10.2.68.8
check "the next change is applied on both" wait_for 30 eval 'has_real_server n1 10.2.68.8 8080 && has_real_server n2 10.2.68.8 8080'

scenario checker-kill
masters
MASTER=$REPLY
processes() { in_pod $1 pgrep -ax keepalived | grep -vc ' -t '; } # a config test is a keepalived, too
lives() { log_count $MASTER "Starting Healthcheck child process"; }
more_lives() { lives; [ $REPLY -gt $1 ]; }
probe checker-kill tcp $VIP 80 20
# Each death puts the next life off for longer: 0, 1, 2 … seconds.
for turn in 1 2 3; do
  lives
  before=$REPLY
  in_pod $MASTER /usr/bin/python3 -S $HERE/kill9.py checker > /dev/null
  [ $turn = 3 ] || wait_for 20 more_lives $before
done
echoheaders 10.2.68.8 10.2.68.9
check "a change beside a checker whose next life is put off is applied (fault 35)" wait_for 40 has_real_server $MASTER 10.2.68.9 8080
nap 5
figures "{\"processes\": $(processes $MASTER)}"
check "and there is one checker afterwards (fault 35)" test "$(processes $MASTER)" = 3
probed checker-kill
figures "$REPLY"
check "no request was lost" is "$REPLY" lost 0

scenario dead-agent
says_well() { kkv $MASTER status > /dev/null; }
says() { kkv $MASTER status | grep -q "$1"; }
check "all is well (fault 260)" wait_for 60 says_well
in_pod $MASTER s6-svc -d /run/service/agent
check "the agent is dead: kkv status ends with 1 (fault 260)" wait_for 30 not says_well
check "and says so" says "the agent has been silent for"
check "what it ran goes on" one_master
in_pod $MASTER s6-svc -u /run/service/agent
check "the agent is back: all is well again (fault 260)" wait_for 60 says_well
finish
