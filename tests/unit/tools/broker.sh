#!/usr/bin/env bash
# The embedded broker prints where it listens, and ends with SIGTERM or with the pipe on its standard input.
set -eu

broker=$PAWL_BUILD/tools/pawl-broker

fail() {
  echo "broker.sh: $*" >&2
  exit 1
}

# A pipe that closes ends it.
mkfifo lifeline
"$broker" --topic one:3 <lifeline >out &
pid=$!
exec 3>lifeline
timeout 10 bash -c 'until grep -qE "^bootstrap=[0-9.]+:[0-9]+$" out; do sleep 0.05; done' || fail "no bootstrap= line: $(cat out)"
exec 3>&-
wait "$pid" || fail "expected exit status 0 at the end of standard input, found $?"

# /dev/null does not; SIGTERM does. The project's own topics are accepted.
"$broker" --brokers 3 --topics "$PAWL_SOURCE/etc/topics.conf" </dev/null >out &
pid=$!
timeout 10 bash -c 'until grep -qE "^bootstrap=[^,]+,[^,]+,[^,]+$" out; do sleep 0.05; done' || fail "no three brokers: $(cat out)"
kill "$pid"
wait "$pid" || fail "expected exit status 0 after SIGTERM, found $?"

# Bad arguments are named.
! "$broker" --topic none 2>err || fail "expected a topic without partitions to be refused"
grep -q 'expected NAME:PARTITIONS.*"none"' err || fail "expected the topic to be named, found: $(cat err)"
! "$broker" --topics missing.conf 2>err || fail "expected a missing file to be refused"
grep -q missing.conf err || fail "expected the file to be named, found: $(cat err)"
