#!/bin/bash
# images
# The walk-through with the images' own root filesystems as each node's pod: elected, answered, scaled, a broken mapping refused under
# traffic, and the orderly end of the pod that has the VIP. LAB_IMAGES says where they are (test/image/run.sh builds them first).
#
# `LAB_IMAGES=... lab.sh images BREAK=...` breaks the end of the pod on purpose, to see that the checks can fail:
#   kill   keepalived is killed with -9, then cleaned up after: requests are late
#   leave  keepalived is killed with -9, and nothing else: the node keeps its VIP, its table and its chains
. /checkout/test/lab/guest/lib.sh
[ -n "${IMAGES:-}" ] || die "LAB_IMAGES is wanted: the folder of test/image/build.sh"
if [ -n "${BREAK:-}" ]; then
  IMAGE=/shared/broken
  mkdir -p $IMAGE
  cp -r /checkout/image/s6 $IMAGE/
  sed -i '/echo 1 >/d; /sleep 1.5/d; s/.*s6-svc -wD.*/s6-svc -O keepalived; kill -9 $(cat "$run"\/*.pid)/' $IMAGE/s6/scan/.s6-svscan/SIGTERM
  [ "$BREAK" = kill ] || sed -i '/release-node/d' $IMAGE/s6/scan/.s6-svscan/SIGTERM
fi
ENDPOINTS=10.2.68.5 two_nodes --soak 2 --drain-time 2
v=/shared/volumes
pids() { read -r SYNC < $v/$1/pod/sync.pid && read -r SIDECAR < $v/$1/pod/pid; }
# What the kernel says of a process of a machine, one line a key.
process_of() { on $1 cat /proc/$2/status > /shared/process; }
process_has() { local line; for line; do grep -qE "^$line\$" /shared/process || { echo "no line $line:"; cat /shared/process; return 1; }; done; }
# The hexadecimal masks of capabilities(7): none, and NET_ADMIN (12) with NET_RAW (13).
NONE=0000000000000000 BOTH=0000000000003000

scenario images
check "prepare-node of the image has done its work" eval 'grep -q "ip_vs: loaded already" /shared/log.n1.prepare && grep -q "ip_forward = 1" /shared/log.n1.prepare'
check "a master is elected and both nodes forward" wait_for 90 serving $VIP 80
steady
pids n1
process_of n1 $SYNC
check "sync: user 65532, no capability, none to get" process_has "Uid:.65532.65532.65532.65532" "Gid:.65532.65532.65532.65532" "CapEff:.$NONE" "CapPrm:.$NONE" \
  "CapBnd:.$NONE" "NoNewPrivs:.1" "NSpid:.*.1"
process_of n1 $SIDECAR
check "sidecar: NET_ADMIN and NET_RAW, no more to get" process_has "Uid:.0.0.0.0" "CapEff:.$BOTH" "CapBnd:.$BOTH" "NoNewPrivs:.1" "Name:.init"
in_pod n1 sh -c 'touch /etc/x; touch /run/kkv/desired/x; touch /run/kkv/applied/x && rm /run/kkv/applied/x && echo written' > /shared/touched 2>&1
check "sidecar: root and desired/ are read-only, applied/ is not" eval '[ "$(grep -c "Read-only file system" /shared/touched)" = 2 ] && grep -q ^written /shared/touched'
in_pod n1 kkv version > /shared/version 2>&1
in_pod n1 keepalived --version 2>&1 | grep -o '^Keepalived v[0-9.]*' >> /shared/version
figures "{\"versions\":\"$(tr -s ' \n' ' ' < /shared/version)\"}"
check "kkv answers in the pod" grep -q '^kkv .*[0-9]' /shared/version
masters
kkv $REPLY status > /shared/status 2>&1
check "kkv status: well, as master" eval 'cat /shared/status; grep -q "^MASTER on 10.4.0.*: healthy" /shared/status'
ns client curl -s -m 5 $VIP > /shared/curl.txt 2>&1
check "curl answers" grep -q '^command=GET' /shared/curl.txt

probe images tcp $VIP 80 20
nap 1
echoheaders 10.2.68.{5,6,7,8,9}
check "1 -> 5 pods: both nodes forward to five" wait_for 40 eval 'real_servers_are n1 5 && real_servers_are n2 5'
nap 2
vips "$VIP: default/echoheaders:DRAG" "10.4.0.999: default/echoheaders"
refused() { status_has n1 BAD_FORWARDING_METHOD && status_has n1 BAD_ADDRESS && status_has n2 BAD_FORWARDING_METHOD; }
check "a broken mapping is refused" wait_for 30 refused
check "the VIP goes on in its last good form" serving $VIP 80
nap 2
vips "$VIP: default/echoheaders"
check "mended: nothing is held any more" wait_for 30 not eval 'status_has n1 BAD_ || status_has n2 BAD_'
nap 1
probed images
r=$REPLY
figures "$r"
check "a request every 20 ms meanwhile: none lost" is "$r" lost 0
check "all five pods have answered" is "$r" pods 5

# Before there is traffic again: what the drain time leaves to do is over.
nap 3
quiet
probe stop tcp $VIP 80 20
nap 1
at=$(now)
product_signal $MASTER
sync_signal $MASTER
check "SIGTERM: both containers of the master end" wait_for 30 eval '[ -s $v/$MASTER/pod/status ] && [ -s $v/$MASTER/pod/sync.status ]'
product_exit $MASTER
figures "{\"sidecar\": $REPLY, \"sync\": $(cat $v/$MASTER/pod/sync.status), \"seconds\": $(awk "BEGIN { print $(now) - $at }")}"
check "with status 0" eval '[ "$(cat $v/$MASTER/pod/status $v/$MASTER/pod/sync.status | tr -d "\n")" = 00 ]'
check "the other node has the VIP" wait_for 5 eval 'masters; [ "$REPLY" = $BACKUP ]'
nap 1
probed stop $at
r=$REPLY
figures "$r"
check "no request lost" is "$r" lost 0
figures "$r"
check "none refused" is "$r" refused 0
figures "$r"
check "none later than 1 s" at_most "$r" max_ms 1000
check "its IPVS table is empty" not has_virtual_server $MASTER $VIP 80
check "its VIP and its anchor are gone" not eval 'has_vip $MASTER || has_address $MASTER 169.254.50.1'
check "its iptables chains are gone" not eval 'on $MASTER iptables-save | grep KUBE-KEEPALIVED-VIP'
on $MASTER ps -eo stat,args > /shared/ps.txt
check "no process is left, no zombie" not grep -qE 'keepalived|s6-|kkv|^Z' /shared/ps.txt
finish
