#!/bin/bash
# alone
# seconds 240
# Faults drawn from SEED, for DURATION seconds, against two nodes under a request every 20 ms; then all is mended, and one valid change
# more must be in effect on both. `make torture` runs it, for 5 minutes with a seed by chance.
#
# `lab.sh torture BREAK=...` breaks what is judged on purpose, to see that the checks can fail:
#   peer   the node that is not master loses its power for good
#   stale  a virtual server that nobody wants is left behind at the end
#   drift  the agent does not compare with the kernel, where somebody deletes a real server
. /checkout/test/lab/guest/lib.sh
. $HERE/torture.sh
SEED=${SEED:-12} DURATION=${DURATION:-16}
ADVERT_LIMIT=3191 # ms: 3 adverts of 1 s, skew of the second in rank (256 - 246) / 256 s; + 5 %
SETTLE=${SETTLE:-90} # s
$TORTURE plan $SEED $DURATION > /shared/log.plan
: > /shared/log.faults
small_volumes 2M n1 n2
service second 80/tcp:8080
endpoints second 80/tcp:8080 10.2.68.7
WANTED_PODS=5,6 WANTED_VIPS=50
$TORTURE watch /shared/log.addresses n1 n2 &
watch=$!
SYNC_SOURCE_OF[n2]="--apiserver-host $API"
[ "${BREAK:-}" = drift ] && interval=3600 || interval=5
two_nodes --soak 2 --drain-time 2 --drift-interval $interval
api_start
steady
quiet

scenario torture
tell() { emit "$1"; log "$1"; }
$TORTURE plan $SEED $DURATION | cmp -s - /shared/log.plan && cut -d' ' -f2- /shared/log.plan | grep -q . || die "seed $SEED does not give one plan"
tell "seed $SEED, $DURATION s, $(grep -c . /shared/log.plan) events; $MASTER is master"
probe control tcp ${ADDRESS[n3]} 7 100
# Each of its ports is 7 minutes old when it comes again. The kernel comes back to one after a minute, when IPVS still has the connection
# before: of 25,162 requests 2 were lost where nothing happened to the VIP, and this is the one explanation that there is.
probe torture tcp $VIP 80 20 0 10000-32767
began=${EPOCHREALTIME/./}
whole=true
until_second() { # of the plan
  local left
  left=$((began + ${1/./}0000 - ${EPOCHREALTIME/./}))
  [ $left -le 0 ] || nap "$((left / 1000000)).$(printf %06d $((left % 1000000)))"
}
if [ "${BREAK:-}" = peer ]; then power_cut $BACKUP; fi
while read -r at verb words; do
  until_second $at
  # A pair of nodes bears one failure at a time, so the next one of keepalived waits until the last is over.
  if [[ $verb == [ks]* && $words =~ \ (parent|vrrp|checker|keepalived)$ ]] && ! wait_for 20 pair_is_whole; then
    tell "the pair is not whole 20 s after the last fault"
    whole=false
  fi
  printf -v line '%7.2f  %s' $(((${EPOCHREALTIME/./} - began) / 10000))e-2 "$verb $words"
  tell "$line"
  ${verb}_ $words
done < /shared/log.plan
until_second $(printf %.2f $DURATION)
masters
tell "all is mended now"
all_repaired
change_ 6,8,9 50,51
mended=${EPOCHREALTIME/./}
[ "${BREAK:-}" != stale ] || ns $BACKUP ipvsadm -A -t 10.4.0.60:80 -s wlc
[ "${BREAK:-}" != drift ] || { wait_for $SETTLE settled; ns $BACKUP ipvsadm -d -t $VIP:80 -r 10.2.68.8:8080; }
wait_for $SETTLE settled && settled=true || settled=false
figures "{\"seconds\": $(((${EPOCHREALTIME/./} - mended) / 1000000))}"
verdict "at rest within $SETTLE s of the end of the last fault" $settled
no_zombie() { on $1 ps -eo stat,pid,ppid,args > /shared/log.$1.ps; ! grep '^Z' /shared/log.$1.ps; }
nap 2
check "the newest valid generation is applied on both nodes, on n2 from a FAKE API server" both newest_is_applied
contents
figures "{\"contents\": \"$REPLY\"}"
check "the same content on both" test "${REPLY/ /}" = "$REPLY"
check "keepalived.conf is the same on both, but for the node's own lines" test "$(node_independent n1)" = "$(node_independent n2)"
check "one master; its VIPs are on no other node, and what is gone is gone" addresses_are_right
for n in n1 n2; do
  ipvs_table $n
  figures "{\"lines\": $(grep -c . <<< "$REPLY")}"
  check "$n: IPVS has what is wanted and nothing else" ipvs_is_as_wanted $n
  says_healthy() { kkv $1 status > /shared/log.$1.status; }
  check "$n: kkv status says healthy" wait_for 20 says_healthy $n
  for who in agent sync keepalived; do
    victims $n $who
    set -- $REPLY
    [ $who = keepalived ] && wanted=3 || wanted=1
    figures "{\"processes\": $#}"
    check "$n: $who runs" test $# = $wanted
  done
  check "$n: no zombie" wait_for 5 no_zombie $n
  check "$n: no half written file is left" test -z "$(find /shared/volumes/$n/desired /shared/volumes/$n/applied -mindepth 1 -name '.*')"
done
tear_ n1 candidate
tear_ n2 candidate
check "a live file that was cut is what was applied again, before keepalived starts on it" wait_for 20 both live_file_is_applied
verdict "after each fault of keepalived the pair is whole within 20 s" $whole
nap 6
end_probe torture
end_probe control
kill -TERM $watch
summary=$($TORTURE judge /shared/torture.requests /shared/log.addresses /shared/log.faults $VIP $ADVERT_LIMIT /shared/control.requests)
figures "$summary"
check "requests are lost only while a master changes, or in the second after a fault of keepalived" is "$summary" lost_or_sent_again_otherwise 0
figures "$summary"
check "never for longer than VRRP's own $ADVERT_LIMIT ms" is "$summary" gaps_over_the_limit 0
figures "{\"hit\": $HIT, \"hit_nobody\": $MISSED}"
check "the faults hit what they were for, nine of ten at least" test $((MISSED * 9)) -le $HIT
check "the requests were asked" at_least "$summary" requests $((DURATION * 40))
finish
