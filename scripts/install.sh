#!/usr/bin/env bash
# Installs what this checkout needs and is not there yet, saying what it does. A second run does nothing.
#
#   scripts/install.sh check   the npm packages: all that `make build` and `make check` need; no root
#   scripts/install.sh all     also the Debian packages, the second keepalived release and promtool of `make test` and `make demo`;
#                              root, where any of them is missing
#   scripts/install.sh image   the npm packages, and the Debian packages that build the images and look at them; root as above
#   scripts/install.sh release the npm packages, and the Debian packages that let the build run programs of arm64; root as above
#   scripts/install.sh kernel  the npm packages, and the Debian packages that test/lab/kernel.sh builds from; root as above
# More than one word may be given.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# One word a line for each: Debian package, then what it is for.
lab_packages='
keepalived             the daemon under test
ipvsadm                the IPVS table, from outside
iptables               masquerading of what IPVS forwards
nftables               the rules of kube-proxy in its nftables mode
user-mode-linux        the kernel that the lab boots
kmod                   its modules
iproute2               network namespaces, addresses
conntrack              connections that IPVS follows
ipset                  what kube-proxy in IPVS mode keeps its addresses in
procps                 ps, pgrep and sysctl in the lab
python3                traffic generators of the lab, git server of the cluster bed
util-linux             unshare, flock, setpriv
perl-base              the lab: small filters
tcpdump                VRRP adverts on the wire
iputils-arping         who has this VIP
iputils-ping           is that node there
ethtool                checksum offload of virtual links
curl                   the client of the walk-through
openssl                certificates of the cluster bed
chromium               the browser that looks at the status page
fonts-dejavu-core      what it writes with
s6                     the supervisor
execline               what s6 scripts may be written in
mmdebstrap             unpacks the second keepalived release
patchelf               lets that run beside this one
binutils               reads what it needs
debian-archive-keyring verifies where it comes from
ca-certificates        for curl and npm
'
# Only where the CPU has AMX: test/lab/whole-registers.c says why.
amx_packages='
gcc                    compiles what the kernel of the lab needs on this CPU
libc6-dev              what it is compiled against
'
image_packages='
buildah                builds the Dockerfile without a daemon
runc                   runs an image as a kubelet would
libcap2-bin            capsh: runs one in the lab
mmdebstrap             makes the base images
debian-archive-keyring verifies what they are made of
jq                     reads their configuration
'
release_packages='
qemu-user-static       runs programs of arm64 where the images for it are built
binfmt-support         tells the kernel to use it
arch-test              asks whether they run
'
kernel_packages='
linux-source-6.1       the kernel of the lab with nftables
xz-utils               unpacks it
make                   builds it
gcc                    compiles it
libc6-dev              what it is compiled against
flex                   reads its configuration
bison                  the same
bc                     its constants of time
kmod                   indexes its modules
'

say() { echo "install: $*"; }
die() {
  echo "install: $*" >&2
  exit 3
}
did_something=false

# One installation at a time; a second one waits and then finds the work done.
mkdir -p .cache
exec 9> .cache/install.lock
flock 9

install_npm_packages() {
  local lock stamp=node_modules/.installed-from
  lock=$(sha256sum package-lock.json)
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$lock" ]; then return; fi
  command -v npm > /dev/null || die "Cannot install the npm packages: npm is missing; install any Node.js that brings it"
  say "npm packages, as package-lock.json has them (npm install, into node_modules)"
  if new_enough node; then
    npm_install
  else
    # A Node.js that is too old starts npm all the same, but npm then leaves out optional packages that want a newer one: the
    # lint and the parser would lack their native halves. So the first round brings a Node.js, and that one runs the second.
    if ! new_enough "$first_node/node"; then
      npm_install
      link_own_node
      mkdir -p "$first_node"
      cp "$(readlink -f node_modules/.bin/node)" "$first_node/node"
    fi
    say "npm packages once more, with Node.js $("$first_node/node" --version) in place of the system's $(node --version)"
    PATH=$PWD/$first_node:$PATH npm_install
  fi
  link_own_node
  echo "$lock" > "$stamp"
  did_something=true
}

first_node=.cache/first-node
# Not `npm ci`: from npm 11 on it refuses a lock file without the optional packages of other platforms, and those of the lint
# and of the parser are not in every registry. This takes the same versions from the lock file, and leaves it as it is.
npm_install() {
  npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error 9>&-
}
new_enough() { # PROGRAM
  "$1" -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 22) ? 0 : 1)' 2> /dev/null
}

# npm before release 10 does not link the programs of optional packages, and Node.js comes as one: its package says by `os`
# and `cpu` where it fits.
link_own_node() {
  local own
  for own in node_modules/node-linux-*/bin/node; do
    [ -x "$own" ] && "$own" --version > /dev/null 2>&1 || continue
    ln -sfn "../${own#node_modules/}" node_modules/.bin/node
    return
  done
  new_enough node || die "Cannot bring a Node.js for $(uname -s) $(uname -m): the npm packages have none; install 22.22 or newer"
}

install_debian_packages() { # LIST
  local missing
  missing=$(missing_packages "$1")
  [ -n "$missing" ] || return 0
  local command="apt-get install --yes --no-install-recommends $missing"
  command -v apt-get > /dev/null || die "Cannot install by apt-get, which is missing here; by other means install: $missing"
  [ "$(id -u)" = 0 ] || die "Cannot install Debian packages: root is wanted. As root run: apt-get update && $command"
  say "Debian packages: $missing"
  keep_services_down
  export DEBIAN_FRONTEND=noninteractive
  apt-get update --quiet=2 9>&-
  # shellcheck disable=SC2086 # one word each
  apt-get install --quiet=2 --yes --no-install-recommends -o Dpkg::Use-Pty=0 $missing > .cache/apt.log 2>&1 9>&- || {
    cat .cache/apt.log >&2
    die "Cannot install: apt-get failed; what it said stands above and in .cache/apt.log"
  }
  let_services_start
  did_something=true
}

missing_packages() { # LIST
  local names installed
  names=$(awk 'NF { print $1 }' <<< "$1")
  # A package that dpkg has never heard of gives an error line and no output line.
  # shellcheck disable=SC2086 # one word each
  installed=$(dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' $names 2> /dev/null | awk '$2 == "installed" { print $1 }' || true)
  comm -23 <(sort <<< "$names") <(sort <<< "$installed") | paste -s -d ' ' -
}

# A packaged keepalived that starts by itself would speak VRRP on this machine's own network. What dpkg's scripts may start is
# asked of this file: 101 forbids it (invoke-rc.d(8)).
policy=/usr/sbin/policy-rc.d
saved_policy=$policy.before-install
keep_services_down() {
  # Left behind by a run that was killed: that one, not ours, is the machine's own.
  [ -e "$saved_policy" ] || [ ! -e "$policy" ] || mv "$policy" "$saved_policy"
  trap let_services_start EXIT
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
}
let_services_start() {
  rm -f "$policy"
  [ ! -e "$saved_policy" ] || mv "$saved_policy" "$policy"
  trap - EXIT
}

# Programs that are unpacked into .cache and not installed.
unpack_programs() {
  local script
  for script in scripts/keepalived-releases.sh scripts/promtool.sh; do
    # It says so in one line where there is nothing to do; then we need not.
    "$script" 9>&- | while IFS= read -r line; do
      case $line in *" is there: "*) ;; *) echo "$line" ;; esac
    done
  done
}

usage() {
  echo "usage: scripts/install.sh check|all|image|release|kernel..." >&2
  exit 2
}
[ $# -gt 0 ] || usage
for word; do
  case $word in check | all | image | release | kernel) ;; *) usage ;; esac
done
install_npm_packages
for word; do
  case $word in
    all)
      if grep -qw amx_tile /proc/cpuinfo; then lab_packages+=$amx_packages; fi
      install_debian_packages "$lab_packages"
      unpack_programs
      ;;
    image) install_debian_packages "$image_packages" ;;
    release) install_debian_packages "$release_packages" ;;
    kernel) install_debian_packages "$kernel_packages" ;;
  esac
done
$did_something || say "everything is there"
