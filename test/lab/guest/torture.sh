# What a plan of torture.py does, each verb a function; and what must be so when all of it is over. No processes are started to find
# processes: those are dear here, and what is tortured would wait for them.
TORTURE="/usr/bin/python3 -S $HERE/torture.py"
small_volumes() { # SIZE MACHINE...: before `apply`: desired and applied of a size that can be filled, as an emptyDir in memory has
  local size=$1 n volume
  shift
  for n; do
    for volume in desired applied; do
      mkdir -p /shared/volumes/$n/$volume
      mount -t tmpfs -o size=$size,mode=755 $volume.$n /shared/volumes/$n/$volume
    done
  done
}
in_role() { # NODE, or the role master or backup: the machine, in REPLY
  local holder
  REPLY=$1
  [[ $1 = master || $1 = backup ]] || return 0
  masters
  holder=${REPLY%% *}
  [ $1 = master ] && REPLY=${holder:-n1} && return
  [ "$holder" = n1 ] && REPLY=n2 || REPLY=n1
}
# victims MACHINE WHO: the processes, as the guest counts them, in REPLY. WHO: agent, sync, api, keepalived (all three of it), or of
# keepalived the parent, the vrrp or the checker child
victims() {
  local d words found=() own line file
  for d in /proc/[0-9]*; do
    mapfile -d '' -t words < $d/cmdline || continue
    case $2 in
      agent | sync) [[ $2 = sync && " ${words[*]} " == *"/kkv.mjs sync "* || $2 = agent && " ${words[*]} " == *"/kkv.mjs sidecar "* ]] || continue ;;
      api) [[ ${words[1]:-} == */fake-api.ts ]] || continue ;;
      *) [[ ${words[0]:-} == *keepalived && " ${words[*]} " == *" --dont-fork "* ]] || continue ;;
    esac
    [ $d/ns/net -ef /run/netns/$1 ] || continue
    case $2 in
      parent | vrrp | checker)
        case $2 in parent) file=keepalived ;; vrrp) file=vrrp ;; checker) file=checkers ;; esac
        read -r own < $d/root/run/keepalived/$file.pid || continue
        while read -r line; do [[ $line != NSpid:* ]] || break; done < $d/status
        [[ $line =~ [[:space:]]$own$ ]] || continue
        ;;
    esac
    found[${d#/proc/}]=
  done 2> /dev/null
  REPLY=
  # The newest first: keepalived's children before their parent, which would start others.
  for d in "${!found[@]}"; do REPLY="$d $REPLY"; done
  REPLY=${REPLY% }
}
declare -A STOPPED=() DOWN=()
SPOILT= AWAY= HIT=0 MISSED=0
hit() { # NODE WHO: the processes that a fault is for, in REPLY; fails where there are none, as between a kill and a start
  in_role $1
  local node=$REPLY
  victims $node $2
  log "$2 on $node: ${REPLY:-nobody}"
  if [ -n "$REPLY" ]; then HIT=$((HIT + 1)); else MISSED=$((MISSED + 1)); fi
  note $node $2
  [ -n "$REPLY" ]
}
note() { # NODE WHO: when keepalived was meddled with and where, for the judge
  case $2 in parent | vrrp | checker | keepalived) echo "$(now) $1" >> /shared/log.faults ;; esac
}
kill_() { # NODE WHO
  [ $2 != sync ] || DOWN[$1]=1
  hit $1 $2 && kill -KILL $REPLY
}
start_() { sync_start $1; unset "DOWN[$1]"; } # NODE sync: what a kubelet does. For the others there is s6
stop_() { # NODE WHO
  hit $1 $2 || return
  STOPPED[$1.$2]=$REPLY
  kill -STOP $REPLY
}
resume_() { # NODE WHO
  note $1 $2
  [ -z "${STOPPED[$1.$2]:-}" ] || continue_ ${STOPPED[$1.$2]}
  unset "STOPPED[$1.$2]"
}
continue_() { # PID...: and its parent: an nsenter stops itself when the process does that it waits for
  local pid parent
  for pid; do
    read -r _ _ _ parent _ < /proc/$pid/stat || continue
    kill -CONT $pid $parent
  done 2> /dev/null
}
fill_() { head -c 64M /dev/zero > /shared/volumes/$1/$2/ballast 2> /dev/null; } # NODE VOLUME
free_() { rm -f /shared/volumes/$1/$2/ballast; }
tear_() { # NODE WHAT: cut in half in its place, as no program of ours would write it
  local v=/shared/volumes/$1 file files
  case $2 in
    pointer) files=($v/desired/current.json) ;;
    generation) # all of the newest one
      text_of $v/desired/current.json
      [[ $REPLY =~ [0-9]{20}-[0-9a-f]{12} ]] || return
      files=($v/desired/generations/${BASH_REMATCH[0]}/{nodes.json,vips/*/*.yaml,services/*/*.json})
      ;;
    # The candidate that is in effect and the live file are one file with two names.
    candidate) files=($v/applied/candidates/*.conf) ;;
    status) files=($v/applied/status.yaml) ;;
    *) files=($v/applied/$2.json) ;;
  esac
  for file in "${files[@]}"; do
    [ -s $file ] || continue
    text_of $file
    printf %s "${REPLY:0:${#REPLY}/2}" > $file
  done 2> /dev/null
}
spoil_() { # HOW: what somebody pushed
  SPOILT=1
  case $1 in
    yaml) manifest endpointslice-echoheaders.yaml "kind: [EndpointSlice" ;;
    nul) printf 'kind: Service\0\n' > $SOURCE/service-second.yaml ;;
    half) text_of $SOURCE/service-echoheaders.yaml; printf %s "${REPLY:0:${#REPLY}/2}" > $SOURCE/service-echoheaders.yaml ;;
    entry) vips "$VIP: default/echoheaders" "10.4.0.51: default/second:NATX" "10.4.0.999: default/second" ;;
    gone) no_vips ;;
  esac
}
# n2's sync lists and watches a FAKE API server (fake-api.ts), which serves the manifests; n1's sync reads them itself.
API=http://127.0.0.1:6443
api_start() { on n2 /checkout/node_modules/.bin/node /checkout/test/lab/guest/fake-api.ts $SOURCE ${API##*:} >> /shared/log.api 2>&1 < /dev/null & }
outage_() { # HOW: of the API, or of the directory, which is what corresponds to it where there is no API
  AWAY=$1
  case $1 in directory) mv $SOURCE $SOURCE.away; return ;; errors) : > $SOURCE.fails; return ;; esac
  hit n2 api || return
  case $1 in refused) kill -KILL $REPLY ;; silent) kill -STOP $REPLY ;; esac
}
back_() { # HOW
  AWAY=
  victims n2 api
  case $1 in directory) mv $SOURCE.away $SOURCE ;; refused) api_start ;; silent) continue_ $REPLY ;; errors) rm -f $SOURCE.fails ;; esac
}
WANTED_PODS= WANTED_VIPS=
change_() { # PODS VIPS, with commas: what is valid from now on; mends what was spoilt
  local p pods=() entries=()
  for p in ${1//,/ }; do pods+=(10.2.68.$p); done
  for p in ${2//,/ }; do
    case $p in
      50) entries+=("10.4.0.50: default/echoheaders") ;;
      51) entries+=("10.4.0.51: default/second") ;;
      52) entries+=("10.4.0.52: ''") ;;
    esac
  done
  if [ -n "$SPOILT" ]; then
    service echoheaders 80/tcp:8080
    service second 80/tcp:8080
  fi
  [ -z "$SPOILT" ] && [ "$1" = "$WANTED_PODS" ] || echoheaders "${pods[@]}"
  [ -z "$SPOILT" ] && [ "$2" = "$WANTED_VIPS" ] || vips "${entries[@]}"
  WANTED_PODS=$1 WANTED_VIPS=$2 SPOILT=
}
all_repaired() { # whatever is still broken when the time is over
  local n who
  [ -z "$AWAY" ] || back_ $AWAY
  for who in "${!STOPPED[@]}"; do resume_ ${who/./ }; done
  for n in n1 n2; do free_ $n desired; free_ $n applied; done
  for n in "${!DOWN[@]}"; do start_ $n; done
}
ipvs_table() { # MACHINE: one line a virtual or real server, in REPLY
  local line words out= table
  ipvs_text $1
  table=$REPLY
  while read -r -a words; do
    case ${words[0]:-} in
      TCP | UDP) out+="${words[0]} $(from_hex ${words[1]}) ${words[2]}"$'\n' ;;
      '->') [[ ${words[1]} == *Address* ]] || out+="-> $(from_hex ${words[1]}) ${words[2]} ${words[3]}"$'\n' ;;
    esac
  done <<< "$table"
  REPLY=$out
}
from_hex() { printf '%d.%d.%d.%d:%d' 0x${1:0:2} 0x${1:2:2} 0x${1:4:2} 0x${1:6:2} 0x${1:9}; }
ipvs_wanted() { # the same of what was asked for last, in REPLY
  local p out="TCP 10.4.0.50:80 wlc"$'\n'
  for p in ${WANTED_PODS//,/ }; do out+="-> 10.2.68.$p:8080 Masq 1"$'\n'; done
  [[ $WANTED_VIPS != *51* ]] || out+="TCP 10.4.0.51:80 wlc"$'\n'"-> 10.2.68.7:8080 Masq 1"$'\n'
  REPLY=$out
}
sorted_blocks() { sort <<< "$1" | tr '\n' ' '; } # real servers are unique enough for a comparison without their order
ipvs_is_as_wanted() { # MACHINE
  local table wanted
  ipvs_table $1
  table=$REPLY
  ipvs_wanted
  [ "$(sorted_blocks "$table")" = "$(sorted_blocks "$REPLY")" ]
}
field_of() { [[ $1 =~ $2:\ ?\"?([^\",$'\n']+) ]] && REPLY=${BASH_REMATCH[1]} || REPLY=; } # TEXT NAME
newest_is_applied() { # MACHINE
  local v=/shared/volumes/$1 sequence applied
  text_of $v/desired/current.json && [[ $REPLY =~ \"sequence\":\ ?([0-9]+) ]] || return 1
  sequence=${BASH_REMATCH[1]}
  text_of $v/applied/status.yaml || return 1
  applied=$REPLY
  field_of "$applied" appliedGeneration
  [ "$REPLY" = $sequence ] || return 1
  field_of "$applied" outcome
  [[ $REPLY = applied || $REPLY = unchanged ]]
}
contents() { # of the generation that each node has, in REPLY: one word where they are the same
  local n found=
  for n in n1 n2; do
    text_of /shared/volumes/$n/desired/current.json
    [[ $REPLY =~ [0-9]{20}-([0-9a-f]{12}) ]] && [[ " $found" == *" ${BASH_REMATCH[1]} "* ]] || found+="${BASH_REMATCH[1]:-none} "
  done
  REPLY=${found% }
}
addresses_are_right() { # the anchor and the expected VIPs on the master alone, what is not wanted nowhere
  local p
  masters 169.254.50.1
  local master=$REPLY
  [[ -n $master && $master != *" "* ]] || return 1
  for p in 50 51 52; do
    masters 10.4.0.$p
    if [[ $WANTED_VIPS == *$p* ]]; then [ "$REPLY" = $master ] || return 1; else [ -z "$REPLY" ] || return 1; fi
  done
}
both() { "$1" n1 && "$1" n2; } # FUNCTION
pair_is_whole() { # each has its three keepalived processes, and one has the address
  local n
  for n in n1 n2; do
    victims $n keepalived
    set -- $REPLY
    [ $# = 3 ] || return 1
  done
  one_master
}
settled() { addresses_are_right && both newest_is_applied && both ipvs_is_as_wanted && contents && [[ $REPLY != *" "* ]]; }
live_file_is_applied() { # MACHINE: its bytes are those that the status speaks of
  local sum
  sum=$(sha256sum /shared/volumes/$1/applied/keepalived.conf)
  status_has $1 "appliedSha256: \"${sum%% *}\""
}
node_independent() { grep -vE '^ *(router_id|priority) |^# ' /shared/volumes/$1/applied/keepalived.conf | sha256sum; } # MACHINE
