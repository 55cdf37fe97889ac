#!/bin/bash
# keepalived-releases.sh   puts a newer keepalived beside the distribution's: the tests run on both.
#
# Makes CACHE/VERSION/keepalived, the executable of Debian's SUITE, whose ELF interpreter and library path point into the
# unpacked suite beside it: any libc and any OpenSSL fits, and the process is still called keepalived. Nothing is installed into
# the system. CACHE cannot be moved, because its path is written into the executable; delete it to start over.
#
#   CACHE   KKV_KEEPALIVED_CACHE, by default .cache/keepalived in the checkout
#   SUITE   KKV_KEEPALIVED_SUITE, by default trixie (2.3.3)
#
# Needs root and the packages mmdebstrap and patchelf. Takes 10 to 60 s and 60 MB once; after that, nothing.
set -euo pipefail

checkout=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
cache=${KKV_KEEPALIVED_CACHE:-$checkout/.cache/keepalived}
suite=${KKV_KEEPALIVED_SUITE:-trixie}

say() { echo "keepalived-releases: $*"; }
die() { echo "keepalived-releases: $*" >&2; exit 3; }

mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

# One run at a time; a second one waits and then finds the work done.
exec 9> "$cache/.lock"
flock 9

# The mark is the last thing made, so what an interrupted run left behind is never taken for a release.
done_mark=$cache/.$suite.done
if [ -f "$done_mark" ] && [ -x "$cache/$(cat "$done_mark")/keepalived" ]; then
  say "$(cat "$done_mark") of $suite is there: $cache/$(cat "$done_mark")/keepalived"
  exit 0
fi

for program in mmdebstrap patchelf; do
  command -v "$program" > /dev/null || die "Cannot unpack $suite: $program is missing; run: apt-get install $program"
done
[ "$(id -u)" = 0 ] || die "Cannot unpack $suite: root is wanted; run: sudo $0"

# Where this machine gets its own packages from: the first source of either format.
mirror=$(cat /etc/apt/sources.list.d/*.sources 2> /dev/null | awk '$1 == "URIs:" { print $2; exit }') || true
[ -n "$mirror" ] || mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2> /dev/null |
  awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^[a-z+]+:/) { print $i; exit } }') || true
[ -n "$mirror" ] || die "Cannot unpack $suite: no source of packages in /etc/apt; add the Debian archive there"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f "$keyring" ] || die "Cannot verify $suite: $keyring is missing; run: apt-get install debian-archive-keyring"

root=$cache/$suite
# Not below a mount that an interrupted run may have left.
rm -rf --one-file-system "$root" "$done_mark"
trap 'rm -rf "$root"' EXIT
say "unpacking keepalived of $suite from $mirror into $root"
# The archive's release file may be older than its own limit on a machine whose clock or mirror stands still.
mmdebstrap --quiet --variant=extract --mode=root --format=directory --include=keepalived \
  --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Check-Date "false"' \
  --keyring="$keyring" --dpkgopt='path-exclude=/usr/share/*' \
  --customize-hook='rm -rf "$1"/var/lib/apt "$1"/var/cache "$1"/usr/share' \
  "$suite" "$root" "deb $mirror $suite main" 9>&-

program=$root/usr/sbin/keepalived
[ -x "$program" ] || die "Cannot use $suite: it has no usr/sbin/keepalived"
# The interpreter lies in /lib64 or in /usr/lib64, by suite and machine.
loader=$(readlink -f "$(find "$root" -name 'ld-linux*.so.*' | head -n 1)")
libraries=$(dirname "$(find "$root" -name libc.so.6 | head -n 1)")
triplet=$(basename "$libraries")
patchelf --set-interpreter "$loader" --force-rpath --set-rpath "$root/lib/$triplet:$root/usr/lib/$triplet" "$program"

# Debian's 2.3 ends with status 1, even on `--version`, unless its file of build options lies in /etc/keepalived or beside argv[0].
options=$root/etc/keepalived/keepalived.config-opts
staging=$cache/.staging
rm -rf "$staging"
mkdir "$staging"
ln "$program" "$staging/keepalived"
[ ! -f "$options" ] || cp "$options" "$staging/"
version=$("$staging/keepalived" --version 2>&1 | sed -n '1s/^Keepalived v\([0-9.]*\).*/\1/p')
[ -n "$version" ] || die "Cannot use $suite: its keepalived does not run: $("$staging/keepalived" --version 2>&1 | head -n 1)"

rm -rf "${cache:?}/$version"
mv "$staging" "$cache/$version"
trap - EXIT
echo "$version" > "$done_mark.new"
mv "$done_mark.new" "$done_mark"
say "$version of $suite is ready: $cache/$version/keepalived"
