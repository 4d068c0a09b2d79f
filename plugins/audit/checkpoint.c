#include "checkpoint.h"

#include "chain_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool checkpoint_last(struct chain *chain, int64_t *time)
{
        int found = db_query(chain->db, LAST_CHECKPOINT, DB_NO_VALUES) ? db_next(chain->db, LAST_CHECKPOINT) : -1;

        *time = -1;
        if (found > 0 && !db_column_null(chain->db, LAST_CHECKPOINT, 0))
                *time = db_column_int(chain->db, LAST_CHECKPOINT, 0);
        if (found > 0)
                db_end(chain->db, LAST_CHECKPOINT);
        return found >= 0;
}

/* A line that a crash cut off is ended first, so that it spoils no other. */
static bool write_line(int fd, const char *text)
{
        off_t size = lseek(fd, 0, SEEK_END);
        char last = '\n';
        char *line = NULL;
        int len;
        bool ok;

        if (size < 0 || (size > 0 && pread(fd, &last, 1, size - 1) != 1))
                return false;
        len = asprintf(&line, "%s%s\n", last == '\n' ? "" : "\n", text);
        if (len < 0)
                return false;
        errno = ENOSPC; /* what a short write means */
        ok = write(fd, line, (size_t)len) == len && fsync(fd) == 0;
        free(line);
        return ok;
}

static bool append_line(const char *folder, const char *text, char *error, size_t error_size)
{
        char path[4096];
        bool ok;
        int fd;

        if (snprintf(path, sizeof path, "%s/%s", folder, CHECKPOINT_FILE) >= (int)sizeof path) {
                snprintf(error, error_size, "the path of the checkpoints' folder is too long");
                return false;
        }
        fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
        ok = fd >= 0 && write_line(fd, text);
        if (!ok)
                snprintf(error, error_size, "%s: %s", path, strerror(errno));
        if (fd >= 0)
                close(fd);
        return ok;
}

bool checkpoint_make(struct chain *chain, const struct key *key, const char *folder, struct checkpoint_record *record,
                     char *error, size_t error_size)
{
        char *text;
        bool ok;

        record->seq = chain_head(chain, record->hash);
        if (record->seq == 0) {
                snprintf(error, error_size, "the chain is empty");
                return false;
        }
        text = record_write_checkpoint(record, key);
        if (text == NULL) {
                snprintf(error, error_size, "no memory for a checkpoint");
                return false;
        }
        /* The file first: one that stands there only is checked like any other, and made again. */
        ok = append_line(folder, text, error, error_size);
        if (ok && !db_run(chain->db, WRITE_CHECKPOINT,
                          DB_VALUES(db_int(record->seq), db_int(record->time), db_text(pawl_text(text))))) {
                snprintf(error, error_size, "%s", db_error(chain->db));
                ok = false;
        }
        free(text);
        return ok;
}
