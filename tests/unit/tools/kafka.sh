#!/usr/bin/env bash
# tools/kafka: a cluster of its own in this directory, which keeps its ports, holds none of its starter's descriptors, and
# leaves nothing behind.
set -eu

fail() {
  echo "kafka.sh: $*" >&2
  exit 1
}

kafka() {
  "$PAWL_SOURCE/tools/kafka" --dir "$PWD/cluster" "$@"
}

pid_of_broker() {
  kafka status | sed -n 's/^broker 1 .*pid=\([0-9]*\).*/\1/p'
}

trap 'kafka stop --clean' EXIT

kafka status && fail "expected status 1 where there is no cluster"

# The command substitution ends, and the lock is free again, although the broker runs on.
exec 9>lock
flock 9
first=$(kafka start)
exec 9>&-
flock --nonblock lock true || fail "the broker holds a lock of who started it"
[[ $first =~ ^bootstrap=127\.0\.0\.1:[0-9]+$ ]] || fail "expected bootstrap=127.0.0.1:PORT, found $first"
kafka status | grep -q '^broker 1 .* answers$' || fail "expected a broker that answers: $(kafka status)"

# Started twice it is the same.
pid=$(pid_of_broker)
[ "$(kafka start)" = "$first" ] || fail "a second start changed the ports"
[ "$(pid_of_broker)" = "$pid" ] || fail "a second start changed the process"

# Paused it is silent, resumed it answers.
kafka pause 1
kafka status | grep -q silent || fail "expected a paused broker to be silent"
kafka resume 1
kafka status >/dev/null || fail "expected a resumed broker to answer"

# Killed it is down, restarted it is another process on the same port.
kafka kill 1
kafka status && fail "expected status 1 while the broker is down"
kafka restart 1
[ "$(kafka start)" = "$first" ] || fail "expected the old port after a restart"
[ "$(pid_of_broker)" != "$pid" ] || fail "expected a new process after a restart"

# Other brokers than it has, and a broker that it does not have, are refused.
kafka start --brokers 3 2>err && fail "expected 3 brokers to be refused in a directory that has 1"
grep -q 'stop --clean' err || fail "expected the remedy to be named: $(cat err)"
kafka kill 2 2>err && fail "expected broker 2 to be refused"

pid=$(pid_of_broker)
kafka stop --clean
# Of a process that nobody has waited for yet the command line is empty.
if grep -qs kafka.Kafka "/proc/$pid/cmdline"; then fail "the broker still runs after stop"; fi
[ ! -e cluster ] || fail "stop --clean left files"
