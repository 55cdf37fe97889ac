# The network: a LAN 10.4.0.0/24 with a client (.148) and three nodes (.3 to .5), and behind each node its pods, 10.2.66.0/24 to
# 10.2.68.0/24, with static routes between the nodes as flannel's host-gw makes them. In Kubernetes a node is called by its address.
#   topology MACHINES   the first so many of n1 n2 n3 are machines (network, mount, PID, UTS and IPC namespaces of their own, where
#                       the product can run), the others mere routers for their pods
#   pod_range NODE      as `pods`, with all addresses from 10.2.X.128 on
#   pods NODE N...      pod addresses 10.2.X.N on that node, all in one network namespace, pods.NODE
# Processes are dear in the guest, so lines for ip(8) are gathered and run in one batch for each namespace.
VIP=10.4.0.50
declare -A BATCH=() PID=() ADDRESS=([n1]=10.4.0.3 [n2]=10.4.0.4 [n3]=10.4.0.5) PODS=([n1]=10.2.66 [n2]=10.2.67 [n3]=10.2.68)
ROOT_BATCH=
MACHINES=()
root() { ROOT_BATCH+="$1"$'\n'; }
inside() { BATCH[$1]+="$2"$'\n'; }
namespace() { root "netns add $1"; inside "$1" "link set lo up"; }
lan() { # NAMESPACE ADDRESS
  root "link add $1.lan type veth peer name eth0 netns $1"
  root "link set $1.lan master br-lan up"
  inside "$1" "addr add $2/24 dev eth0"
  inside "$1" "link set eth0 up"
}
topology() { # MACHINES
  local node other
  root "link add br-lan type bridge forward_delay 0"
  root "link set br-lan up"
  namespace client
  lan client 10.4.0.148
  for node in n1 n2 n3; do
    namespace $node
    lan $node ${ADDRESS[$node]}
    for other in n1 n2 n3; do
      [ $other = $node ] || inside $node "route add ${PODS[$other]}.0/24 via ${ADDRESS[$other]}"
    done
    [ ${node#n} -le "$1" ] && MACHINES+=($node)
  done
}
pods() { # NODE N...
  local node=$1 x=${PODS[$1]} n
  shift
  namespace pods.$node
  root "link add eth0 netns pods.$node type veth peer name pods netns $node"
  inside $node "addr add $x.1/24 dev pods"
  inside $node "link set pods up"
  for n; do inside pods.$node "addr add $x.$n/24 dev eth0"; done
  inside pods.$node "link set eth0 up"
  inside pods.$node "route add default via $x.1"
}
join_host() { # after `apply`: the LAN reaches the host's namespace of LAB_LINK
  # The raw link carries no marks of what is still to be segmented or summed up: with these on, TCP hangs.
  ethtool -K vec0 tx off sg off tso off gso off gro off > /dev/null 2>&1
  ip link set vec0 master br-lan up
}
pod_range() { # NODE
  pods $1 2
  inside pods.$1 "route add local ${PODS[$1]}.128/25 dev lo"
}
apply() { # runs what was gathered
  local name p pid ppid
  ip -batch - <<< "$ROOT_BATCH" || die "ip -batch failed"
  for name in "${!BATCH[@]}"; do ip -n $name -batch - <<< "${BATCH[$name]}" || die "ip -batch failed in $name"; done
  for name in n1 n2 n3; do
    [[ " ${MACHINES[*]} " == *" $name "* ]] && start_machine $name || ns $name sysctl -qw net.ipv4.ip_forward=1
  done
  for name in "${MACHINES[@]}"; do wait_for 15 test -e /shared/up.$name || die "$name did not start"; done
  # The machines' own PID 1, as the guest's root sees them: /proc/PID/net shows a node's kernel tables without a process.
  for p in /proc/[0-9]*/stat; do
    read -r pid _ _ ppid _ < $p 2> /dev/null || continue
    for name in "${MACHINES[@]}"; do [ "$ppid" = "${PID[$name.parent]}" ] && PID[$name]=$pid; done
  done
}
start_machine() {
  local d=/run/machines/$1
  if [ ! -d /run/machines ]; then
    mkdir -p /run/machines
    mount -t tmpfs machines /run/machines
    mount --make-private /run/machines
  fi
  mkdir -p $d
  : > $d/mnt > $d/pid > $d/uts > $d/ipc
  nsenter --net=/run/netns/$1 unshare --mount=$d/mnt --uts=$d/uts --ipc=$d/ipc --pid=$d/pid --fork --mount-proc \
    /bin/sh $HERE/machine-init $1 &
  PID[$1.parent]=$!
}
ns() { local name=$1; shift; nsenter --net=/run/netns/$name "$@"; }
on() { # MACHINE COMMAND...: in all its namespaces
  local d=/run/machines/$1 name=$1
  shift
  nsenter --mount=$d/mnt --uts=$d/uts --ipc=$d/ipc --pid=$d/pid --net=/run/netns/$name "$@"
}
power_cut() { # MACHINE: its cable is pulled, then every process of it dies
  ip link set $1.lan nomaster
  on $1 kill -9 -1 2> /dev/null
}
power_on() { # MACHINE: its cable is plugged in; whoever wants processes on it starts them
  ip link set $1.lan master br-lan
}
# The client's ARP table has this machine's hardware address for the VIP: there its packets go.
asks() { # MACHINE
  local mac
  read -r mac < <(on $1 cat /sys/class/net/eth0/address)
  [[ "$(ip -n client neigh show $VIP)" == *" lladdr $mac "* ]]
}
has_address() { # MACHINE ADDRESS: in the kernel's table of local addresses
  text_of /proc/${PID[$1]}/net/fib_trie && [[ $REPLY =~ "-- $2"$'\n'\ +/32\ host\ LOCAL ]]
}
has_vip() { has_address $1 ${2:-$VIP}; }
masters() { # the machines that hold the VIP, in REPLY
  local name found=
  for name in "${MACHINES[@]}"; do has_vip $name ${1:-$VIP} && found+="$name "; done
  REPLY=${found% }
}
one_master() { masters ${1:-$VIP}; [[ -n $REPLY && $REPLY != *" "* ]]; }
ipvs_hex() { local a b c d; IFS=. read -r a b c d <<< "$1"; printf -v REPLY '%02X%02X%02X%02X:%04X' $a $b $c $d $2; }
# The IPVS table of a machine in REPLY, as /proc/net/ip_vs has it. The kernel gives that file a page at a time and, where other machines
# have virtual servers too, loses its place between two pages: what may not fit one page is asked for by netlink. That takes a process.
ipvs_text() { # MACHINE
  text_of /proc/${PID[$1]}/net/ip_vs || return 1
  ((${#REPLY} < 3900)) || REPLY=$(ns $1 ipvsadm -Sn | awk '
    function hex(place, p) { split(place, p, /[.:]/); return sprintf("%02X%02X%02X%02X:%04X", p[1], p[2], p[3], p[4], p[5]) }
    BEGIN { print "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn" }
    $1 == "-A" { print ($2 == "-t" ? "TCP" : "UDP") "  " hex($3) " " $5 "  " }
    $1 == "-a" { print "  -> " hex($5) "      " ($6 == "-m" ? "Masq" : $6 == "-i" ? "Tunnel" : "Route") "    " $8 "      0          0" }')
}
has_virtual_server() { # MACHINE ADDRESS PORT
  local key
  ipvs_hex $2 $3
  key=$REPLY
  ipvs_text $1 && [[ $REPLY == *"P  $key "* ]]
}
has_real_server() { # MACHINE ADDRESS PORT
  local key
  ipvs_hex $2 $3
  key=$REPLY
  ipvs_text $1 && [[ $REPLY == *"-> $key "* ]]
}
has_weight() { # MACHINE ADDRESS PORT WEIGHT: of a real server, in each virtual server that has it
  local key line found=
  ipvs_hex $2 $3
  key=$REPLY
  ipvs_text $1 || return 1
  while read -r line; do
    [[ $line == "-> $key "* ]] || continue
    [[ $line =~ ^"-> "[^\ ]+\ +[A-Za-z]+\ +$4\  ]] || return 1
    found=1
  done <<< "$REPLY"
  [ -n "$found" ]
}
real_servers() { # MACHINE: how many stand in its IPVS table, in REPLY
  local all arrow="  -> " without
  ipvs_text $1 || { REPLY=0; return; }
  all=$REPLY
  without=${all//"$arrow"/}
  REPLY=$(((${#all} - ${#without}) / ${#arrow}))
  REPLY=$((REPLY > 0 ? REPLY - 1 : 0)) # the heading has one arrow too
}
real_servers_are() { real_servers $1; [ $REPLY = $2 ]; }
