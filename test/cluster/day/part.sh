#!/usr/bin/env bash
# A day of an operator on two real kubelets, with the Helm chart: install, add, break, mend, drain, resume, power cut, return, upgrade,
# remove. After each step `kubectl kkv status --output json` must say what the kernels of both nodes show. As in the part kubelet, VRRP is
# real and IPVS is not, so the VIPs have no Services. Environment: as ../kubelet/nodes.sh says.
# programs: kube kubelet chart
# by name
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
part=day
export BED_STATE=${BED_STATE:-$here/../../../.cache/cluster/state-day} BED_LAN=${BED_LAN:-kd}
. "$here/../kubelet/nodes.sh"
up

mkdir -p "$STATE/plugins"
ln -sfn "$CHECKOUT/bin/kubectl-kkv" "$STATE/plugins/kubectl-kkv"
plugin() { PATH="$STATE/plugins:$PATH" k kkv "$@"; }
off= # the node without power
kernels() { # a line for each VIP, with the nodes whose kernel has it
  local n
  for n in n1 n2; do
    [ "$n" = "$off" ] || node on "$n" ip -4 -j address show dev eth0 | jq -r --arg n "$n" '
      .[].addr_info[] | select(.prefixlen == 32 and (.local | startswith("10.4.0."))) | "\(.local) \($n)"'
  done | sort
}
told() { jq -r '.installations[].vips[] | select(.state == "applied") | .vip as $v | .holders[] | "\($v) \(.)"' "$STATE/said.json" | sort; }
verdict() { jq -r '.healthy' "$STATE/said.json"; }
# What status says is asked once and compared with the kernels before and after: a handover between them proves nothing.
right() { # healthy|unwell VIPS [REASON]: the status, the number of VIPs, and a text of its reasons or troubles
  local before after status=0
  before=$(kernels)
  plugin status --output json > "$STATE/said.json" || status=$?
  after=$(kernels)
  [ "$before" = "$after" ] || { echo "the VIPs move" && return 1; }
  [ "$(told)" = "$after" ] || { printf 'kernels:\n%s\nstatus:\n%s\n' "$after" "$(told)" && return 1; }
  [ "$(cut -d ' ' -f 1 <<< "$after" | sed '/^$/d' | sort | uniq -d)" = "" ] || { echo "two nodes have a VIP" && return 1; }
  [ "$(sed '/^$/d' <<< "$after" | wc -l)" = "$2" ] || { printf '%s VIPs are expected:\n%s\n' "$2" "$after" && return 1; }
  case $1 in
    healthy) [ "$(verdict) $status" = "true 0" ] || { jq -c '.installations[].reasons' "$STATE/said.json" && return 1; } ;;
    unwell)
      [ "$(verdict) $status" = "false 1" ] || { echo "status says that all is well" && return 1; }
      jq -r '.installations[] | .reasons[], .troubles[].note, .nodes[].troubles[].note' "$STATE/said.json" | grep -q -- "$3" ||
        { jq -c '.installations[] | [.reasons, .troubles]' "$STATE/said.json" && return 1; }
      ;;
  esac
}
is_drained() { jq -r '.installations[].nodes[] | select(.drained != null) | .node' "$STATE/said.json" | grep -qx "$1"; }

h() { ip netns exec "$BED_LAN" "$BIN/helm" "$@"; }
chart=$CHECKOUT/charts/kube-keepalived-vip
values=(--set "image.registry=localhost,image.tag=dev,image.pullPolicy=Never" --set "prepareNode.extraEnv[0].name=KKV_WITHOUT_IPVS"
  --set-string "prepareNode.extraEnv[0].value=true")

h install kube-keepalived-vip "$chart" -n "$namespace" --create-namespace "${values[@]}" > "$STATE/notes"
PATIENCE=300 check "install: no VIP, and all is well" right healthy 0
entries '{"10.4.0.50": "", "10.4.0.51": ""}'
check "add: status names the node that has both VIPs" right healthy 2
entries '{"10.4.0.52": "no-such-syntax:"}'
check "break: the broken entry is named, and the VIPs are where they were" right unwell 2 10.4.0.52
broken() { # the plugin leads to the mistake
  plugin explain 10.4.0.52 > "$STATE/explained" || true
  grep -q 'no-such-syntax' "$STATE/explained"
}
check "break: kubectl kkv explain shows the entry" broken
entries '{"10.4.0.52": ""}'
check "mend: three VIPs, and all is well" right healthy 3

h=$(holder)
PATH="$STATE/plugins:$PATH" ip netns exec "$BED_LAN" "$BIN/kubectl" kkv page > "$STATE/page" 2>&1 &
page=$!
shown() { # the page of the holder, through a real port-forward
  ip netns exec "$BED_LAN" curl --silent --max-time 5 "$(sed -n 's/^\(http[^ ]*\) is the status page of .*/\1/p' "$STATE/page")" > "$STATE/page.html" &&
    grep -q "on $h" "$STATE/page.html" && grep -q 10.4.0.52 "$STATE/page.html"
}
check "look: kubectl kkv page shows the page of the holder" shown
kill "$page" && wait "$page" || true

o=$(other "$h")
can_drain() { plugin drain "$h" --dry-run; }
check "drain: the node knows that the other one can take over" can_drain
plugin drain "$h" --yes --reason 'new memory' > "$STATE/drain"
away() { right healthy 3 && is_drained "$h" && [ "$(holder)" = "$o" ]; }
check "drain: the other node has the VIPs, and status says who is drained" away
plugin resume --yes > "$STATE/resume"
stays() { right healthy 3 && ! is_drained "$h" && [ "$(holder)" = "$o" ]; }
check "resume: the VIPs stay, and all is well" stays

h=$(holder)
node down "$h"
off=$h
PATIENCE=300 check "power cut: the other node has the VIPs, and status says who is silent" right unwell 3 "$h"
node up "$h"
off=
PATIENCE=400 check "return: all is well again" right healthy 3

h upgrade kube-keepalived-vip "$chart" -n "$namespace" "${values[@]}" --set podAnnotations.revision=two > "$STATE/upgrade"
kn rollout status daemonset/kube-keepalived-vip --timeout=300s > "$STATE/rollout"
PATIENCE=300 check "upgrade: the VIPs are told where they are, and all is well" right healthy 3
entries '{"10.4.0.51": null}'
check "remove: two VIPs are left" right healthy 2
h uninstall kube-keepalived-vip -n "$namespace" > "$STATE/uninstall" 2>&1
none() { [ "$(kernels)" = "" ]; }
PATIENCE=120 check "uninstall: no node has a VIP" none
