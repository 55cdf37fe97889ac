#!/bin/bash
# alone
# Three nodes with a pod each, and no cluster that would notice anything: EndpointSlices never change. A node's power is cut and comes
# back; a firewall drops what the nodes are asked; the master is cut off itself; the master's power is cut.
. /checkout/test/lab/guest/lib.sh
declare -A POD=([n1]=10.2.66.5 [n2]=10.2.67.5 [n3]=10.2.68.5)
LIMIT=5000 # ms
topology 3
for n in n1 n2 n3; do pods $n 5; done
apply
prepare_nodes
specs=() lines=()
for n in n1 n2 n3; do
  specs+=(pods.$n,tcp,${POD[$n]},8080,pod-$n)
  lines+=(pods.$n,${POD[$n]},9090,pod-$n)
done
serve "${specs[@]}"
$LINES serve "${lines[@]}" &
service echoheaders 80/tcp:8080 90/tcp:9090
nodes n1 n2 n3
endpoints echoheaders 80/tcp:8080,90/tcp:9090 "${POD[@]}"
vips "$VIP: default/echoheaders"
for n in n1 n2 n3; do product_start $n --soak 2 --drain-time 3; done
wait_for 60 serving $VIP 90 || die "the VIP is not served after 60 s"
weights() { # WEIGHT POD'S-NODE MACHINE...: on these machines
  local weight=$1 pod=${POD[$2]} n
  shift 2
  for n; do has_weight $n $pod 8080 $weight && has_weight $n $pod 9090 $weight || return 1; done
}
all_of() { local n; for n in n1 n2 n3; do weights 1 $n "$@" || return 1; done; }
status_all() { local n text=$1; shift; for n; do status_has $n "$text" || return 1; done; }
reloads() { log_count $1 '"outcome":"applied"'; }
masters
M=$REPLY
others=(n1 n2 n3)
read -r O V <<< "${others[@]/$M/}" # another node, and the one that dies
log "$M is master, $V will die"
wait_for 20 status_all 'nodes: {watched: 2, unreachable: [], unheard: 0' n1 n2 n3 || die "the nodes do not hear each other"
quiet

scenario firewall
for n in "$O" "$V"; do on $n iptables -A INPUT -p tcp --dport 10256 -j DROP; done
reloads $M
before=$REPLY
probe firewall tcp $VIP 80 20
nap 8
probed firewall
figures "$REPLY"
check "no request was lost (what the nodes are asked is dropped)" is "$REPLY" lost 0
check "each pod gets its share still" all_of n1 n2 n3
reloads $M
figures "{\"reloads\": $((REPLY - before))}"
check "no reload" test $REPLY = $before
for n in "$O" "$V"; do on $n iptables -D INPUT -p tcp --dport 10256 -j DROP; done
nap 2

scenario dead-node
hold talk $VIP 90 9
probe cut tcp $VIP 80 20
nap 2
at=$(now)
power_cut $V
ok=false
wait_for 10 weights 0 $V $M $O && ok=true
figures "{\"seconds\": $(awk "BEGIN { print $(now) - $at }")}"
verdict "its pod gets no new connections, on both other nodes" $ok
figures "{\"seconds\": $(awk "BEGIN { print $(now) - $at }")}"
check "within 5 s" awk "BEGIN { exit !($(now) - $at <= 5.3) }"
nap 5
check "the status names it" status_all "unreachable: [${ADDRESS[$V]}]" $M $O
check "and why" status_all NODE_UNREACHABLE $M $O
probed cut $at
r=$REPLY
figures "$r"
check "requests are lost for at most $LIMIT ms" at_most "$r" trouble_ends_ms $LIMIT
field "$r" lost
lost=$REPLY
# The requests of 5 s, a third of them.
check "and no more than the pod's share of them" test "$lost" -le $((5000 / 20 / 3 + 1))
held talk
figures "$REPLY"
check "connections to the pods of other nodes live on" eval '[[ $REPLY =~ \"pod-$M\":\ \{\"connections\":\ [1-9][0-9]*,\ \"broken\":\ 0 && $REPLY =~ \"pod-$O\":\ \{\"connections\":\ [1-9][0-9]*,\ \"broken\":\ 0 ]]'

scenario node-back
probe back tcp $VIP 80 20
at=$(now)
printf 'close pod-%s' $V > /shared/order && /usr/bin/python3 -S $HERE/order.py
power_on $V
nap 6
check "it answers, and its pod does not run yet: it gets nothing" weights 0 $V $M $O
printf 'open pod-%s' $V > /shared/order && /usr/bin/python3 -S $HERE/order.py
check "its pod runs: it has its share again" wait_for 15 all_of $M $O
nap 2
probed back
figures "$REPLY"
check "no request was lost" is "$REPLY" lost 0
product_start $V --soak 2 --drain-time 3
wait_for 60 eval 'has_virtual_server $V $VIP 80 && all_of $V' || die "$V does not serve again"
wait_for 20 status_all 'nodes: {watched: 2, unreachable: [], unheard: 0' n1 n2 n3 || die "the nodes do not hear each other"
quiet

scenario cut-off
reloads $M
before=$REPLY
ip link set $M.lan nomaster
nap 9
figures "$(printf '{"status": %s}' "$(grep -o 'cutOff: [a-z]*' /shared/volumes/$M/applied/status.yaml | jq -R . 2> /dev/null || echo null)")"
check "a node that is cut off says so" status_has $M 'cutOff: true'
check "and judges nobody" all_of $M
reloads $M
check "no reload" test $REPLY = $before
check "the others go on without it" wait_for 5 weights 0 $M $O $V
masters
read -r STAND_IN <<< "${REPLY/$M/}"
check "meanwhile the client asks the one that took over" asks "$STAND_IN"
ip link set $M.lan master br-lan
check "one master, and all pods, when it is back" wait_for 20 eval 'one_master && all_of n1 n2 n3'
masters
check "and the client asks it, not the one that stood in" wait_for 2 asks "$REPLY"
quiet

scenario master-dies
masters
master=$REPLY
others=(n1 n2 n3)
others=(${others[@]/$master/})
probe master tcp $VIP 80 20
nap 2
at=$(now)
power_cut $master
MACHINES=(${MACHINES[@]/$master/})
check "its pod gets no new connections" wait_for 10 weights 0 $master "${others[@]}"
nap 6
one_master
probed master $at
r=$REPLY
figures "$r"
check "requests are lost for at most $LIMIT ms" at_most "$r" trouble_ends_ms $LIMIT
check "one master" one_master
finish
