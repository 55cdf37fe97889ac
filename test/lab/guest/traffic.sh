# Clients and echo pods (traffic.py).
TRAFFIC="/usr/bin/python3 -S $HERE/traffic.py"
mono() { # the monotonic clock in seconds, 10 ms fine, without a process
  now
}
serve() { # NAMESPACE,PROTOCOL,ADDRESS,PORT,NAME...: echo servers, all in one process
  rm -f /shared/serving
  $TRAFFIC serve "$@" &
  wait_for 15 test -e /shared/serving || die "the echo servers did not start"
}
serve_pods() { # NODE PORT N...: TCP echo pods called echoheaders-N; and a witness on the node's own port 7, for a control
  local specs=() node=$1 port=$2 n
  shift 2
  for n; do specs+=("pods.$node,tcp,${PODS[$node]}.$n,$port,echoheaders-$n"); done
  serve "${specs[@]}" "$node,tcp,${ADDRESS[$node]},7,witness"
}
# get PROTOCOL ADDRESS PORT N: so many requests one after the other from the client; the outcome as JSON in REPLY
get() { REPLY=$($TRAFFIC get client "$@"); }
declare -A PROBE=()
probe() { # NAME PROTOCOL ADDRESS PORT EVERY_MS [OPEN_MS [PORTS]]: a request each so many milliseconds, overlapping, until `probed NAME`
  $TRAFFIC probe client $2 $3 $4 $5 /shared/$1.requests ${6:-0} ${7:-} &
  PROBE[$1]=$!
  wait_for 10 test -s /shared/$1.requests
}
end_probe() { # NAME
  kill -TERM ${PROBE[$1]}
  wait ${PROBE[$1]}
}
seen() { # NAME [EVENT [CONTROL]]: what an ended probe saw, beside what the control saw, as JSON in REPLY
  REPLY=$($TRAFFIC summary /shared/$1.requests ${2:-} ${3:+/shared/$3.requests})
}
probed() { # NAME [EVENT]: ends the probe; what it saw, as JSON in REPLY
  end_probe $1
  seen "$@"
}
# Connections that stay open (lines.py).
LINES="/usr/bin/python3 -S $HERE/lines.py"
hold() { # NAME ADDRESS PORT COUNT: from the client, until `held NAME`
  $LINES hold client $2 $3 $4 /shared/$1.held &
  PROBE[$1]=$!
  wait_for 20 test -s /shared/$1.held || die "the connections of $1 were not made"
}
held() { # NAME: ends them; JSON for each pod in REPLY
  end_probe $1
  REPLY=$(cat /shared/$1.held)
}
field() { # JSON NAME: a number or a flat value, in REPLY
  [[ $1 =~ \"$2\":\ ?([^,}]+) ]] && REPLY=${BASH_REMATCH[1]} || REPLY=
}
is() { local REPLY; field "$1" $2; [ "$REPLY" = "$3" ]; }
at_most() { local REPLY; field "$1" $2; awk -v a="${REPLY:-x}" -v b="$3" 'BEGIN { exit !(a + 0 == a && a <= b) }'; }
at_least() { local REPLY; field "$1" $2; awk -v a="${REPLY:-x}" -v b="$3" 'BEGIN { exit !(a + 0 == a && a >= b) }'; }
fixed_port() { # NAME ADDRESS PORT OWN_PORT: a UDP client that keeps its port and never pauses, until `end_probe NAME`
  PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$HERE /usr/bin/python3 -S $HERE/fixed-port.py client $2 $3 $4 100 /shared/$1.answers &
  PROBE[$1]=$!
}
last_answer() { # NAME: who gave it, in REPLY; empty where the last one is older than a second
  local time
  read -r time REPLY _ < <(tail -n 1 /shared/$1.answers)
  awk -v a="$time" -v b=$(now) 'BEGIN { exit !(b - a < 1) }' || REPLY=
}
answered_by() { last_answer $1; [ "$REPLY" = "$2" ]; } # NAME ADDRESS
