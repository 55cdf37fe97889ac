#!/bin/bash
# promtool.sh   puts promtool of Debian's package prometheus below .cache/promtool, without installing the package: it would start a
# Prometheus with the machine. Prints one line. 20 MB once; after that, nothing.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
cache=.cache/promtool
if [ -x $cache/promtool ]; then
  echo "promtool: it is there: $cache/promtool"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "promtool: unpacking it from Debian's package prometheus into $cache"
[ -n "$(apt-cache madison prometheus)" ] || apt-get update --quiet=2
(cd "$work" && apt-get download --quiet=2 -o APT::Sandbox::User=root prometheus)
dpkg-deb --extract "$work"/prometheus_*.deb "$work/root"
mkdir -p $cache
# The name is the last thing made: an interrupted run leaves no half program.
cp "$work/root/usr/bin/promtool" $cache/promtool.new
mv $cache/promtool.new $cache/promtool
