#!/usr/bin/env python3
"""What a plugin published, and no broker has acknowledged when the host stops, is called back as cancelled before destroy."""

import os
import pathlib
import signal
import subprocess

BUILD = os.environ["PAWL_BUILD"]


def main():
    home = os.getcwd()
    pathlib.Path("plugins.d").mkdir()
    pathlib.Path("pawl.conf").write_text(
        f'state_dir = "{home}/state"; run_dir = "{home}/run"; kafka = {{ brokers = "127.0.0.1:1"; }};\n', encoding="utf-8")
    pathlib.Path("plugins.d/announcer.conf").write_text(f'plugin = "{BUILD}/tests/plugins/announcer.so"; group = "g";\n',
                                                        encoding="utf-8")
    command = [f"{BUILD}/core/pawld", "--config", "pawl.conf", "--foreground", "--only", "announcer"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as pawld:
        said = ""
        for line in pawld.stderr:
            said += line
            if "serving:" in line:
                pawld.send_signal(signal.SIGTERM)
        status = pawld.wait(20)
    print(said)
    if status != 0 or "announcer: 3 accepted, 3 cancelled, 0 otherwise" not in said:
        raise AssertionError(f"expected three cancelled publications and exit status 0, found status {status}")


main()
