#include "plugin/elf_judge.h"

#include <elf.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#define HOST_MACHINE      EM_X86_64
#define HOST_MACHINE_NAME "x86-64"
#elif defined(__aarch64__)
#define HOST_MACHINE      EM_AARCH64
#define HOST_MACHINE_NAME "aarch64"
#else
#error "which machine is this? Add its e_machine."
#endif

struct image {
        const unsigned char *bytes;
        size_t len;
        Elf64_Ehdr header;
};

static bool inside(const struct image *im, uint64_t offset, uint64_t size)
{
        return offset <= im->len && size <= im->len - offset;
}

/* Copies a struct out, since nothing in a stranger's file is aligned for certain. */
static bool take(const struct image *im, uint64_t offset, void *out, size_t size)
{
        if (!inside(im, offset, size))
                return false;
        memcpy(out, im->bytes + offset, size);
        return true;
}

static bool program_header(const struct image *im, unsigned i, Elf64_Phdr *out)
{
        return take(im, im->header.e_phoff + (uint64_t)i * sizeof(Elf64_Phdr), out, sizeof *out);
}

static bool check_tables(const struct image *im, struct pawl_error *err)
{
        const Elf64_Ehdr *h = &im->header;
        Elf64_Phdr ph;
        unsigned i;

        if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0)
                return error_set(err, "expected a shared object, found an ELF file without program headers");
        if (h->e_shnum != 0 && h->e_shentsize != sizeof(Elf64_Shdr))
                return error_set(err, "expected ELF section headers of %zu bytes, found %u", sizeof(Elf64_Shdr),
                                 h->e_shentsize);
        if (!inside(im, h->e_phoff, (uint64_t)h->e_phnum * sizeof(Elf64_Phdr)) ||
            !inside(im, h->e_shoff, (uint64_t)h->e_shnum * sizeof(Elf64_Shdr)))
                return error_set(err, "the file is truncated: its %zu bytes end before its own tables do", im->len);
        for (i = 0; i < h->e_phnum; i++)
                if (program_header(im, i, &ph) && ph.p_type != PT_NULL && !inside(im, ph.p_offset, ph.p_filesz))
                        return error_set(err, "the file is truncated: its %zu bytes end before its segments do",
                                         im->len);
        return true;
}

static bool check_header(struct image *im, struct pawl_error *err)
{
        const unsigned char *id = im->header.e_ident;

        if (im->len < SELFMAG || memcmp(im->bytes, ELFMAG, SELFMAG) != 0)
                return error_set(err, "expected a plugin (an ELF shared object), found %s",
                                 im->len == 0 ? "an empty file" : "another kind of file");
        if (!take(im, 0, &im->header, sizeof im->header))
                return error_set(err, "the file is truncated: its %zu bytes are less than an ELF header", im->len);
        if (id[EI_CLASS] != ELFCLASS64 || id[EI_DATA] != ELFDATA2LSB || im->header.e_machine != HOST_MACHINE)
                return error_set(err,
                                 "expected a 64-bit little-endian file for " HOST_MACHINE_NAME
                                 ", found one for another machine (class %u, data %u, machine %u)",
                                 id[EI_CLASS], id[EI_DATA], im->header.e_machine);
        if (im->header.e_type != ET_DYN)
                return error_set(err, "expected a shared object (built with -shared), found ELF type %u",
                                 im->header.e_type);
        return check_tables(im, err);
}

/* Walks one PT_NOTE segment. Some linkers leave padding of zeros in it: a note without name and content is walked over. */
static bool find_note(const struct image *im, const Elf64_Phdr *segment, struct pawl_note *note)
{
        uint64_t at = segment->p_offset, end = segment->p_offset + segment->p_filesz;
        Elf64_Nhdr h;

        while (end - at >= sizeof h && take(im, at, &h, sizeof h)) {
                uint64_t name_size = ((uint64_t)h.n_namesz + 3) & ~UINT64_C(3);
                uint64_t desc_size = ((uint64_t)h.n_descsz + 3) & ~UINT64_C(3);

                if (h.n_namesz == 5 && h.n_type == PAWL_NOTE_TYPE && h.n_descsz >= sizeof(struct pawl_head) &&
                    end - at >= sizeof *note && take(im, at, note, sizeof *note) && memcmp(note->name, "Pawl", 5) == 0)
                        return true;
                if (name_size + desc_size > end - at - sizeof h)
                        return false;
                at += sizeof h + name_size + desc_size;
        }
        return false;
}

static bool find_head(const struct image *im, struct pawl_head *head)
{
        struct pawl_note note;
        Elf64_Phdr ph;
        unsigned i;

        for (i = 0; i < im->header.e_phnum; i++)
                if (program_header(im, i, &ph) && ph.p_type == PT_NOTE && find_note(im, &ph, &note)) {
                        *head = note.head;
                        return true;
                }
        return false;
}

bool elf_judge_head(const struct pawl_head *head, struct pawl_error *err)
{
        if (memcmp(head->magic, "PAWLPLUG", sizeof head->magic) != 0)
                return error_set(err, "not a Pawl plugin: its head begins with other bytes than \"PAWLPLUG\"");
        if (head->abi_major != PAWL_ABI_MAJOR || head->abi_minor > PAWL_ABI_MINOR)
                return error_set(err, "the plugin wants version %u.%u of the contract, this host provides %u.%u",
                                 head->abi_major, head->abi_minor, PAWL_ABI_MAJOR, PAWL_ABI_MINOR);
        /* Version 1.0 is the smallest there is. */
        if (head->size < sizeof(struct pawl_plugin))
                return error_set(err, "expected a descriptor of %zu bytes or more, found one of %u",
                                 sizeof(struct pawl_plugin), head->size);
        return true;
}

/* ---- can a second build of it live in the process? ---- */

static bool section_header(const struct image *im, unsigned i, Elf64_Shdr *out)
{
        return take(im, im->header.e_shoff + (uint64_t)i * sizeof(Elf64_Shdr), out, sizeof *out);
}

/* The dynamic linker makes one of all GNU-unique symbols of a name, RTLD_LOCAL or not: two builds would share them. */
static bool has_unique_symbol(const struct image *im, const Elf64_Shdr *section)
{
        Elf64_Sym sym;
        uint64_t i, count = section->sh_size / sizeof sym;

        for (i = 0; i < count && take(im, section->sh_offset + i * sizeof sym, &sym, sizeof sym); i++)
                if (ELF64_ST_BIND(sym.st_info) == STB_GNU_UNIQUE && sym.st_shndx != SHN_UNDEF)
                        return true;
        return false;
}

/* A run path relative to the file leads elsewhere from the private copy. */
static bool has_origin(const struct image *im, const Elf64_Shdr *dynamic)
{
        Elf64_Shdr strings;
        Elf64_Dyn d;
        uint64_t i, count = dynamic->sh_size / sizeof d;

        if (!section_header(im, dynamic->sh_link, &strings) || dynamic->sh_link >= im->header.e_shnum ||
            !inside(im, strings.sh_offset, strings.sh_size))
                return true;
        for (i = 0; i < count && take(im, dynamic->sh_offset + i * sizeof d, &d, sizeof d); i++) {
                const char *path = (const char *)im->bytes + strings.sh_offset;

                if (d.d_tag != DT_RUNPATH && d.d_tag != DT_RPATH)
                        continue;
                if (d.d_un.d_val >= strings.sh_size)
                        return true;
                path += d.d_un.d_val;
                if (memmem(path, strnlen(path, strings.sh_size - d.d_un.d_val), "ORIGIN", 6) != NULL)
                        return true;
        }
        return false;
}

static const char *why_not_beside(const struct image *im)
{
        bool symbols = false;
        Elf64_Shdr sh;
        unsigned i;

        for (i = 0; i < im->header.e_shnum && section_header(im, i, &sh); i++) {
                if (sh.sh_type == SHT_DYNSYM) {
                        symbols = true;
                        if (has_unique_symbol(im, &sh))
                                return "it has GNU-unique symbols, which two builds would share";
                }
                if (sh.sh_type == SHT_DYNAMIC && has_origin(im, &sh))
                        return "its run path is relative to the file ($ORIGIN)";
        }
        return symbols ? NULL : "it has no section headers, so its symbols cannot be looked at";
}

bool elf_judge(const void *bytes, size_t len, struct elf_verdict *verdict, struct pawl_error *err)
{
        struct image im = {.bytes = bytes, .len = len};

        if (!check_header(&im, err))
                return false;
        if (!find_head(&im, &verdict->head))
                return error_set(err, "not a Pawl plugin: it has no ELF note \"Pawl\" (is PAWL_PLUGIN or PAWL_EXPORT "
                                      "missing?)");
        verdict->not_beside = why_not_beside(&im);
        return elf_judge_head(&verdict->head, err);
}
