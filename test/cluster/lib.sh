# Shared by the scripts beside it; source it, do not run it.
# shellcheck shell=bash disable=SC2034 # who sources it uses them
BED=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
CHECKOUT=$(cd "$BED/../.." && pwd)
BIN=$CHECKOUT/.cache/cluster/bin                    # the programs: built, or links to ready ones
STATE=${BED_STATE:-$CHECKOUT/.cache/cluster/state}  # everything that one running bed writes
ADDRESS=${BED_ADDRESS:-127.0.0.1}                   # where the API server listens and is reached
PORT_BASE=${BED_PORT_BASE:-26000}                   # a second bed at the same time wants another state and another base
ETCD_PORT=$((PORT_BASE + 379)) ETCD_PEER_PORT=$((PORT_BASE + 380))
API_PORT=$((PORT_BASE + 443)) KCM_PORT=$((PORT_BASE + 257)) SCHED_PORT=$((PORT_BASE + 259))
SOURCE_PORT=$((PORT_BASE + 90)) KUSTOMIZE_PORT=$((PORT_BASE + 91)) GIT_PORT=$((PORT_BASE + 92))
export KUBECONFIG=$STATE/admin.kubeconfig
export PATH=$BIN:$PATH

say() { printf '%s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# The kernel's start tick of PID, so that a reused pid is never taken for ours; nothing for a zombie.
started_at() { sed -n 's/.*) //; /^[ZX]/d; p' "/proc/$1/stat" 2> /dev/null | cut -d' ' -f20; }

alive() { # NAME
  local pid tick
  [ -f "$STATE/pids/$1" ] && read -r pid tick < "$STATE/pids/$1" || return 1
  [ -n "$tick" ] && [ "$(started_at "$pid")" = "$tick" ]
}

start() { # NAME COMMAND...
  local name=$1 pid
  shift
  alive "$name" && return 0
  mkdir -p "$STATE/pids" "$STATE/log"
  setsid "$@" >> "$STATE/log/$name.log" 2>&1 < /dev/null &
  pid=$!
  echo "$pid $(started_at "$pid")" > "$STATE/pids/$name"
}

stop() { # NAME [SECONDS]: TERM, then KILL after SECONDS (10); only the recorded process
  local pid i
  if alive "$1"; then
    read -r pid _ < "$STATE/pids/$1"
    kill "$pid" 2> /dev/null || true
    for ((i = 0; i < ${2:-10} * 20; i++)); do
      alive "$1" || break
      sleep 0.05
    done
    ! alive "$1" || kill -9 "$pid" 2> /dev/null || true
  fi
  rm -f "$STATE/pids/$1"
}

# Polls until COMMAND succeeds, gives up after SECONDS, and at once where process NAME has died.
wait_up() { # SECONDS NAME COMMAND...
  local end=$((SECONDS + $1)) name=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    alive "$name" || give_up "$name died"
    [ "$SECONDS" -lt "$end" ] || give_up "$name is not ready in time"
    sleep 0.1
  done
}
give_up() {
  tail -n 20 "$STATE/log/$name.log" >&2
  die "$1"
}
