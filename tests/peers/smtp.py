#!/usr/bin/python3
"""An SMTP server for the demo and the tests, on loopback: keeps every mail it accepts as a file, and misbehaves on demand.

    smtp.py FOLDER [--port N] [--refuse-first] [--tls CERTIFICATE KEY] [--login USER PASSWORD]
                                    prints "port=N" and runs until its standard input closes or SIGTERM

Each mail becomes FOLDER/<number>.eml, written whole or not at all. How a recipient is treated is told by his name:
    refuse…@   550 to RCPT              full…@   552 after the content
    later…@    451 the first two times  drop…@   the connection is cut in the middle of the content, the first time
    hang…@     no answer, the first time
With --refuse-first the first RCPT of every recipient gets a 451. With --tls nothing is taken before STARTTLS, with --login nothing before AUTH.
"""
import argparse
import asyncio
import collections
import os
import signal
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Peer:
    """Decides what becomes of each mail. One event loop, no threads."""

    def __init__(self, folder, refuse_first):
        self.folder = folder
        self.refuse_first = refuse_first
        self.count = 0
        self.seen = collections.Counter()

    def first(self, address, times=1):
        self.seen[address] += 1
        return self.seen[address] <= times

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refuse_first and self.first("first:" + address):
            return "451 4.7.1 greylisted, come again"
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


def smtp_options(args):
    """What aiosmtpd needs for --tls and --login."""
    options = {"enable_SMTPUTF8": True}
    if args.tls:
        options["tls_context"] = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        options["tls_context"].load_cert_chain(*args.tls)
        options["require_starttls"] = True
    if args.login:
        expected = LoginPassword(*(text.encode() for text in args.login))
        options["auth_required"] = True
        options["auth_require_tls"] = bool(args.tls)
        options["authenticator"] = lambda server, session, envelope, mechanism, data: AuthResult(success=data == expected, handled=False)
    return options


async def serve(args):
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    peer = Peer(args.folder, args.refuse_first)
    options = smtp_options(args)
    server = await loop.create_server(lambda: SMTP(peer, loop=loop, **options), "127.0.0.1", args.port)
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
    parser.add_argument("--refuse-first", action="store_true", help="451 to the first attempt of every recipient")
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"), help="PEM files: STARTTLS, and nothing before it")
    parser.add_argument("--login", nargs=2, metavar=("USER", "PASSWORD"), help="nothing before AUTH")
    args = parser.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    asyncio.run(serve(args))


if __name__ == "__main__":
    main()
