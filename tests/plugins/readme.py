#!/usr/bin/env python3
"""Each plugin's README holds the tables of its settings, commands and metrics as its descriptor has them, between
<!-- settings --> and <!-- end -->, and so on; a plugin that has none of one kind needs no such part.

  readme.py            checks them
  readme.py --write    puts them there
"""
import glob
import os
import re
import subprocess
import sys

SOURCE, BUILD = os.environ["PAWL_SOURCE"], os.environ["PAWL_BUILD"]
HEADS = {
    "settings": "| setting | type | default | |\n|---|---|---|---|\n",
    "commands": "| command | |\n|---|---|\n",
    "metrics": "| metric | kind | |\n|---|---|---|\n",
}


def rows(plugin, kind):
    return subprocess.run([f"{BUILD}/tests/plugins/describe", plugin, kind], stdout=subprocess.PIPE, text=True, check=True).stdout


def main():
    wrong = []
    for plugin in sorted(glob.glob(f"{BUILD}/plugins/*.so")):
        name = os.path.basename(plugin).removesuffix(".so")
        path = f"{SOURCE}/plugins/{name}/README.md"
        with open(path, encoding="utf-8") as file:
            text = old = file.read()
        for kind, head in HEADS.items():
            table = rows(plugin, kind)
            place = re.compile(rf"<!-- {kind} -->\n.*?<!-- end -->\n", re.DOTALL)
            if not table:
                continue
            if not place.search(text):
                wrong.append(f"{path}: expected a part from <!-- {kind} --> to <!-- end -->, found none")
            text = place.sub(lambda _, k=kind, t=head + table: f"<!-- {k} -->\n{t}<!-- end -->\n", text)
        if text != old and "--write" in sys.argv:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        elif text != old:
            wrong.append(f"{path}: its tables are not those of the plugin; {sys.argv[0]} --write puts them there")
    print("\n".join(wrong) or "the READMEs have the plugins' own tables")
    return 1 if wrong else 0


sys.exit(main())
