#!/bin/bash
# The metrics of three nodes in each state that an alert is about, as /out/recordings/STATE/NODE.PROGRAM. Not a check: record.sh runs it.
. /checkout/test/lab/guest/lib.sh
declare -A POD=([n1]=10.2.66.5 [n2]=10.2.67.5 [n3]=10.2.68.5)
topology 3
for n in n1 n2 n3; do pods $n 5; done
apply
prepare_nodes
specs=()
for n in n1 n2 n3; do specs+=(pods.$n,tcp,${POD[$n]},8080,pod-$n); done
serve "${specs[@]}"
service echoheaders 80/tcp:8080
service idle 80/tcp:8080
nodes n1 n2 n3
echoes() { endpoints echoheaders 80/tcp:8080 "$@"; }
echoes "${POD[@]}"
ENTRIES=("$VIP: default/echoheaders" '10.4.0.51: ""' '10.4.0.52: ""' '10.4.0.53: ""')
vips "${ENTRIES[@]}"
SYNC_FLAGS=(--http-port 10112)
start() { product_start $1 --soak 2 --drain-time 2 --drift-interval 5; }
for n in n1 n2 n3; do start $n; done
wait_for 90 serving $VIP 80 || die "the VIP is not served after 90 s"

DIR=/out/recordings
page() { on $1 curl --silent --fail --max-time 5 http://127.0.0.1:$2/metrics; } # MACHINE PORT
record() { # STATE [MACHINE]: what does not answer has no page; the sidecar's page of MACHINE is there already
  local n dir=$DIR/$1
  mkdir -p $dir
  for n in n1 n2 n3; do
    [ "$n" = "${2:-}" ] || page $n 8080 > $dir/$n.sidecar || rm $dir/$n.sidecar
    page $n 10112 > $dir/$n.sync || rm $dir/$n.sync
  done
}
keeps() { page $2 8080 > $DIR/$1/$2.sidecar && grep -q -E "^$3" $DIR/$1/$2.sidecar; }
caught() { # STATE MACHINE PATTERN: the page in which that machine shows it, and what the others say then
  mkdir -p $DIR/$1
  check "$1 is seen" wait_for ${LIMIT:-60} keeps "$@"
  record $1 $2
}
shows() { page $1 8080 | grep -q -E "^$2"; } # MACHINE PATTERN
is_well() { local n; one_master || return 1; for n in n1 n2 n3; do shows $n 'kkv_well 1' || return 1; done; }
back() { # the master is M, the others A and B
  local all=(n1 n2 n3)
  check "all is well after $1" wait_for 120 is_well
  masters
  M=$REPLY
  read -r A B <<< "${all[@]/$M/}"
}
pid_of() { on $1 pgrep -f "kkv.mjs $2" | head -n 1; }

state_well() { record well; }
state_entry-broken() {
  vips "${ENTRIES[@]}" "10.4.0.60: nonsense"
  caught entry-broken $M 'kkv_entries\{state="left-out"\} 1'
  vips "${ENTRIES[@]}"
}
state_entry-unserved() {
  vips "${ENTRIES[@]}" "10.4.0.61: default/idle"
  caught entry-unserved $M 'kkv_entries\{state="unserved"\} 1'
  vips "${ENTRIES[@]}"
}
state_guard() {
  vips
  caught guard $M 'kkv_guard_held\{guard="mass-removal"\} 1'
  vips "${ENTRIES[@]}"
}
state_configmap-gone() {
  no_vips
  caught configmap-gone $M 'kkv_guard_held\{guard="configmap"\} 1'
  vips "${ENTRIES[@]}"
}
state_drift() {
  ns $M ipvsadm -D -t $VIP:80
  caught drift $M 'kkv_drift 1'
}
state_keepalived-down() {
  kill_keepalived $M > /dev/null
  caught keepalived-down $M 'kkv_keepalived_running 0'
}
state_fault() { # another program holds the lock of iptables
  in_pod $A flock /run/xtables.lock sleep 60 &
  vips "${ENTRIES[@]}" "10.4.0.62: default/echoheaders"
  caught fault $A 'kkv_faults\{code="[A-Z_]+"\} 1'
  vips "${ENTRIES[@]}"
  wait_for 90 eval '! in_pod $A pgrep -x flock'
}
state_no-master() {
  for n in n1 n2 n3; do ip link set $n.lan down; done
  caught no-master $M 'kkv_vrrp_state\{vrrp_instance="vips",state="fault"\} 1'
  for n in n1 n2 n3; do ip link set $n.lan up; done
}
state_two-masters() {
  ip link set $M.lan nomaster
  wait_for 20 eval 'shows $A "kkv_master.* 1" || shows $B "kkv_master.* 1"'
  caught two-masters $M 'kkv_nodes_cut_off 1'
  ip link set $M.lan master br-lan
}
state_flapping() {
  local turn lost
  for turn in 1 2 3 4 5 6; do
    masters
    lost=${REPLY%% *}
    ip link set $lost.lan down
    wait_for 20 eval 'masters; [[ -n $REPLY && $REPLY != *$lost* ]]'
    ip link set $lost.lan up
  done
  back "the flaps"
  record flapping
}
state_agent-down() {
  kill_agent $A > /dev/null
  record agent-down
}
state_sync-silent() { # and source-old
  local pid
  pid=$(pid_of $B sync)
  on $B kill -STOP $pid
  LIMIT=90 caught sync-silent $B 'kkv_sync_heartbeat_age_seconds [4-9][0-9]'
  LIMIT=240 caught source-old $B 'kkv_source_age_seconds (1[6-9]|2)[0-9]'
  on $B kill -CONT $pid
}
state_rolled-back() { # another program takes a new virtual server away again and again
  local foes=()
  for n in n1 n2 n3; do
    /usr/bin/python3 -S $HERE/foreign-tool.py $n 10.4.0.63 80 > /shared/foe.$n &
    foes+=($!)
  done
  vips "${ENTRIES[@]}" "10.4.0.63: default/echoheaders"
  caught rolled-back $M 'kkv_config_last_reload_successful 0'
  kill -TERM "${foes[@]}"
  vips "${ENTRIES[@]}"
}
state_power-cut() { # and node-unreachable
  power_cut $M
  record power-cut
  wait_for 20 eval 'masters; [[ -n $REPLY && $REPLY != $M ]]'
  caught node-unreachable $A 'kkv_nodes\{state="unreachable"\} 1'
  power_on $M
  start $M
}
state_rollout() {
  product_stop $B
  record rollout
  start $B
}

back "the start"
# In this order: a counter of a state has grown since the state before it (test/monitoring/timeline.ts).
for state in ${STATES:-well entry-broken entry-unserved guard configmap-gone drift keepalived-down fault no-master two-masters flapping \
  agent-down sync-silent rolled-back power-cut rollout}; do
  log "state $state"
  state_$state
  back $state
done
finish
