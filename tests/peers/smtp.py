#!/usr/bin/python3
"""An SMTP server for the demo and the tests, on loopback: keeps every mail it accepts as a file, and misbehaves on demand.

    smtp.py FOLDER [--port N]      prints "port=N" and runs until its standard input closes or SIGTERM

Each mail becomes FOLDER/<number>.eml, written whole or not at all. How a recipient is treated is told by his name:
    refuse…@   550 to RCPT              full…@   552 after the content
    later…@    451 the first two times  drop…@   the connection is cut in the middle of the content, the first time
    hang…@     no answer, the first time
"""
import argparse
import asyncio
import collections
import os
import signal
import sys

from aiosmtpd.smtp import SMTP


class Peer:
    """Decides what becomes of each mail. One event loop, no threads."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0
        self.seen = collections.Counter()

    def first(self, address, times=1):
        self.seen[address] += 1
        return self.seen[address] <= times

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refuse"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later") and self.first(address, 2):
            return "451 4.7.1 greylisted, come again"
        if address.startswith("hang") and self.first(address):
            await asyncio.sleep(3600)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        address = envelope.rcpt_tos[0]
        if address.startswith("full"):
            return "552 5.2.2 mailbox full"
        if address.startswith("drop") and self.first(address):
            server.transport.abort()
            return "451 dropped"
        self.count += 1
        path = os.path.join(self.folder, f"{self.count:04d}.eml")
        with open(path + ".part", "wb") as file:
            file.write(envelope.original_content)
        os.rename(path + ".part", path)
        return "250 OK"


async def serve(folder, port):
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    peer = Peer(folder)
    server = await loop.create_server(lambda: SMTP(peer, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", port)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_reader(sys.stdin.fileno(), lambda: os.read(sys.stdin.fileno(), 4096) or stop.set())
    print(f"port={server.sockets[0].getsockname()[1]}", flush=True)
    await stop.wait()
    server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--port", type=int, default=0)
    args = parser.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    asyncio.run(serve(args.folder, args.port))


if __name__ == "__main__":
    main()
