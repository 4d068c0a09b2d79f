#!/usr/bin/env bash
# tests/rooms/rooms.py finds each kind of breach in a tree that has them, and no more.
set -eu

mkdir -p core/engine core/kafka core/master include/pawl plugins/p tools tests/unit/kafka
cat >core/engine/a.c <<'END'
#include <stdint.h>
#include <time.h>
#include "base/error.h"
#include "kafka/consumer.h"
END
echo '#include <librdkafka/rdkafka.h>' | tee core/kafka/a.c tests/unit/kafka/a.c >core/master/a.c
echo '#include <sys/types.h>' >include/pawl/plugin.h
printf '%s\n' '#include "worker/worker.h"' '#include <libconfig.h>' >plugins/p/p.c
seq 501 | sed 's/.*//' >core/kafka/long.c

status=0
"$PAWL_SOURCE/tests/rooms/rooms.py" . >found || status=$?
sort >expected <<'END'
core/engine/a.c:2:
core/engine/a.c:4:
core/kafka/long.c:
core/master/a.c:1:
include/pawl/plugin.h:1:
plugins/p/p.c:1:
plugins/p/p.c:2:
END
cut -d' ' -f1 found | sort | diff expected -
[ "$status" -eq 1 ]
