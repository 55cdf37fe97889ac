#!/bin/bash
# seconds 300
# Sixty virtual servers on each of two nodes, and two hundred of somebody else's in a third network namespace of the same kernel: its
# file of them loses its place between two pages. What it leaves out is not taken for missing.
. /checkout/test/lab/guest/lib.sh
ENTRIES=()
for i in {150..209}; do ENTRIES+=("10.4.0.$i: default/echoheaders"); done
VIP=10.4.0.150
swarm() {
  local i
  ip netns add swarm
  ip -n swarm link set lo up
  for i in {1..200}; do printf '%s\n' "-A -t 10.9.$((i % 7)).$i:$((8000 + i)) -s rr" "-a -t 10.9.$((i % 7)).$i:$((8000 + i)) -r 10.9.9.9:80 -m"; done | ip netns exec swarm ipvsadm -R
}
BEFORE_START=swarm
two_nodes --soak 2 --drift-interval 1 --ask-lan false
wait_for 150 serving $VIP 80 || die "the VIP is not served after 150 s"
steady

scenario namespaces
all_there() { local n; for n in n1 n2; do [ "$(ns $n ipvsadm -Sn | grep -c '^-A')" = 60 ] || return 1; done; }
check "both nodes have all sixty virtual servers" wait_for 60 all_there
is_good() { local n; for n in n1 n2; do [ -e /shared/volumes/$n/state/last-known-good ] && ls /shared/volumes/$n/state/last-known-good/* > /dev/null 2>&1 || return 1; done; }
check "on both it runs through the soak (fault 213)" wait_for 60 is_good
shown() { local count=0 line; while read -r line; do [[ $line != TCP* ]] || count=$((count + 1)); done < <(ns $1 cat /proc/net/ip_vs); echo $count; }
figures "{\"shown_by_the_file\": [$(shown n1), $(shown n2)]}"
check "though the kernel's file shows less" eval '[ $(shown n1) -lt 60 ] || [ $(shown n2) -lt 60 ]'
nap 5
for n in n1 n2; do
  check "$n: nothing drifts (fault 213)" not eval 'status_has $n DRIFT || grep -q "\"event\":\"drift\"\|\"drift\"" /shared/log.$n'
  check "$n: nothing was rolled back (fault 213)" not eval 'grep -qE "rolled-back|stranded" /shared/log.$n'
done
ns $MASTER ipvsadm -D -t 10.4.0.200:80
check "what is missing is still seen, and comes back" wait_for 20 all_there
ns $MASTER ipvsadm -E -t 10.4.0.200:80 -s wlc -p 300
check "a persistence that somebody else has set goes (fault 213)" wait_for 20 not eval 'ns $MASTER ipvsadm -Sn | grep -q -e "-p 300"'
finish
