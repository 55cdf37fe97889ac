# Verdicts, waiting, and the results that the host reads.
emit() { printf '%s\n' "$1" >> /out/results; }
now() { local u; read -r u _ < /proc/uptime; echo "$u"; }
log() { echo "[$(now)] $*"; }
FAILED=0
SCENARIO=$LAB_SCENARIO
scenario() { SCENARIO=$1; log "scenario $1"; } # what follows is reported under this name
FIGURES={}
figures() { FIGURES=$1; } # JSON: what was measured; goes out with the next verdict
verdict() { # NAME true|false
  [ "$2" = true ] || FAILED=1
  emit "{\"scenario\":\"$SCENARIO\",\"check\":\"$1\",\"ok\":$2,\"figures\":$FIGURES}"
  log "$SCENARIO: $1: $2 $FIGURES"
  FIGURES={}
}
check() { # NAME COMMAND...: one verdict; the scenario goes on, and ends with status 1 if any failed
  local name=$1 ok=false
  shift
  "$@" && ok=true
  verdict "$name" $ok
}
not() { ! "$@"; }
die() { # the scenario cannot go on
  figures "{\"reason\":\"$*\"}"
  verdict "goes on" false
  finish
}
finish() { exit $FAILED; }
trap 'cp -r /shared/log.* /shared/*.requests /shared/*.answers /shared/volumes /out/ 2> /dev/null' EXIT
wait_for() { # SECONDS COMMAND...: until it succeeds
  local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
  shift
  until "$@" > /dev/null 2>&1; do
    [ ${EPOCHREALTIME/./} -lt $end ] || return 1
    nap
  done
}
# A sleep without a process: those are dear here (40 to 80 ms).
nap() { read -r -t "${1:-0.05}" -u "$NAP"; return 0; }
exec {NAP}<> <(:)
quiet() { # waits until the guest's CPU was idle for half of a second, at most 20 s: what a start leaves behind is not what is measured
  local user nice system idle before turn
  for turn in {1..20}; do
    read -r _ user nice system before _ < /proc/stat
    nap 1
    read -r _ user nice system idle _ < /proc/stat
    ((idle - before < 50)) || return 0
  done
}
text_of() { # FILE: its whole content in REPLY, without a process
  local lines
  mapfile -d '' -t lines < "$1" 2> /dev/null || { REPLY=; return 1; }
  REPLY=${lines[0]:-}
}
file_has() { # FILE TEXT
  [ -r "$1" ] && text_of "$1" && [[ $REPLY == *"$2"* ]]
}
count_in() { # FILE TEXT: how often, in REPLY
  text_of "$1" || { REPLY=0; return; }
  local without=${REPLY//"$2"/}
  REPLY=$(((${#REPLY} - ${#without}) / ${#2}))
}
