/*
 * The kinds of documents. Pure; any thread.
 */
#ifndef HR_KINDS_H
#define HR_KINDS_H

enum kind { DOC_ACT, DOC_INVOICE, DOC_CONTRACT, DOCS };

struct kind_names {
        const char *document_type; /* in events, and of the template */
        const char *prefix;        /* of the number: АКТ-2026-000001 */
        const char *file;          /* of the file: act-2026-000001.pdf */
        const char *title;         /* of the PDF */
};

extern const struct kind_names kind_names[DOCS];

#endif
