#!/usr/bin/env bash
# kkv validate for pre-commit, which keeps a checkout of this repository: the first run builds kkv there.
#   pre-commit.sh PATH... [FLAGS OF kkv validate]
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
# git gives its hooks variables that would lead a build into the user's repository.
unset "${!GIT_@}"
[ -f "$root/dist/kkv.mjs" ] || make -C "$root" build >&2
exec "$root/bin/kkv" validate "$@"
