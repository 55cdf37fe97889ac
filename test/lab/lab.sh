#!/bin/bash
# lab.sh SCENARIO [KEY=VALUE ...]   boots a User-Mode-Linux guest (an ordinary process: no root, no KVM), runs
# scenarios/SCENARIO.sh in it and prints its result lines as they come. SCENARIO may also be the path of a file of this checkout.
#
# The guest sees the host's files read-only through hostfs, under an overlay of its own, the same without an overlay on /host, and
# this checkout on /checkout.
#   LAB_UML      prefix that holds bin/linux.uml and lib/uml/modules (default /usr: Debian's user-mode-linux; kernel.sh builds one with nftables)
#   LAB_MEM      memory of the guest (default 1G, sparse)
#   LAB_TIMEOUT  seconds before the guest is killed (default 400)
#   LAB_OUT      folder for console and logs (default out/SCENARIO)
#   LAB_LINK     network interface of the host that the guest's LAN is joined to, by `join_host` (root; test/cluster/lab/host-link.sh)
#   LAB_IMAGES   folder with the unpacked images (test/image/build.sh): pods are made of these instead of the checkout
#   LAB_CPU      the host's CPU for the guest (default: one that no other guest has)
# exit: the scenario's own status; 97 usage or no UML, 98 the guest died without a verdict, 99 out of time
set -u
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
scenario=${1:-}
[ $# -gt 0 ] && shift
file=$here/scenarios/$scenario.sh
if [[ $scenario == */* ]]; then
  file=$(readlink -f "$scenario")
  scenario=$(basename "$file" .sh)
fi
checkout=$(cd "$here/../.." && pwd)
if [ -z "$scenario" ] || [ ! -f "$file" ]; then
  echo "usage: lab.sh SCENARIO [KEY=VALUE ...]; scenarios: $(cd "$here/scenarios" && printf '%s ' *.sh | sed 's/\.sh//g')" >&2
  exit 97
fi
uml=${LAB_UML:-/usr}
if [ ! -x "$uml/bin/linux.uml" ]; then
  echo "lab.sh: Cannot boot the lab: no $uml/bin/linux.uml (apt-get install user-mode-linux, or set LAB_UML)" >&2
  exit 97
fi
# What UML needs on a CPU with AMX.
preload=()
if grep -qw amx_tile /proc/cpuinfo; then
  library=$checkout/.cache/whole-registers.so
  if ! [ "$library" -nt "$here/whole-registers.c" ]; then
    mkdir -p "$checkout/.cache"
    if ! cc -shared -fPIC -O2 -Wall -o "$library.$$" "$here/whole-registers.c"; then
      echo "lab.sh: Cannot boot the lab: this CPU has AMX, and test/lab/whole-registers.c cannot be compiled (apt-get install gcc libc6-dev)" >&2
      exit 97
    fi
    mv "$library.$$" "$library"
  fi
  preload=(env "LD_PRELOAD=$library")
fi
out=${LAB_OUT:-$here/out/$scenario}
rm -rf "$out"
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 97

# The kernel's command line knows no blanks, so what it names stands in a folder whose name has none.
run=$(mktemp -d /tmp/kkv-lab.XXXXXX) || exit 97
cp "$here/guest/init" "$run/init"
: > "$run/results"
if [ -n "${LAB_IMAGES:-}" ]; then
  LAB_IMAGES=$(cd "$LAB_IMAGES" && pwd) && cp "$LAB_IMAGES"/{sync,sidecar}.sh "$run/" || {
    echo "lab.sh: Cannot use LAB_IMAGES \"$LAB_IMAGES\": no unpacked images there; run test/image/build.sh" >&2
    rm -rf "$run"
    exit 97
  }
fi
{
  printf 'LAB_CHECKOUT=%q\nLAB_MODULES=%q\nexport LAB_SCENARIO=%q\n' "$checkout" "$uml/lib/uml/modules" "$scenario"
  printf 'LAB_FILE=%q\n' "/checkout${file#"$checkout"}"
  if [ -n "${LAB_IMAGES:-}" ]; then printf 'export IMAGES=%q\n' "$LAB_IMAGES"; fi
  for pair; do
    case $pair in
      [A-Za-z_]*=*) printf 'export %s=%q\n' "${pair%%=*}" "${pair#*=}" ;;
      *) echo "lab.sh: not KEY=VALUE: $pair" >&2; rm -rf "$run"; exit 97 ;;
    esac
  done
} > "$run/env"

# A guest has one CPU, but on the host it is a pair of processes that call each other for every system call and page fault: on two
# CPUs each call wakes the other CPU up, and a scenario takes twice as long (measured: 47 to 61 s in place of 29 to 35).
cpus=()
IFS=, read -ra ranges <<< "$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)"
for range in "${ranges[@]}"; do for ((cpu = ${range%-*}; cpu <= ${range#*-}; cpu++)); do cpus=($cpu "${cpus[@]}"); done; done
pin=()
for cpu in ${LAB_CPU:-"${cpus[@]}"}; do
  lock=/tmp/kkv-lab.cpu$cpu
  [ -e "$lock" ] || : > "$lock"
  # The guest inherits it, and so holds it for as long as it lives.
  exec 9< "$lock"
  flock --nonblock 9 || [ -n "${LAB_CPU:-}" ] || continue
  pin=(taskset --cpu-list "$cpu")
  break
done

link=()
if [ -n "${LAB_LINK:-}" ]; then
  # A raw socket hears what it sends as well: the bridge would learn every address on the wrong side. So only what is not outgoing:
  # ldb #type; jeq #PACKET_OUTGOING, drop, keep; drop: ret #0; keep: ret #65535
  printf '\x30\0\0\0\x04\xf0\xff\xff\x15\0\0\x01\x04\0\0\0\x06\0\0\0\0\0\0\0\x06\0\0\0\xff\xff\0\0' > "$run/incoming-only.bpf"
  link=("vec0:transport=raw,ifname=$LAB_LINK,depth=128,gro=0,bpffile=$run/incoming-only.bpf")
fi

"${pin[@]}" "${preload[@]}" "$uml/bin/linux.uml" mem="${LAB_MEM:-1G}" root=/dev/root rootfstype=hostfs rootflags=/ ro init="$run/init" \
  "${link[@]}" umid=lab uml_dir="$run/uml/" con=null con0=fd:0,fd:1 quiet selinux=0 LAB_RUN="$run" < /dev/null > "$run/console" 2>&1 &
guest=$!
keep_logs() { rm -rf "$run/uml" "$run/init"; cp -r "$run/." "$out/" && rm -rf "$run"; }
trap 'kill -TERM $guest 2> /dev/null; sleep 0.3; kill -KILL $guest 2> /dev/null; keep_logs; exit 130' INT TERM
tail -n +1 -f --pid=$guest -s 0.1 "$run/results" 9<&- &
tail=$!
end=$((SECONDS + ${LAB_TIMEOUT:-400}))
late=
while kill -0 $guest 2> /dev/null; do
  if [ $SECONDS -ge $end ]; then
    late=1
    kill -TERM $guest
    sleep 1
    kill -KILL $guest 2> /dev/null
    break
  fi
  sleep 0.05
done
wait $guest 2> /dev/null
wait $tail 2> /dev/null
keep_logs
if [ -n "$late" ]; then exit 99; fi
[ -f "$out/status" ] || exit 98
exit "$(cat "$out/status")"
