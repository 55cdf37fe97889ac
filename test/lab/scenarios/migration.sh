#!/bin/bash
# seconds 600
# alone
# From release 0.35 to the anchor layout, node by node, under a request every 20 ms. The program of release 0.35 cannot run here: this is a
# RE-ENACTMENT of what it does on a node, with its keepalived.conf (rootfs/keepalived.tmpl, pkg/controller of that release) and with the
# distribution's keepalived, 2.2.7, which checks adverts as its 2.0.19 did. The pods of this product have the newer release, as its image has.
. /checkout/test/lab/guest/lib.sh
NEWER=() # the image has it
if [ -z "${IMAGES:-}" ]; then
  releases=/checkout/.cache/keepalived
  newer=/shared/newer/release/keepalived
  mkdir -p /shared/newer
  cp -r $releases/[0-9]*/. ${newer%/*} || die "no second keepalived: scripts/keepalived-releases.sh"
  # It names its loader and libraries by their paths on the host, which the guest may not have.
  loader=$(find $releases/*/usr/lib -name 'ld-linux*.so.*' -type f)
  patchelf --set-interpreter "$loader" --force-rpath --set-rpath "${loader%/*}" $newer
  $newer --version > /shared/log.newer 2>&1 || die "the second keepalived does not run"
  # It looks for a file beside the path that it is called by.
  printf '#!/bin/sh\nexec %s "$@"\n' $newer > /shared/newer/keepalived && chmod +x /shared/newer/keepalived
  POD_PATH=/shared/newer:$POD_PATH
  NEWER=(--keepalived $newer)
fi
FORMER_VIPS=($VIP 10.4.0.51)
declare -A RANK=([n1]=100 [n2]=101 [n3]=102)

# What a pod of release 0.35 does: `ipvsadm -C`, its keepalived.conf, keepalived.
former_start() { # MACHINE
  local d=/shared/former.$1 vip server=
  mkdir -p $d
  for vip in "${FORMER_VIPS[@]}"; do
    server+="
# Service: default/echoheaders
virtual_server $vip 80 {
  delay_loop 5
  lvs_sched wlc
  lvs_method NAT
  persistence_timeout 1800
  protocol TCP
$(for real in 10.2.68.5 10.2.68.6; do printf '\n  real_server %s 8080 {\n    weight 1\n    TCP_CHECK {\n      connect_port 8080\n      connect_timeout 3\n    }\n  }\n' $real; done)
}
"
  done
  cat > $d/keepalived.conf << F

global_defs {
  vrrp_version 3
  vrrp_iptables KUBE-KEEPALIVED-VIP
}

vrrp_instance vips {
  state BACKUP
  interface eth0
  virtual_router_id 50
  priority ${RANK[$1]}
  nopreempt
  advert_int 1

  track_interface {
    eth0
  }

  virtual_ipaddress {
$(printf '    %s\n' "${FORMER_VIPS[@]}")
  }
}
$server
F
  on $1 ipvsadm -C
  on $1 iptables -N KUBE-KEEPALIVED-VIP 2> /dev/null
  on $1 /usr/sbin/keepalived --dont-fork --log-console --no-syslog --use-file $d/keepalived.conf \
    --pid $d/k --vrrp_pid $d/v --checkers_pid $d/c > /shared/log.$1.former 2>&1 < /dev/null &
  wait_for 10 has_virtual_server $1 $VIP 80 || die "release 0.35 did not start on $1"
}
# Its end: it deletes the VIPs, sends SIGTERM to keepalived, and exits; then the kernel ends what is left of the container.
former_stop() { # MACHINE
  local d=/shared/former.$1 vip
  for vip in "${FORMER_VIPS[@]}"; do ns $1 ip addr del $vip/32 dev eth0 2> /dev/null; done
  on $1 sh -c "kill -TERM \$(cat $d/k); sleep 0.05; kill -9 \$(cat $d/k $d/v $d/c 2> /dev/null) 2> /dev/null"
}
# docs/migrate-0.35.md: what a node has left of 0.35 is removed before ours starts.
clear_node() { # MACHINE
  local vip
  for vip in "${FORMER_VIPS[@]}"; do
    on $1 ipvsadm -D -t $vip:80 2> /dev/null
    ns $1 ip addr del $vip/32 dev eth0 2> /dev/null
  done
  on $1 iptables -F KUBE-KEEPALIVED-VIP 2> /dev/null
  on $1 iptables -X KUBE-KEEPALIVED-VIP 2> /dev/null
}

# Whose interface has the address: the table of local addresses alone. While it hands the VIPs over, a node also has a table with routes to
# them, for its open connections; it answers no ARP for those (image/s6/scan/.s6-svscan/keep-connections).
owners_of() { # ADDRESS: in REPLY
  local n text found=
  for n in "${MACHINES[@]}"; do
    text_of /proc/${PID[$n]}/net/fib_trie
    text=${REPLY##*Local:}
    text=${text%%$'\n'Id *}
    [[ ${text%%$'\n'Main:*} =~ "-- $1"$'\n'\ +/32\ host\ LOCAL ]] && found+="$n "
  done
  REPLY=${found% }
}
# Who has a VIP in its kernel, every 20 ms, until its file is gone: the number of looks at which no node, one or several had it.
watch_owners() {
  local none=0 one=0 several=0 vip
  trap - EXIT
  while [ -e /shared/watching ]; do
    for vip in "${FORMER_VIPS[@]}"; do
      owners_of $vip
      case $REPLY in '') none=$((none + 1)) ;; *" "*) several=$((several + 1)); echo "[$(now)] $vip: $REPLY" ;; *) one=$((one + 1)) ;; esac
    done
    nap 0.02
  done
  echo "{\"none\": $none, \"one\": $one, \"several\": $several}" > /shared/owners
}
# What the LAN was told: each line is a claim of an address by a hardware address; a change is a claim by another one than before.
claims() { # ADDRESS: the nodes that claimed it, one after the other, in REPLY
  local n mac names=
  for n in "${MACHINES[@]}"; do read -r mac < <(on $n cat /sys/class/net/eth0/address); names+="$mac=$n "; done
  REPLY=$(awk -v ip="$1" -v names="$names" '
    BEGIN { split(names, list, " "); for (i in list) { split(list[i], pair, "="); name[pair[1]] = pair[2] } }
    # Gratuitous ARP asks for its own address; a reply says is-at.
    ($0 ~ "Reply " ip " is-at") || ($0 ~ "who-has " ip " .*tell " ip ",") { who = name[$2]; if (who != last) { all = all who " "; last = who } }
    END { sub(/ $/, "", all); print all }' /shared/log.arp)
}

topology 3
pods n3 5 6
apply
prepare_nodes
# Release 0.35 does not masquerade: it works where the network of the pods does, as flannel does for what comes from outside.
for n in n1 n2 n3; do on $n iptables -t nat -A POSTROUTING ! -s 10.2.0.0/16 -d 10.2.0.0/16 -j MASQUERADE; done
serve_pods n3 8080 5 6
service echoheaders 80/tcp:8080
nodes n1 n2 n3
echoheaders 10.2.68.5 10.2.68.6
vips "$VIP: default/echoheaders" "10.4.0.51: default/echoheaders"
tcpdump -i br-lan -e -ln arp > /shared/log.arp 2> /dev/null &
for n in n1 n2 n3; do former_start $n; nap 1; done
wait_for 20 one_master || die "release 0.35 has no master"

scenario migration
masters
check "release 0.35: n1 is master, because it was first" test "$REPLY" = n1
get tcp $VIP 80 5
figures "$REPLY"
check "and the VIP answers" is "$REPLY" answered 5
: > /shared/watching
watch_owners > /shared/log.owners &
watcher=$!
STEP=0
# One step under requests. The guest's one CPU starts pods meanwhile, so some answers are late; a takeover without the master's farewell takes
# more than three seconds. What stays after it: one master, which everybody hears.
step() { # NAME MASTER COMMAND...
  local name=$1 master=$2 at
  shift 2
  STEP=$((STEP + 1))
  quiet
  # Its own ports: those of the step before are still in TIME_WAIT.
  probe step$STEP tcp $VIP 80 20 0 $((10000 + STEP * 3000))-$((12999 + STEP * 3000))
  nap 1
  at=$(now)
  "$@"
  # A node that does not hear the master becomes one within four adverts.
  nap 6
  probed step$STEP $at
  figures "$REPLY"
  local seen=$REPLY
  check "$name: one master, $master" eval "one_master && one_master 10.4.0.51 && masters && [ \"\$REPLY\" = $master ]"
  field "$seen" longest_gap_ms
  figures "{\"longest_gap_ms\": $REPLY}"
  check "$name: no request is lost, and the gap is at most ${MOST:-2000} ms" eval 'is "$seen" lost 0 && at_most "$seen" longest_gap_ms ${MOST:-2000}'
}
replace() { # MACHINE FLAG...: release 0.35 ends, what it left is removed, ours starts
  local n=$1
  shift
  former_stop $n
  nap 1
  clear_node $n
  ours $n "$@"
}
ours() { # MACHINE FLAG...
  product_start "$@" "${NEWER[@]}" --soak 2
  wait_for 60 has_virtual_server $1 $VIP 80 || die "ours did not start on $1"
}
to_anchor() { product_stop $1; product_exit $1; ours $1 --profile=0.35 --layout=anchor; }

step "ours on n2, a backup" n1 replace n2 --profile=0.35
check "its keepalived.conf advertises the same VIPs" live_has n2 "  virtual_ipaddress {
    10.4.0.50/32 dev eth0
    10.4.0.51/32 dev eth0
  }"
# 0.35 does not wait for keepalived's farewell: without it, a backup waits for three adverts.
MOST=3500 step "ours on n1, the master" n2 replace n1 --profile=0.35
step "ours on n3, the last one" n2 replace n3 --profile=0.35
all_nodes() { local n; for n in n1 n2 n3; do "$@" $n || return 1; done; }
is_applied() { status_has $1 "outcome: applied"; }
check "each node runs as it is written" wait_for 10 all_nodes is_applied
without_the_second() { has_weight $1 10.2.68.6 8080 0 || ! has_real_server $1 10.2.68.6 8080; }
echoheaders 10.2.68.5
check "a change of the pods is applied" wait_for 30 all_nodes without_the_second
echoheaders 10.2.68.5 10.2.68.6

step "the anchor layout on n1, a backup" n2 to_anchor n1
check "its keepalived.conf advertises the anchor" live_has n1 "  virtual_ipaddress {
    169.254.50.1/32 dev eth0
  }"
log_count n1 "expected 1 VIPs but received 2"
figures "{\"times\": $REPLY}"
check "it hears the classic master, and says what is different" test $REPLY -gt 0
step "the anchor layout on n2, the master" n1 to_anchor n2
step "the anchor layout on n3, the last one" n1 to_anchor n3
rm /shared/watching
wait $watcher
read -r owners < /shared/owners
figures "$owners"
check "no address had two owners in any kernel" is "$owners" several 0
for vip in "${FORMER_VIPS[@]}"; do
  claims $vip
  figures "{\"claimed\": \"$REPLY\"}"
  check "the LAN heard of one owner of $vip after the other" test "$REPLY" = "n1 n2 n1"
done
kkv n1 status
finish
