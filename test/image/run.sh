#!/usr/bin/env bash
# run.sh [host] [lab]   builds the images (build.sh) and looks at what came out, one line for each check; the last line is
# `N passed, N failed, N skipped`.
#   host  each image by itself, run by runc as a kubelet's runtime does: what is in it, as whom it runs, what it answers
#   lab   both as the pods of two nodes in the lab, with real VRRP and IPVS (test/lab/scenarios/images.sh)
# A part that is red runs twice more; where both pass it is `flaky` (scripts/again.ts). KKV_AGAIN=no: it does not.
# Root; packages: scripts/install.sh all image. exit: 0 all passed, 1 something failed, 3 the images cannot be built.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")" || exit 3
# shellcheck source=lib.sh
. ./lib.sh
./build.sh || exit 3
for program in runc jq; do command -v "$program" > /dev/null || die "Cannot run the images: $program is missing; run: scripts/install.sh image"; done
roots=$cache/rootfs
work=$(mktemp -d /tmp/kkv-image-run.XXXXXX) || exit 3
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0 figures=
verdict() { # ok|FAIL|skip NAME
  case $1 in ok) passed=$((passed + 1)) ;; FAIL) failed=$((failed + 1)) ;; skip) skipped=$((skipped + 1)) ;; esac
  printf '%-4s image: %s%s\n' "$1" "$2" "${figures:+  $figures}"
  figures=
}
check() { # NAME COMMAND...; what the command says is shown where it fails
  local name=$1
  shift
  if "$@" > "$work/said" 2>&1; then verdict ok "$name"; else
    verdict FAIL "$name"
    head -n 30 "$work/said"
  fi
}

# runs TARGET [--bind HOST:CONTAINER:OPTION]... [--caps "CAP_A CAP_B"] [--instead WORD... | WORD...]   WORDs follow the image's command,
# or stand in its place. Root read-only, own namespaces, no new privileges, user and environment of the image. Its status.
runs() {
  local target=$1 caps='' binds=() words=() instead=false bundle
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --bind) binds+=("$2") && shift 2 ;;
      --caps) caps=$2 && shift 2 ;;
      --instead) instead=true && shift && break ;;
      *) break ;;
    esac
  done
  words=("$@")
  bundle=$(mktemp -d "$work/bundle.XXXXXX")
  (cd "$bundle" && runc spec)
  # A tmpfs on /run, where mount points are made: elsewhere runc would make them in the unpacked image.
  jq --slurpfile image "$roots/$target.json" --arg root "$roots/$target" --arg caps "$caps" --argjson instead $instead \
    --argjson words "$(jq -nc '$ARGS.positional' --args -- "${words[@]}")" --argjson binds "$(jq -nc '$ARGS.positional' --args -- "${binds[@]}")" '
    $image[0].config as $c | ($c.User // "" | if . == "" then "0:0" else . end | split(":") | map(tonumber)) as [$uid, $gid]
    | ($caps | split(" ") | map(select(. != ""))) as $caps
    | .root = {path: $root, readonly: true} | .hostname = "pod" | .linux.resources = {}
    | .process += {terminal: false, noNewPrivileges: true, cwd: "/", env: $c.Env, rlimits: [], user: {uid: $uid, gid: $gid},
        args: (if $instead then $words else $c.Entrypoint + ($c.Cmd // []) + $words end),
        capabilities: {bounding: $caps, permitted: $caps, effective: (if $uid == 0 then $caps else [] end)}}
    | .mounts += [{destination: "/run", type: "tmpfs", source: "run", options: ["nosuid", "nodev", "noexec", "mode=755"]}]
        + ($binds | map(split(":") | {destination: .[1], source: .[0], type: "bind", options: ["rbind", .[2]]}))' \
    "$bundle/config.json" > "$bundle/config.new" && mv "$bundle/config.new" "$bundle/config.json"
  timeout 60 runc run --bundle "$bundle" "kkv-$$-${bundle##*.}" < /dev/null
}
config() { jq -r "$2" "$roots/$1.json"; } # TARGET FILTER
mib() { awk "BEGIN { printf \"%.1f\", $1 / 1048576 }"; }
size() { du --summarize --bytes --one-file-system "$1" | cut -f 1; }
nothing() { # COMMAND...: it says nothing, whatever its status
  local said
  said=$("$@" 2>&1)
  [ -z "$said" ] || { echo "$said"; return 1; }
}

one_program() {
  local found
  found=$(find "$roots/sync" -xdev -type f -perm /111 ! -name '*.so*' -printf '/%P\n')
  [ "$found" = /usr/local/bin/node ] || { echo "wanted /usr/local/bin/node alone, there are:"; echo "$found"; return 1; }
}
no_shell() {
  local said
  said=$(runs sync --instead sh -c 'echo a shell' 2>&1)
  [[ $said == *'executable file not found'* ]] || { echo "$said"; return 1; }
}
version=$(jq -r .version "$checkout/package.json")
says() { # TEXT COMMAND...: it ends well and its output has a line that begins so
  local text=$1 output
  shift
  output=$("$@" 2>&1) || { echo "status $?: $output"; return 1; }
  grep -q "^$text" <<< "$output" || { echo "no line \"$text\" in:"; echo "$output"; return 1; }
}
unprivileged() {
  local script='const fs = require("fs"), status = fs.readFileSync("/proc/self/status", "utf8")
    const line = (name) => new RegExp("^" + name + ":\\s*(.*)$", "m").exec(status)[1]
    const write = (file) => { try { fs.writeFileSync(file, ""); return "written" } catch (error) { return error.code } }
    console.log([process.getuid(), process.getgid(), line("CapBnd"), line("CapEff"), line("NoNewPrivs"), write("/x"), write("/app/x"), write("/tmp/x")].join(" "))'
  says "65532 65532 0000000000000000 0000000000000000 1 EROFS EROFS EROFS$" runs sync --instead /usr/local/bin/node -e "$script"
}
publishes() {
  mkdir "$work/desired" && chown 65532:65532 "$work/desired" || return 1
  runs sync --bind "$checkout/manifests/example:/run/manifests:ro" --bind "$work/desired:/run/kkv/desired:rw" \
    --once --source /run/manifests --services-configmap default/vip-configmap || return 1
  [ "$(stat -c %u "$work/desired/current.json")" = 65532 ] || { echo "current.json is not user 65532's"; return 1; }
  says "1 VIP, 1 virtual server: no problems" runs sidecar --bind "$work/desired:/run/kkv/desired:ro" --instead kkv validate /run/kkv/desired
}
sidecar() { runs sidecar --caps "CAP_NET_ADMIN CAP_NET_RAW" --instead "$@"; }
keepalived_is_new() {
  local has
  has=$(sidecar keepalived --version 2>&1 | sed -n '1s/^Keepalived v\([0-9.]*\).*/\1/p')
  figures="$has"
  dpkg --compare-versions "${has:-0}" ge 2.3.3 || { echo "keepalived is \"$has\", wanted 2.3.3 or newer"; return 1; }
}
answers_for_all() {
  local said wanted
  said=$(sidecar kkv version) || { echo "$said"; return 1; }
  figures=$(tr -s ' \n' ' ' <<< "$said")
  for wanted in "kkv *$version" "Node.js *$node_version" 'keepalived *[0-9.]*'; do
    grep -qx "$wanted" <<< "$said" || { echo "no line \"$wanted\" in:"; echo "$said"; return 1; }
  done
}
without_each_other() {
  nothing grep --recursive --files-with-matches KubeConfig "$roots/sidecar/app" || return 1
  grep --recursive --quiet KubeConfig "$roots/sync/app/dist" || { echo "sync has no Kubernetes client"; return 1; }
  local said
  said=$(sidecar kkv sync 2>&1)
  [ "$? $said" = '3 kkv: Cannot run "sync": this installation has sidecar and cli only' ] || { echo "$said"; return 1; }
}
labelled() { # TARGET
  local key value
  while IFS='=' read -r key value; do
    value=$(config "$1" ".config.Labels[\"org.opencontainers.image.$key\"] // \"\"" | grep -xE "$value") || {
      echo "label $key is \"$(config "$1" ".config.Labels[\"org.opencontainers.image.$key\"]")\""
      return 1
    }
  done <<< "title=kkv-$1
description=kube-keepalived-vip: .*
licenses=Apache-2.0
version=${version//./\\.}
revision=[0-9a-f]{40}(-changed)?
created=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z"
  [ "$1" = sync ] || [ "$(config sidecar '.config.Labels["org.opencontainers.image.base.name"]')" = "$DEBIAN_STAND_IN" ]
}
nothing_left() { # TARGET: neither of the machine that built it nor of the build
  local root=$roots/$1 registry directory
  # Where this machine's settings were mounted, and where builds leave things.
  for directory in usr/local/etc var/lib/apt/lists var/cache/apt var/log var/tmp tmp src out; do
    [ ! -d "$root/$directory" ] || nothing find "$root/$directory" -mindepth 1 || return 1
  done
  nothing find "$root/run" -mindepth 1 ! -type d || return 1
  nothing find "$root" -xdev \( -name .npmrc -o -name npmrc -o -name '*.pem' -o -name '*.key' -o -name '*.crt' -o -name '.git*' -o -name '.env*' -o -name node_modules \
    -o -name '*.map' -o -name meta.json -o -name '.wh.*' -o -name 50machine-\* \) || return 1
  registry=$(npm config get registry --loglevel=error | sed 's#^[a-z]*://##; s#/.*##')
  if [[ $registry != *.npmjs.org ]]; then
    nothing grep --recursive --binary-files=without-match --files-with-matches --fixed-strings "$registry" "$root" || return 1
  fi
  [ "$1" = sync ] || nothing grep --recursive -vE "^(Types|Suites|Components|Signed-By): |^URIs: http://$DEBIAN_HOST/debian(-security)?\$|^\$" "$root/etc/apt/sources.list.d"
}
bills() {
  local bill
  for bill in "$cache"/kkv-{sync,sidecar}.spdx.json; do
    jq -e '.spdxVersion == "SPDX-2.3" and (.packages | length > 10) and ([.packages[] | select(.checksums == null)] | length == 1)' "$bill" || { echo "in $bill"; return 1; }
  done
  has() { jq -e --arg name "$2" 'any(.packages[]; .name == $name)' "$cache/kkv-$1.spdx.json" > /dev/null; }
  has sync @kubernetes/client-node && ! has sidecar @kubernetes/client-node && has sidecar handlebars && has sidecar zod
}
archived() { # TARGET
  [ "$(tar -xOf "$cache/$1.tar" manifest.json | jq -r '.[0].RepoTags[0]')" = "localhost/kkv-$1:dev" ]
}
small() {
  local all node
  all=$(size "$roots/sync") node=$(stat -c %s "$roots/sync/usr/local/bin/node")
  figures="$(mib "$all") MiB, of these node $(mib "$node") MiB"
  # Its libraries, the bundle, licences.
  [ $((all - node)) -le $((12 * 1048576)) ]
}
sized() { figures="$(mib "$(size "$roots/sidecar")") MiB, of these node $(mib "$(stat -c %s "$roots/sidecar/usr/local/bin/node")") MiB"; }

on_host() {
  check "sync holds one program, node" one_program
  check "sync has no shell" no_shell
  check "sync --help answers" says "Usage: kkv sync" runs sync --help
  check "sync --version answers" says "$version$" runs sync --version
  check "sync is user 65532 without a capability, and can write nowhere" unprivileged
  check "sync publishes a directory of manifests, and the sidecar's kkv reads it" publishes
  check "sync is node and at most 12 MiB" small
  check "sidecar: keepalived is 2.3.3 or newer" keepalived_is_new
  check "sidecar: kkv version answers, with Node.js and keepalived" answers_for_all
  check "sidecar: the flags of the agent" says "Usage: kkv sidecar" sidecar kkv sidecar --help
  # The lab has to use the legacy ones.
  if runs sidecar --caps CAP_NET_ADMIN --instead iptables-nft --table nat --list-rules > "$work/nft" 2>&1 || ! grep -qiE 'not supported|protocol' "$work/nft"; then
    check "sidecar: iptables is nftables', and NET_ADMIN is enough for it" eval 'sidecar iptables --version | grep nf_tables && sidecar iptables -w -t nat -S POSTROUTING'
  else
    figures="this kernel has no nf_tables" verdict skip "sidecar: iptables is nftables'"
  fi
  check "sidecar: its size" sized
  check "neither has the other's program" without_each_other
  for target in sync sidecar; do
    check "$target is labelled" labelled $target
    check "$target holds nothing of the machine that built it" nothing_left $target
    check "$target is archived as localhost/kkv-$target:dev" archived $target
  done
  check "bills of materials: the Kubernetes client in sync's alone" bills
}
in_lab() {
  LAB_IMAGES=$roots LAB_TIMEOUT=${LAB_TIMEOUT:-300} "$checkout/test/lab/run.sh" images | tee "$work/lab"
  local counts
  counts=$(tail -n 1 "$work/lab")
  if [[ $counts =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + BASH_REMATCH[3]))
  else
    verdict FAIL "the lab ran"
  fi
}
host_again() { # in a run of its own, so that it can be repeated
  KKV_AGAIN=no ./run.sh host | sed -u 's/^FAIL/red /; /^[0-9]* passed, [0-9]* failed, [0-9]* skipped$/d' | tee "$work/first"
  add() { passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3)); }
  if ! grep -q '^red ' "$work/first" && grep -q '^ok ' "$work/first"; then
    add "$(grep -c '^ok ' "$work/first")" 0 "$(grep -c '^skip ' "$work/first")"
    return
  fi
  echo "     the images are red: they are looked at twice more"
  node "$checkout/scripts/again.ts" image-host "$work/first" -- "$PWD/run.sh" host > "$work/again"
  sed '$d' "$work/again"
  [[ $(tail -n 1 "$work/again") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]] || BASH_REMATCH=(- 0 1 0)
  add "${BASH_REMATCH[@]:1}"
}
[ $# -gt 0 ] || set -- host lab
for part; do
  case $part in
    host) if [ "${KKV_AGAIN:-yes}" = no ]; then on_host; else host_again; fi ;;
    lab) in_lab ;;
    *) die "Cannot run \"$part\": wanted host or lab" ;;
  esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
