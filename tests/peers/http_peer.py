#!/usr/bin/python3
"""An HTTP server for the demo and the tests, on loopback: a Telegram Bot API and an SMS gateway that write down what they get.

    http_peer.py FOLDER [--port N] [--refuse-first]     prints "port=N" and runs until its standard input closes or SIGTERM

POST /botTOKEN/sendMessage  JSON with chat_id and text, answered as api.telegram.org does; the token "wrong" gets 401
POST /sms, GET /sms         to (or phone), text, id as JSON, a form, or a query; answered {"status": "accepted", "id": "sms-N"}

Each request becomes a line of JSON in FOLDER/telegram.jsonl or FOLDER/sms.jsonl: time, to, text, id, status (of the answer), message_id (of an
accepted one), headers. How a recipient is treated is told by the last three digits of his chat id or number:
    400  refused for good (Telegram: "chat not found")    403  Telegram: "bot was blocked by the user"; SMS: refused for good (422)
    429  429 with retry_after 1, the first time           500  500, the first two times
    504  no answer, the first time
With --refuse-first the first request about every recipient gets a 500.
"""
import argparse
import asyncio
import collections
import json
import os
import re
import signal
import sys
import time
import urllib.parse

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 422: "Unprocessable Entity",
           429: "Too Many Requests", 500: "Internal Server Error"}


class Peer:
    """Decides what becomes of each request. One event loop, no threads."""

    def __init__(self, folder, refuse_first):
        self.folder = folder
        self.refuse_first = refuse_first
        self.seen = collections.Counter()
        self.accepted = 0

    def misbehaviour(self, channel, to):
        """The status by which this request is turned away; None: it is accepted; 504: it gets no answer."""
        self.seen[channel, to] += 1
        time_ = self.seen[channel, to]
        if self.refuse_first and time_ == 1:
            return 500
        return {"400": 400, "403": 403, "429": 429 if time_ == 1 else None, "500": 500 if time_ <= 2 else None,
                "504": 504 if time_ == 1 else None}.get(to[-3:])

    def record(self, channel, **what):
        with open(os.path.join(self.folder, channel + ".jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps({"time": time.time(), **what}, ensure_ascii=False) + "\n")

    def telegram(self, token, headers, body):
        if token == "wrong":
            return 401, {"ok": False, "error_code": 401, "description": "Unauthorized"}
        try:
            message = json.loads(body)
            to, text = str(message["chat_id"]), message["text"]
        except (ValueError, KeyError, TypeError):
            return 400, {"ok": False, "error_code": 400, "description": "Bad Request: message text is empty"}
        status = self.misbehaviour("telegram", to) or 200
        answer = {"ok": False, "error_code": status,
                  "description": {400: "Bad Request: chat not found", 403: "Forbidden: bot was blocked by the user",
                                  429: "Too Many Requests: retry after 1"}.get(status, "Internal Server Error")}
        if status == 429:
            answer["parameters"] = {"retry_after": 1}
        if status == 200:
            self.accepted += 1
            answer = {"ok": True, "result": {"message_id": self.accepted, "date": int(time.time()),
                                             "chat": {"id": message["chat_id"]}, "text": text}}
        self.record("telegram", to=to, text=text, status=status, headers=headers,
                    message_id=self.accepted if status == 200 else None)
        return status, answer

    def sms(self, query, headers, body):
        try:
            if headers.get("content-type", "").startswith("application/json"):
                message = json.loads(body)
            else:
                message = dict(urllib.parse.parse_qsl(body.decode() or query, strict_parsing=True))
            to, text = message.get("to") or message["phone"], message["text"]
        except (ValueError, KeyError, TypeError, AttributeError):
            return 400, {"status": "refused", "error": "to and text are expected"}
        status = {403: 422, None: 200}.get(wanted := self.misbehaviour("sms", to), wanted)
        if status == 200:
            self.accepted += 1
        message_id = f"sms-{self.accepted}" if status == 200 else None
        self.record("sms", to=to, text=text, id=message.get("id"), status=status, headers=headers, message_id=message_id)
        if status == 200:
            return status, {"status": "accepted", "id": message_id}
        return status, {"status": "refused", "error": REASONS.get(status, "")}

    def answer(self, method, target, headers, body):
        path, _, query = target.partition("?")
        bot = re.fullmatch(r"/bot([^/]+)/sendMessage", path)
        if bot and method == "POST":
            return self.telegram(bot[1], headers, body)
        if path == "/sms" and method in ("POST", "PUT", "GET"):
            return self.sms(query, headers, body)
        return 404, {"ok": False, "error_code": 404, "description": "Not Found"}


async def read_request(reader):
    """Method, target, headers, body; None when the connection has ended."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    method, target, _ = first.split(" ")
    return method, target, headers, await reader.readexactly(int(headers.get("content-length", 0)))


async def converse(peer, reader, writer):
    try:
        while True:
            status, answer = peer.answer(*await read_request(reader))
            if status == 504:
                await reader.read()  # until the other side has had enough
                break
            text = json.dumps(answer, ensure_ascii=False).encode()
            more = "Retry-After: 1\r\n" if status == 429 else ""
            writer.write(f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: application/json\r\n{more}"
                         f"Content-Length: {len(text)}\r\n\r\n".encode() + text)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, ValueError):
        pass
    finally:
        writer.close()


async def serve(folder, port, refuse_first):
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    peer = Peer(folder, refuse_first)
    server = await asyncio.start_server(lambda r, w: converse(peer, r, w), "127.0.0.1", port)
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
    parser.add_argument("--refuse-first", action="store_true", help="the first request about every recipient gets a 500")
    args = parser.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    asyncio.run(serve(args.folder, args.port, args.refuse_first))


if __name__ == "__main__":
    main()
