# Sourced by what runs scenarios.
# shellcheck shell=bash
# read_verdict LINE: a result line of a scenario as people read it, in REPLY, beginning with `ok  ` or `FAIL`; fails where it is none
read_verdict() {
  local mark=FAIL figures
  [[ $1 =~ ^\{\"scenario\":\"([^\"]*)\",\"check\":\"([^\"]*)\",\"ok\":(true|false),\"figures\":(.*)\}$ ]] || return 1
  [ "${BASH_REMATCH[3]}" = false ] || mark='ok  '
  figures=${BASH_REMATCH[4]}
  [ "$figures" != '{}' ] || figures=
  REPLY="$mark ${BASH_REMATCH[1]}: ${BASH_REMATCH[2]}${figures:+  $figures}"
}
