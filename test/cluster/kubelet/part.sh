#!/usr/bin/env bash
# The shipped manifests and the built images on two real kubelets. VRRP is real here, IPVS is not: the host's kernel need not have
# it, so the VIPs have no Services (the lab has real IPVS). Environment: as nodes.sh says.
# programs: kube kubelet
# takes 410 seconds
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
part=kubelet
export BED_STATE=${BED_STATE:-$here/../../../.cache/cluster/state-kubelet} BED_LAN=${BED_LAN:-kk}
. "$here/nodes.sh"
up

# --- the manifests --------------------------------------------------------------------------------------------------------------
accepted() { k apply --dry-run=server --validate=strict -k "$1" > /dev/null; }
# What the init container has to set. (Containerd would set it for pods with a network of their own, of which there are none here.)
for n in n1 n2; do node on "$n" sysctl -qw net.ipv4.ip_forward=0; done
t=$(now_ms)
k apply -k "$here" > /dev/null
first_ready() { ready && measured "after $(($(now_ms) - t)) ms"; }
PATIENCE=300 check "the DaemonSet becomes ready after one kubectl apply -k" first_ready
for manifests in base overlays/unicast overlays/without-hostpath overlays/restricted-namespace; do
  check "the API server accepts manifests/$manifests, strictly" accepted "$CHECKOUT/manifests/$manifests"
done

none_is_healthy() { [[ $(report) == "True 2 "* ]]; }
check "no VIP is a healthy state, said by the VipReport" none_is_healthy
restarts_before=$(restarts)
entries '{"10.4.0.50": "", "10.4.0.51": ""}'
announced() { h=$(holder) && has_vip "$h" 10.4.0.51 && measured "holder $h"; }
check "VIPs without a Service are announced by one of the two" announced
both_applied() { [[ $(report) == "True 2 "* ]] && kn describe configmap vip-configmap | grep -q 'Applied .*2 of 2 nodes .*: 2 VIPs'; }
check "the VipReport and an Event say that both nodes have them" both_applied
answers() { ip netns exec "$BED_LAN" ping -n -c 1 -W 1 "$vip"; }
check "the VIP answers on the LAN" answers
check "kubectl logs answers" kn logs "$(pod_on n1)" -c sync
configuration() { sidecar_on "$1" 'cat /etc/keepalived/keepalived.conf' | grep -q '10.4.0.51/32 dev eth0'; }
check "kubectl exec: keepalived.conf can be read" configuration n1
status() { sidecar_on n2 'kkv status' | grep -q '^10.4.0.50 *applied'; }
check "kubectl exec: kkv status answers" status

# --- seen from inside -----------------------------------------------------------------------------------------------------------
capabilities() { [ "$(sidecar_on n1 'grep -c "^Cap\(Prm\|Eff\|Bnd\):.0000000000003000$" /proc/1/status')" = 3 ]; }
check "sidecar has NET_ADMIN and NET_RAW and nothing else" capabilities
nothing_privileged() { [ "$(kn get pods -o jsonpath='{..securityContext.privileged}')" = "" ]; }
check "no container of the pods is privileged" nothing_privileged
prepared() {
  local n
  for n in n1 n2; do
    [ "$(node on "$n" cat /proc/sys/net/ipv4/ip_forward)" = 1 ] || return 1
    kn logs "$(pod_on "$n")" -c prepare-node | grep -q 'net/ipv4/ip_forward = 1 (' || return 1
  done
}
check "prepare-node has set the sysctl of both nodes" prepared
check "sidecar has a seccomp filter and gains no privileges" sidecar_on n1 'grep -q "^NoNewPrivs:.1$" /proc/1/status && grep -q "^Seccomp:.2$" /proc/1/status'
check "sidecar cannot write its root, nor desired/" sidecar_on n1 '! touch /x && ! touch /run/kkv/desired/x'
check "sidecar has no token" sidecar_on n1 '[ ! -e /var/run/secrets ] && ! env | grep -i token'
check "sync is 65532, without capabilities, and cannot write its root, nor applied/" sync_on n1 '
  const status = fs.readFileSync("/proc/1/status", "utf8")
  for (const path of ["/x", "/run/kkv/applied/x"]) {
    try { fs.writeFileSync(path, ""); process.exit(1) } catch (error) { if (error.code !== "EROFS") process.exit(2) }
  }
  process.exit(process.getuid() === 65532 && /CapBnd:\t0+\n/.test(status) && /NoNewPrivs:\t1/.test(status) ? 0 : 3)'
owner_alone() { [ "$(node on n1 stat -c '%a %u' /var/lib/kube-keepalived-vip)" = "700 0" ]; }
check "the node directory is root's alone" owner_alone
modes() { # of all that is in applied/ and desired/, as sync sees them: what may be read, and that nothing may be written by others
  sidecar_on n1 'cd /run/kkv/applied && [ "$(find . -type f ! -name status.yaml ! -path ./beat/heartbeat -perm /077)" = "" ] && [ "$(stat -c %a status.yaml)" = 644 ]' &&
    sidecar_on n1 'cd /run/kkv/desired && [ "$(find . -mindepth 1 -perm /022)" = "" ] && [ "$(find . -mindepth 1 ! -user 65532)" = "" ]'
}
check "sync's token is for its own group alone" sync_on n1 '
  const { mode, gid } = fs.statSync("/var/run/secrets/kubernetes.io/serviceaccount/token")
  process.exit((mode & 0o7) === 0 && gid === 65532 ? 0 : 1)'
check "of applied/ only status.yaml and the heartbeat are for others; desired/ is written by sync's user alone" modes
# Of all TCP and UDP sockets of the node's network those that neither kubelet nor containerd have: the pod is on that network.
ours_listening() { node on "$1" ss --no-header --numeric --listening --tcp --udp --processes | grep -vE '"(kubelet|containerd)"' | awk '{ print $1, $5 }' | sort; }
on_loopback() { [ "$(ours_listening n1 | tr '\n' ' ')" = "tcp 127.0.0.1:10112 tcp 127.0.0.1:8080 " ] || { ours_listening n1; return 1; }; }
check "the pod listens on 127.0.0.1, ports 8080 and 10112, and on no other address" on_loopback
from_lan() { ip netns exec "$BED_LAN" curl --silent --max-time 2 --output /dev/null --write-out '%{http_code}' "http://10.4.0.11:8080$1"; }
check "nothing of it answers the LAN" eval '[ "$(from_lan /metrics)" = 000 ]'
no_shell() { ! kn exec "$(pod_on n1)" -c sync -- /bin/sh -c true; }
check "sync has no shell" no_shell

# What the token of the pod may, asked with that very token.
token() { sync_on "$1" 'process.stdout.write(fs.readFileSync("/var/run/secrets/kubernetes.io/serviceaccount/token", "utf8"))'; }
pod_token=$(token n1)
as_sync() { k --kubeconfig <(sed 's/^users:.*/users: [{name: admin, user: {token: "'"$pod_token"'"}}]/' "$KUBECONFIG") "$@"; }
refused() { # COMMAND...
  local out
  ! out=$(as_sync "$@" 2>&1) && grep -qi forbidden <<< "$out"
}
k -n "$namespace" create secret generic not-ours --from-literal=a=b > /dev/null
k -n "$namespace" create configmap not-ours --from-literal=a=b > /dev/null
check "the pod's token reads no Secret" refused -n "$namespace" get secret not-ours
check "the pod's token reads no other ConfigMap" refused -n "$namespace" get configmap not-ours
check "the pod's token writes no VIP ConfigMap" refused -n "$namespace" patch configmap vip-configmap --type merge --patch '{"data": {"a": "b"}}'
check "the pod's token makes no pod" refused -n "$namespace" create deployment d --image=x
check "the pod's token lists what sync mirrors" as_sync get nodes,services -A

# --- probes and faults ----------------------------------------------------------------------------------------------------------
entries '{"10.4.0.52": "no-such-syntax:"}'
refusal() { [[ $(report) == "False 0 "*10.4.0.52* ]] && kn describe configmap vip-configmap | grep -q 'Warning .*10.4.0.52'; }
check "a broken entry: the VipReport and an Event name it" refusal
unharmed() { ready && holder > /dev/null && answers; }
check "a broken entry: the pods stay ready, and the VIPs where they are" unharmed
entries '{"10.4.0.52": null}'
check "the entry is mended: the VipReport is healthy again" both_applied
same_restarts() { [ "$(restarts)" = "$restarts_before" ]; }
check "no edit of the VIPs restarted a container" same_restarts

h=$(holder)
keepalived_pid() { sidecar_on "$1" 'cat /run/keepalived/keepalived.pid'; }
before=$(keepalived_pid "$h")
sidecar_on "$h" "kill -9 $before"
recovered() { p=$(keepalived_pid "$h") && [ "$p" != "$before" ] && holder > /dev/null && answers && same_restarts; }
check "keepalived is killed: it comes back, and no container is restarted" recovered

# The container's own first process; SIGSTOP from outside, since PID 1 ignores it from within.
sync_pid() { node on "$1" pgrep -f 'kkv.mjs sync' | head -n 1; }
restarts_of_sync() { kn get pod "$(pod_on n1)" -o jsonpath='{.status.containerStatuses[?(@.name=="sync")].restartCount}'; }
before=$(restarts_of_sync)
node on n1 kill -STOP "$(sync_pid n1)"
restarted() { [ "$(restarts_of_sync)" -gt "$before" ] && ready && answers; }
PATIENCE=150 check "sync stands still: the kubelet restarts it, and the VIPs stay (fault 224)" restarted

watch_vip
h=$(holder)
kn rollout restart daemonset/kube-keepalived-vip > /dev/null
rolled() { kn rollout status daemonset/kube-keepalived-vip --timeout=1s && [ "$(kn get pods --no-headers | wc -l)" = 2 ]; }
PATIENCE=400 check "kubectl rollout restart ends" rolled
sleep 1
gap=$(longest_gap)
check "the rollout leaves the VIP without a holder no longer than an orderly handover" small_gap

# --- kubectl kkv, which runs kkv on the nodes -----------------------------------------------------------------------------------
mkdir -p "$STATE/plugins"
ln -sfn "$CHECKOUT/bin/kubectl-kkv" "$STATE/plugins/kubectl-kkv"
plugin() { PATH="$STATE/plugins:$PATH" k kkv "$@"; }
all_well() { both_applied && plugin status; }
PATIENCE=300 check "kubectl kkv status is healthy" all_well
h=$(holder)
o=$(other "$h")
shown() { plugin drain "$h" --dry-run | grep -q "^Drains $h, until kubectl kkv resume: $o takes over$" && [ "$(holder)" = "$h" ]; }
check "kubectl kkv drain --dry-run says who takes over, and does nothing" shown
# Its sync has just started, and counts a report only from its first renewal on.
knows() { kn exec "$(pod_on "$h")" -c sidecar -- kkv drain --dry-run; }
check "the node itself has seen that the other one can take over" knows
watch_vip
sleep 1
drained() { plugin drain "$h" --yes --reason 'new memory' && [ "$(holder)" = "$o" ]; }
PATIENCE=1 check "kubectl kkv drain: the other node has the VIP when it ends" drained
sleep 1
gap=$(longest_gap)
check "with the gap of an orderly handover" small_gap
is_shown() { plugin status | grep -q "^$h  *BACKUP, drained " && report | grep -q "drained: $h" && kn get events | grep -q 'Drained .*new memory'; }
check "status, the VipReport and an Event say it" is_shown
not_both() { ! plugin drain "$o" --yes 2> "$STATE/refused" && grep -q 'no other node can take over' "$STATE/refused" && [ "$(holder)" = "$o" ]; }
check "the other one is not drained as well" not_both
kn delete pod "$(pod_on "$h")" > /dev/null
still() { ready && sidecar_on "$h" 'grep -q "^-253" /run/keepalived/drained' && [ "$(holder)" = "$o" ]; }
PATIENCE=300 check "a new pod of that node is drained as well" still
resumed() { plugin resume --yes && [ "$(holder)" = "$o" ] && plugin status; }
check "kubectl kkv resume: the VIP stays" resumed
moved() { plugin move "$vip" --to "$h" --yes && [ "$(holder)" = "$h" ] && plugin resume --yes && [ "$(holder)" = "$h" ]; }
check "kubectl kkv move: the VIP is where it was, also after resume" moved
# The host's kernel need not have IPVS, so the doctor need not be content.
asked() { plugin doctor > "$STATE/doctor" || [ $? = 1 ]; grep -q '^n1: ' "$STATE/doctor" && grep -q '^n2: ' "$STATE/doctor"; }
check "kubectl kkv doctor asks both nodes" asked

# --- with Prometheus ------------------------------------------------------------------------------------------------------------
k apply -k "$here/../monitored" > /dev/null
PATIENCE=400 check "with components/pod-monitor the pods become ready again" rolled
check "/metrics answers the LAN" eval '[ "$(from_lan /metrics)" = 200 ]'
check "/status.json does not" eval '[ "$(from_lan /status.json)" = 404 ]'

# --- power cut ------------------------------------------------------------------------------------------------------------------
h=$(holder)
watch_vip
sleep 1
node down "$h"
taken_over() { has_vip "$(other "$h")" "$vip" && answers; }
check "power cut: the other node has the VIP" taken_over
gap=$(longest_gap)
in_time() { [ "$gap" -le 4500 ] && measured "longest gap $gap ms"; }
check "power cut: within VRRP's limit of three adverts" in_time
node up "$h"
# What the API says of the node's pod is as old as the power cut at first: the sidecars themselves have to answer.
well() { sidecar_on n1 'kkv status' > /dev/null && sidecar_on n2 'kkv status' > /dev/null; }
back() { ready && holder > /dev/null && [[ $(report) == "True 2 "* ]] && well; }
PATIENCE=300 check "the node returns: both pods are ready and all is well on both nodes, one has the VIP" back

# --- gone -----------------------------------------------------------------------------------------------------------------------
# One node in order, and the other in a bad moment: its power is cut once more, and its containers are just about to start again.
h=$(holder)
node down "$h"
node up "$h"
k delete -k "$here" --wait=false > /dev/null 2>&1
nothing_left() {
  local n
  [ -z "$(kn get pods --no-headers 2> /dev/null)" ] || return 1
  for n in n1 n2; do
    ! has_vip "$n" "$vip" && ! has_vip "$n" 169.254.50.1 || return 1
    ! node on "$n" iptables-save | grep -i keepalived || return 1
    ! node on "$n" ip rule | grep 20550 || return 1
    ! node on "$n" pgrep -x keepalived || return 1
  done
}
check "kubectl delete -k leaves no VIP, no iptables chain, no rule and no process on the nodes, nor where the pod was just starting (fault 276)" nothing_left
