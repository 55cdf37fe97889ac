#!/bin/bash
# --notify: a program is told each role of its node, as nobody and without capabilities, and nothing waits for it.
. /checkout/test/lab/guest/lib.sh
HOOK=/shared/hook
mkdir -p $HOOK/{n1,n2} && chmod 777 $HOOK/{n1,n2}
# What components/notify adds, and where its volume would be.
POD_CAPABILITIES=,+setuid,+setgid
hook() { # MACHINE LINE...: what the program does after it has written down who called it
  local n=$1
  shift
  printf '%s\n' '#!/bin/sh' "echo \"\$* \$(id -u):\$(id -G) \$(grep CapEff /proc/self/status | cut -f2)\" >> $HOOK/$n/calls" "$@" > $HOOK/$n/notify.sh.new
  chmod 555 $HOOK/$n/notify.sh.new && mv $HOOK/$n/notify.sh.new $HOOK/$n/notify.sh
}
told() { file_has $HOOK/$1/calls "INSTANCE vips $2"; } # MACHINE STATE
count_calls() { count_in $HOOK/$1/calls "INSTANCE vips $2"; } # MACHINE STATE: in REPLY
hook n1 'echo to the cloud' && hook n2 'echo to the cloud'
topology 2
pods n3 5 6
apply
prepare_nodes
serve_pods n3 8080 5 6
service echoheaders 80/tcp:8080
nodes n1 n2
echoheaders 10.2.68.5 10.2.68.6
vips "$VIP: default/echoheaders"
for n in n1 n2; do product_start $n --soak 2 --notify $HOOK/$n/notify.sh --notify-time 6; done
steady

scenario notify
check "the master's program is told MASTER" wait_for 30 told $MASTER "MASTER 2"
check "the backup's program is told BACKUP" wait_for 30 told $BACKUP "BACKUP 2"
check "as nobody, without groups and capabilities" eval \
  'file_has $HOOK/$MASTER/calls " 65534:65534 0000000000000000" && not file_has $HOOK/$MASTER/calls " 0:"'
check "its output is in the log" wait_for 5 eval 'log_count $MASTER "to the cloud"; [ $REPLY -gt 0 ]'
count_calls $MASTER MASTER
check "once" test $REPLY = 1
# A program that hangs: the takeover waits for nothing, and the program ends after its time.
hook $BACKUP 'trap "" TERM' 'sleep 60'
probe notify tcp $VIP 80 20
nap 1
at=$(now)
power_cut $MASTER
check "the other node takes over (fault 291)" wait_for 10 has_vip $BACKUP
check "its program is told MASTER" wait_for 30 told $BACKUP "MASTER 2"
check "after its time it is ended, and that is a problem" wait_for 40 status_has $BACKUP NOTIFY_FAILED
check "the problem names the command" status_has $BACKUP "$HOOK/$BACKUP/notify.sh INSTANCE vips MASTER"
kkv $BACKUP status
on $BACKUP ps -eo user,args > /shared/ps.txt
check "and nothing of it is left" not grep -q "sleep 60" /shared/ps.txt
MACHINES=($BACKUP)
echoheaders 10.2.68.5
check "a change is applied meanwhile" wait_for 20 eval 'not has_real_server $BACKUP 10.2.68.6 8080 || has_weight $BACKUP 10.2.68.6 8080 0'
probed notify $at
figures "$REPLY"
check "the gap is at most 3191 ms" at_most "$REPLY" longest_gap_ms 3191
# A call that succeeds ends the problem: here because the cable is out.
hook $BACKUP 'echo to the cloud'
ip link set $BACKUP.lan down
check "without a link the program is told FAULT" wait_for 30 told $BACKUP "FAULT 2"
check "and the problem is over" wait_for 30 not status_has $BACKUP NOTIFY_FAILED
finish
