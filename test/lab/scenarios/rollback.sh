#!/bin/bash
# Somebody else changes the kernel's tables: drift is repaired; a change that cannot be verified is rolled back.
. /checkout/test/lab/guest/lib.sh
two_nodes --soak 2 --drift-interval 5
steady

scenario drift
ns $MASTER ipvsadm -A -t 10.99.0.1:99 -s rr
probe drift tcp $VIP 80 20
nap 1
at=$(now)
ns $MASTER ipvsadm -d -t $VIP:80 -r 10.2.68.5:8080
check "a real server deleted by hand is gone" not has_real_server $MASTER 10.2.68.5 8080
wait_for 15 has_real_server $MASTER 10.2.68.5 8080
took() { awk -v a=$at -v b=$(now) 'BEGIN { printf "{\"seconds\": %.1f}", b - a }'; }
t=$(took)
figures "$t"
# The interval, the second look after 0.1 s, and the programs that the repair starts: 40-80 ms each in this guest.
check "it is back within the interval of 5 s" at_most "$t" seconds 6
at=$(now)
ns $MASTER ipvsadm -D -t $VIP:80
wait_for 15 has_virtual_server $MASTER $VIP 80
t=$(took)
figures "$t"
check "a virtual server deleted by hand is back too" at_most "$t" seconds 6
check "with all its real servers" wait_for 3 has_real_server $MASTER 10.2.68.6 8080
check "one that is not ours is left alone" has_virtual_server $MASTER 10.99.0.1 99
one_master
check "no transition" test "$REPLY" = $MASTER
probed drift
figures "$REPLY"
check "the VIP has answered all but during the second repair" at_least "$REPLY" answered 50

scenario rollback
probe rollback tcp $VIP 80 20
foes=()
for n in n1 n2; do
  /usr/bin/python3 -S $HERE/foreign-tool.py $n 10.4.0.51 80 > /shared/foe.$n &
  foes+=($!)
done
nap 1
service second 80/tcp:8080
endpoints second 80/tcp:8080 10.2.68.7
vips "$VIP: default/echoheaders" "10.4.0.51: default/second"
check "the outcome is rolled-back" wait_for 60 status_has $MASTER rolled-back
check "the file before the change is live again" wait_for 10 not live_has $MASTER 10.4.0.51
check "the VIP of the change is gone" wait_for 10 not has_address $MASTER 10.4.0.51
kkv $MASTER status
check "the old VIP still has its virtual server" has_virtual_server $MASTER $VIP 80
kill -TERM "${foes[@]}"
wait "${foes[@]}"
probed rollback
figures "$REPLY"
check "no request to it was lost" is "$REPLY" lost 0
read -r deleted < /shared/foe.$MASTER
figures "{\"deleted\": $deleted}"
check "the foreign tool did delete" test "$deleted" -gt 0
echoheaders 10.2.68.5 10.2.68.6 10.2.68.9
vips "$VIP: default/echoheaders"
check "the next change is applied" wait_for 30 has_real_server $MASTER 10.2.68.9 8080
finish
