#!/bin/bash
# alone
# seconds 600
# kkv drain and kkv resume: three nodes, then two. A drained node hands its VIPs over in order, stays drained over each kind of restart,
# and takes the VIPs only if no other node announces them.
#
# sync reads a directory here, so no reports of the other nodes exist: `reports` writes the file of sync with them, from what each node says
# of itself. With a real API server they are sync's own (test/cluster/lab).
. /checkout/test/lab/guest/lib.sh
topology 3
pods n1 5 6 7 8 9
apply
prepare_nodes
serve_pods n1 8080 5 6 7 8 9
service echoheaders 80/tcp:8080
nodes n1 n2 n3
echoheaders 10.2.66.5 10.2.66.6
vips "$VIP: default/echoheaders"
for n in n1 n2 n3; do product_start $n --soak 2; done
wait_for 120 serving $VIP 80 || die "the VIP is not served after 120 s"

state_is() { status_has $1 "{instance: vips, interface: eth0, state: $2,"; } # MACHINE STATE
low() { [ "$(in_pod $1 cat /run/keepalived/drained)" = -253 ]; }
holder() { masters; [ "$REPLY" = $1 ]; }
reports() { # MACHINE...: what each node's sync would have read of these; the others are silent
  local n m f=/shared/reports.js
  cat > $f << 'J'
const [file, ...reports] = process.argv.slice(2)
const { readFileSync, writeFileSync } = require("node:fs")
const read = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0])
const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
const nodes = reports.map((one) => {
  const [name, status] = one.split("=")
  const text = readFileSync(status, "utf8")
  const [, state] = /\{instance: vips, interface: eth0, state: (\w+)/.exec(text) ?? [, "unknown"]
  const [, priority] = /priority: (\d+)/.exec(text) ?? [, "1"]
  const [, since] = /^drained: \{since: "?([^",]+)/m.exec(text) ?? []
  const role = { instance: "vips", state, since: null, reason: null, advertInterval: 1, priority: Number(priority) }
  const drained = since === undefined ? null : { since, reason: "said so" }
  return { name, ready: true, report: { renewed: read, state: "applied", generation: "0123456789ab", vips: 1, roles: [role], drained, troubles: [] } }
})
writeFileSync(file + ".new", JSON.stringify({ schema: 2, bootId, read, nodes }))
require("node:fs").renameSync(file + ".new", file)
J
  for n in "${MACHINES[@]}"; do
    local words=()
    for m; do words+=("${ADDRESS[$m]}=$(volume $m applied)/status.yaml"); done
    on $n node $f "$(volume $n desired)/beat/cluster.json" "${words[@]}"
  done
}

scenario drained
wait_for 20 eval 'one_master && state_is n1 master || state_is n2 master || state_is n3 master'
masters
first=$REPLY
others=()
for n in n1 n2 n3; do [ $n = $first ] || others+=($n); done
second=${others[0]} third=${others[1]}
log "holder $first, then $second, then $third"
check "a holder that knows nothing of the others is not drained" not kkv $first drain
kkv $first drain > /shared/drain 2>&1
check "and it says why" grep -q "unknown whether another node can take over: sync has not written what they report" /shared/drain
check "the VIP stays where it is" holder $first
wait_for 20 eval 'state_is $second backup && state_is $third backup'
reports n1 n2 n3
kkv $first drain --dry-run > /shared/drain 2>&1
check "what would happen is shown first" grep -q "${ADDRESS[$second]} takes over" /shared/drain
cat /shared/drain
check "and nothing happens" eval 'nap 2; holder $first'
quiet
probe control tcp ${ADDRESS[n1]} 7 25
probe drain tcp $VIP 80 20
nap 1
at=$(now)
check "the holder is drained" eval 'kkv $first drain --reason "new memory" > /shared/drain 2>&1'
taken() { masters; [ "$REPLY" = $second ] || [ "$REPLY" = $third ]; }
check "another node takes over" wait_for 10 taken
# Their priorities make the second one wait 31 ms less; on a busy CPU that decides nothing.
[ "$REPLY" = $second ] || { third=$second; second=$REPLY; }
nap 3
end_probe control
end_probe drain
seen drain $at control
figures "$REPLY"
r=$REPLY
check "no request is lost" is "$r" lost 0
figures "$r"
check "none is refused" is "$r" refused 0
figures "$r"
# As in stop.sh: where the control was late, one request in 200 may be late as well.
allowed=0
at_least "$r" control_max_ms 100 && { field "$r" requests; allowed=$((REPLY / 200)); }
check "none is later than 100 ms, where the control was not" at_most "$r" and_the_control_was_not $allowed
check "the drained node is a backup, and is ready" eval 'wait_for 10 state_is $first backup && in_pod $first node -e "fetch(\"http://127.0.0.1:8080/readyz\").then((r) => process.exit(r.status === 200 ? 0 : 1))"'
kkv $first status > /shared/status 2>&1
check "kkv status says it, with the reason" grep -q 'drained since .*(new memory): it takes the VIPs only if no other node announces them; "kkv resume" ends that' /shared/status
check "so do the metrics" eval 'in_pod $first node -e "fetch(\"http://127.0.0.1:8080/metrics\").then((r) => r.text()).then((t) => process.exit(t.includes(\"kkv_not_well{about=\\\"drained\\\"} 1\") ? 0 : 1))"'
check "and the page" eval 'in_pod $first node -e "fetch(\"http://127.0.0.1:8080/\", { headers: { accept: \"text/plain\" } }).then((r) => r.text()).then((t) => process.exit(/BACKUP, drained/.test(t) ? 0 : 1))"'
kkv $first history > /shared/history 2>&1
check "the history has the drain, and why the role changed" eval 'grep -q "drain .*new memory" /shared/history && grep -q "MASTER > FAULT.*hands its VIPs over: a user drained it" /shared/history'
check "nothing of the handover is left: no chain, no rule" not eval 'on $first iptables-save -t mangle | grep KUBE-KEEPALIVED-VIP; ns $first ip rule | grep 20550'

scenario drained-restarts
kill_agent $first > /dev/null
check "the next agent keeps it drained" eval 'nap 3; wait_for 20 status_has $first "drained: {since:" && low $first'
kill_keepalived $first > /dev/null
check "keepalived that died comes back drained" eval 'wait_for 30 state_is $first backup && low $first'
product_stop $first
product_start $first --soak 2
check "so does the pod" eval 'wait_for 90 state_is $first backup && low $first && status_has $first "drained: {since:"'
check "and the holder is the same" holder $second

scenario drained-all
reports n1 n2 n3
check "the second node is drained: the third takes over" eval 'kkv $second drain > /shared/drain 2>&1 && wait_for 10 holder $third'
wait_for 10 status_has $second "drained: {since:"
reports n1 n2 n3
check "the last one is not" not kkv $third drain
kkv $third drain > /shared/drain 2>&1
check "and it says why" grep -q "no other node can take over" /shared/drain
cat /shared/drain
check "it holds the VIP" holder $third

scenario drained-power-cut
power_cut $third
at=$(now)
# Its kernel goes on in the lab, and has the VIP still: it is not asked any more.
MACHINES=($first $second)
check "a drained node takes over from a dead one: no VIP is dropped that can be held" wait_for 8 eval 'holder $first || holder $second'
figures "{\"after\": $(awk -v a=$at -v b=$(now) 'BEGIN { print b - a }')}"
masters
taker=$REPLY
# The pods are on n1.
if [ $third != n1 ]; then
  get tcp $VIP 80 20
  figures "$REPLY"
  check "it serves" is "$REPLY" answered 20
fi
check "and says that it is master all the same" eval 'wait_for 10 status_has $taker "state: master" && { kkv $taker status > /shared/status 2>&1; grep -q "it is master all the same" /shared/status; }'
kill_agent $taker > /dev/null
check "the next agent does not give the VIP away" eval 'nap 4; holder $taker'
other=$first
[ $taker = $first ] && other=$second
check "the other one is resumed: it does not take the VIP" eval 'kkv $other resume > /shared/resume 2>&1; nap 6; holder $taker'
wait_for 10 status_has $other "drained: null"
reports $first $second
probe again tcp $VIP 80 20
nap 1
check "once more kkv drain on the taker: now it hands over" eval 'kkv $taker drain > /shared/drain 2>&1 && wait_for 10 holder $other'
nap 2
end_probe again
seen again
r=$REPLY
figures "$r"
[ $third = n1 ] || check "no request is lost" is "$r" lost 0
check "the taker is resumed, and takes nothing back" eval 'kkv $taker resume > /shared/resume 2>&1; nap 6; holder $other && ! low $taker'

scenario drained-last
check "--force with no other node: after its time the VIP is back" eval \
  'kkv $taker drain --force > /dev/null 2>&1; wait_for 10 low $taker; kkv $other drain --force > /shared/drain 2>&1; nap 1; wait_for 12 one_master'
for n in $taker $other; do kkv $n resume > /dev/null 2>&1; done

scenario drained-unreadable
echo '{' > "$(volume $other state)/drain.json"
check "a file that cannot be read is a fault, and changes nothing" eval 'wait_for 10 status_has $other DRAIN_UNREADABLE && one_master'
check "kkv resume removes it" eval 'kkv $other resume > /dev/null 2>&1 && wait_for 10 eval "! status_has $other DRAIN_UNREADABLE"'
finish
