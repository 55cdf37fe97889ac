#!/usr/bin/env bash
# kernel.sh   builds a second kernel for the lab and prints its folder, which lab.sh takes: LAB_UML=$(test/lab/kernel.sh) test/lab/lab.sh SCENARIO
#
# Debian's user-mode-linux knows no nftables tables (CONFIG_NF_TABLES_INET and those of the families are off). This one knows them. It
# is made of Debian's own source, of what the scenario beside kube-proxy in nftables mode needs and nothing else, without modules.
#
#   CACHE   KKV_LAB_KERNEL_CACHE, by default .cache/lab-kernel in the checkout
#
# The result is CACHE/VERSION-SUM, for the version of the source package and the sum of this script: complete or absent. Where it is
# there, nothing is done. What the build needs is installed by `scripts/install.sh kernel` (root). Times and sizes: CONTRIBUTING.md.
# exit: 1 the build failed, 3 it cannot be built on this machine
set -euo pipefail

package=linux-source-6.1
built_in='
  64BIT CC_OPTIMIZE_FOR_SIZE PRINTK BUG KALLSYMS MODULES MULTIUSER HIGH_RES_TIMERS NO_HZ_IDLE POSIX_TIMERS
  HOSTFS STDERR_CONSOLE NULL_CHAN MCONSOLE MAGIC_SYSRQ TTY UNIX98_PTYS
  PROC_FS SYSFS SYSCTL TMPFS TMPFS_XATTR TMPFS_POSIX_ACL DEVTMPFS OVERLAY_FS BINFMT_ELF BINFMT_SCRIPT
  NAMESPACES UTS_NS IPC_NS USER_NS PID_NS NET_NS CGROUPS SECCOMP SECCOMP_FILTER
  SYSVIPC POSIX_MQUEUE SHMEM FUTEX EPOLL EVENTFD SIGNALFD TIMERFD AIO FHANDLE MEMBARRIER ADVISE_SYSCALLS FILE_LOCKING INOTIFY_USER FANOTIFY

  NET UNIX PACKET INET INET_DIAG IP_MULTICAST IP_ADVANCED_ROUTER IP_MULTIPLE_TABLES SYN_COOKIES IPV6
  NETDEVICES NET_CORE BRIDGE VETH DUMMY UML_NET UML_NET_VECTOR UML_RANDOM

  NETFILTER NETFILTER_ADVANCED NF_CONNTRACK NF_CONNTRACK_PROCFS NF_CONNTRACK_EVENTS NF_CONNTRACK_MARK NF_CT_NETLINK NF_NAT
  NF_TABLES NF_TABLES_INET NF_TABLES_IPV4 NF_TABLES_IPV6 NFT_COMPAT NFT_CT NFT_FIB_INET NFT_FIB_IPV4 NFT_FIB_IPV6 NFT_HASH NFT_LIMIT NFT_LOG
  NFT_MASQ NFT_NAT NFT_NUMGEN NFT_OBJREF NFT_REDIR NFT_REJECT NFT_REJECT_INET
  NETFILTER_XTABLES NETFILTER_XT_MARK NETFILTER_XT_NAT NETFILTER_XT_TARGET_MASQUERADE NETFILTER_XT_MATCH_ADDRTYPE
  NETFILTER_XT_MATCH_COMMENT NETFILTER_XT_MATCH_CONNTRACK NETFILTER_XT_MATCH_IPVS NETFILTER_XT_MATCH_MULTIPORT NETFILTER_XT_MATCH_STATISTIC
  IP_NF_IPTABLES IP_NF_FILTER IP_NF_NAT IP_NF_TARGET_REJECT IP6_NF_IPTABLES IP6_NF_FILTER IP6_NF_NAT
  IP_VS IP_VS_PROTO_TCP IP_VS_PROTO_UDP IP_VS_NFCT IP_VS_RR IP_VS_WRR IP_VS_LC IP_VS_WLC IP_VS_SH IP_VS_MH
'

checkout=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
cache=${KKV_LAB_KERNEL_CACHE:-$checkout/.cache/lab-kernel}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

say() { echo "lab kernel: $*" >&2; }
die() { # STATUS TEXT
  say "$2"
  exit "$1"
}

# One build at a time; a second one waits and then finds the work done.
exec 9> "$cache/.lock"
flock 9

sum=$(sha256sum < "$0" | cut -c 1-12)
installed() { dpkg-query --show --showformat '${Version}' "$package" 2> /dev/null || true; }
version=$(installed)
# A cache may have come from a machine that had the package.
for ready in "$cache"/${version:-*}-"$sum"; do
  if [ -d "$ready" ]; then
    echo "$ready"
    exit
  fi
done

"$checkout/scripts/install.sh" kernel >&2 9>&- || die 3 "Cannot build it: $package or the programs that compile it are not to be had; the reason stands above"
version=$(installed)
began=$SECONDS work=$cache/.work log=$cache/build.log result=$cache/$version-$sum
# A run that was killed may have left it behind.
rm -rf "$work"
mkdir "$work"
trap 'rm -rf "$work"' EXIT

build() {
  local options=$work/options source=$work/$package missing
  # Most of the source is of drivers that are not built.
  tar --extract --file "/usr/src/$package.tar.xz" --directory "$work" --exclude '*.rst' --exclude '*.dts*' \
    --exclude '*/sound/*.[ch]' --exclude '*/drivers/gpu/*.[ch]' --exclude '*/drivers/media/*.[ch]' --exclude '*/drivers/net/*/*.[ch]'
  # shellcheck disable=SC2086 # one word each
  printf 'CONFIG_%s=y\n' $built_in > "$options"
  cd "$source"
  make --silent ARCH=um KCONFIG_ALLCONFIG="$options" allnoconfig
  missing=$(grep --invert-match --line-regexp --fixed-strings --file=.config "$options" || true)
  if [ -n "$missing" ]; then
    echo "not to be had in this source:" && echo "$missing"
    return 1
  fi
  make --silent ARCH=um --jobs="$(nproc)" linux modules
  # No module is made, but modprobe wants to read what is built in.
  make --silent ARCH=um INSTALL_MOD_PATH="$work/installed" modules_install
  rm -f "$work"/installed/lib/modules/*/{build,source}
  mkdir -p "$work/result/bin" "$work/result/lib/uml"
  mv "$work/installed/lib/modules" "$work/result/lib/uml"
  strip -o "$work/result/bin/linux.uml" linux
  "$work/result/bin/linux.uml" --version
}

say "building User-Mode Linux with nftables from $package $version: about 5 minutes, once"
# A process group of its own, so that an end of this script ends the compilers as well.
set -m
build > "$log" 2>&1 < /dev/null 9>&- &
builder=$!
set +m
trap 'kill -TERM -- "-$builder" 2> /dev/null; wait "$builder"; rm -rf "$work"; exit 130' INT TERM
wait "$builder" || {
  tail -n 20 "$log" >&2
  die 1 "the build failed; its end stands above, all of it is $log"
}
rm -rf "$cache"/*-*
mv "$work/result" "$result"
say "$version is ready in $((SECONDS - began)) s, $(du -sm "$result" | cut -f 1) MB: $result"
echo "$result"
