#!/usr/bin/env bash
# tools/deps, run with a PATH on which it finds nothing of the machine's own but what stands here.
set -eu

fail() {
  echo "deps.sh: $*" >&2
  exit 1
}

mkdir bin
for tool in bash env sed tr dirname readlink cat sh; do
  ln -s "$(command -v "$tool")" "bin/$tool"
done

# fake NAME LINE...: a command of this name.
fake() {
  local name=$1
  shift
  printf '%s\n' '#!/bin/sh' "$@" >"bin/$name"
  chmod 755 "bin/$name"
}

deps() {
  status=0
  PATH=$PWD/bin "$PAWL_SOURCE/tools/deps" "$@" >out 2>err </dev/null || status=$?
}

fake id 'echo 1000'
# shellcheck disable=SC2016
fake apt-get 'echo "apt-get called by the wrong way: $*" >&2; exit 1'
: >calls

# All is there: silent, and apt-get is not called.
# shellcheck disable=SC2016  # expanded by the fake
fake dpkg-query 'shift 2; for package; do echo "installed $package"; done'
fake java 'exit 1'
fake mvn
deps build
if [ "$status" -ne 0 ] || [ -s out ] || [ -s err ]; then
  fail "expected silence and 0 when all is there, found $status: $(cat out err)"
fi

# One is missing, neither root nor sudo: the exact command, status 1, apt-get not called.
# shellcheck disable=SC2016
fake dpkg-query 'shift 2; for package; do [ "$package" = librdkafka-dev ] || echo "installed $package"; done; exit 1'
deps build
[ "$status" -eq 1 ] || fail "expected status 1 when nobody may install, found $status"
grep -qx 'apt-get update && apt-get install -y --no-install-recommends librdkafka-dev' err ||
  fail "expected the command to run, found: $(cat err)"

# A package that is only half installed is missing too.
# shellcheck disable=SC2016
fake dpkg-query 'shift 2; for package; do [ "$package" = ccache ] && echo "half-configured ccache" || echo "installed $package"; done'
deps build
grep -q 'recommends ccache$' err || fail "expected ccache to be asked for, found: $(cat err)"

# sudo that asks nothing is handed the update and the install.
# shellcheck disable=SC2016
fake sudo 'echo "$*" >>calls'
deps build
[ "$status" -eq 0 ] || fail "expected to install through sudo, found status $status: $(cat err)"
for word in 'apt-get .* update' 'apt-get .* install .*--no-install-recommends' ' tools/deps ccache$'; do
  grep -q -e "$word" calls || fail "expected sudo to be handed '$word', found: $(cat calls)"
done

# An unknown profile is refused.
deps everything
[ "$status" -eq 2 ] || fail "expected status 2 for an unknown profile, found $status"
