#!/bin/bash
# demo.sh   the walk-through of release 0.5's README with the real product on three lab nodes. exit: 0 if each step held.
set -u
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
colour=0
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] && colour=1
echo "Booting the lab: a User-Mode-Linux guest with real VRRP and IPVS (no root, no KVM; about 10 s)"
began=$SECONDS
"$here/lab.sh" demo COLOUR=$colour
status=$?
if [ $status = 0 ]; then
  echo
  echo "Each step held. ($((SECONDS - began)) s)"
else
  echo "The demo failed (status $status); logs are in $here/out/demo" >&2
  tail -n 20 "$here/out/demo/console" >&2
fi
exit $status
