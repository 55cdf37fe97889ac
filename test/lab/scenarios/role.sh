#!/bin/bash
# What a node says of its role: a cable is out; two nodes do not hear each other; the agent dies; keepalived dies.
# seconds 300
. /checkout/test/lab/guest/lib.sh
two_nodes --soak 2 --drain-time 2
steady
state_is() { status_has $1 "{instance: vips, interface: eth0, state: $2,"; } # MACHINE STATE
roles() { file_has "$(volume $1 state)/history.jsonl" "$2"; }
status_exit() { kkv $1 status > /shared/status.$1 2>&1; REPLY=$?; }
status_ends() { status_exit $1; [ $REPLY = $2 ]; } # MACHINE EXIT
answers() { in_pod $1 node -e "fetch('http://127.0.0.1:8080$2').then((r) => process.exit(r.status === $3 ? 0 : 1), () => process.exit(2))"; }
page() { in_pod $1 node -e "fetch('http://127.0.0.1:8080/', { headers: { accept: '$2' } }).then((r) => r.text()).then((t) => console.log(t))" > /shared/page.$1 2>&1; } # MACHINE TYPE
page_says() { page $1 text/plain; grep -qE -- "$2" /shared/page.$1; } # MACHINE PATTERN
check "each node says what it is" wait_for 20 eval 'state_is $MASTER master && state_is $BACKUP backup'
check "a backup that is well is healthy" wait_for 20 status_ends $BACKUP 0
check "the status page of the master says so" wait_for 20 page_says $MASTER "^Well: 1 VIP answers[.] .* has held it for "
check "the page in HTML is whole" eval 'page $MASTER text/html && grep -q "^</html>" /shared/page.$MASTER'
ns client bash -c "exec 7<> /dev/tcp/$VIP/80 8<> /dev/tcp/$VIP/80; sleep 20" &
check "it counts the open connections of the VIP" wait_for 10 page_says $MASTER "^10.4.0.50 .* 2 open connections, [0-9]+ new a second"
check "those of the backup are none" wait_for 5 page_says $BACKUP "^10.4.0.50 .* 0 open connections, 0 new a second"
check "that of the backup does not guess: its sync reads a directory, which has no reports" \
  wait_for 20 page_says $BACKUP "^Unknown: Which node holds 1 VIP is unknown: "

scenario role-cable
ip link set $MASTER.lan down
check "a cable that is out is FAULT within 5 s (fault 250)" wait_for 5 state_is $MASTER fault
figures "{\"vrrp\": \"$(grep -o '{instance: .*' "$(volume $MASTER applied)/status.yaml" | tr -d '"')\"}"
check "the status says what is down" status_has $MASTER 'interface \"eth0\" has no carrier'
status_exit $MASTER
check "kkv status ends with 1" test $REPLY = 1
check "and begins with FAULT" grep -q '^FAULT on .*: not healthy' /shared/status.$MASTER
check "the node is not ready" answers $MASTER /readyz 503
check "the node is not healthy" answers $MASTER /health 500
check "the other says that it is master" wait_for 20 state_is $BACKUP master
ip link set $MASTER.lan up
check "the cable is in: it is a backup again" wait_for 10 state_is $MASTER backup
check "and is ready" wait_for 5 answers $MASTER /readyz 200
nap 1
check "the history of the node has it all" eval 'roles $MASTER "\"from\":\"master\",\"to\":\"fault\"" && roles $MASTER "\"from\":\"fault\",\"to\":\"backup\""'
kkv $MASTER history > /shared/history 2>&1
check "kkv history shows it" grep -q 'MASTER > FAULT' /shared/history

scenario role-two-masters
ip link set $MASTER.lan nomaster
check "two nodes that do not hear each other both say that they are master (fault 256)" \
  wait_for 20 eval 'state_is $MASTER master && state_is $BACKUP master'
ip link set $MASTER.lan master br-lan
check "one is master when they do" wait_for 20 eval 'one_master && { state_is $MASTER backup || state_is $BACKUP backup; }'

scenario role-agent
masters
MASTER=$REPLY
nap 2
before=$(grep -o '{instance: .*' "$(volume $MASTER applied)/status.yaml")
read -r _ killed <<< "$(kill_agent $MASTER)"
check "the agent was killed" test "$killed" = 1
check "the next agent writes a status" wait_for 60 eval '! grep -q "state: unknown" "$(volume $MASTER applied)/status.yaml" && [ "$(grep -c . "$(volume $MASTER state)/history.jsonl")" -gt 0 ] && answers $MASTER /readyz 200'
after=$(grep -o '{instance: .*' "$(volume $MASTER applied)/status.yaml")
check "with the same role, since and reason (fault 255)" test "$after" = "$before"

scenario role-keepalived
lines() { grep -c . "$(volume $MASTER state)/history.jsonl"; }
old=$(lines)
kill_keepalived $MASTER > /dev/null
check "that keepalived is gone is in the history (fault 251)" wait_for 20 eval 'tail -n +$((old + 1)) "$(volume $MASTER state)/history.jsonl" | grep -q "\"to\":\"unknown\""'
check "its role is known again" wait_for 20 eval 'state_is $MASTER backup || state_is $MASTER master'
check "one node holds the VIP" wait_for 20 one_master
finish
