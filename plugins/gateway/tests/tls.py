#!/usr/bin/env python3
"""The gateway over TLS: it shows its certificate, answers as over plain HTTP, and whoever speaks plain HTTP to it, or nothing, holds nobody up."""
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["PAWL_SOURCE"], "tools"))

from trial import Trial, wait_for  # noqa: E402


def get(port, path, context):
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.load(answer)
    except OSError:
        return 0, {}
    finally:
        connection.close()


def main():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with Trial(os.environ["PAWL_BUILD"]) as trial:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", trial.path("key.pem"), "-out", trial.path("cert.pem")],
                       check=True, stderr=subprocess.DEVNULL)
        trial.embedded_broker()
        settings = {"certificate": trial.path("cert.pem"), "key": trial.path("key.pem"), "idle_time": "1s"}
        trial.plugins = {"gateway": {"group": "gateway-{host_id}", "topics": ["request-events", "workflow-events"],
                                     "listen": {"http": f"127.0.0.1:{port}"}, "settings": settings}}
        trial.configure()
        trial.start()
        context = ssl.create_default_context(cafile=trial.path("cert.pem"))
        wait_for("the gateway answers over TLS", lambda: get(port, "/healthz", context)[0] == 200)
        assert get(port, "/v1/requests/1", context)[0] == 401

        with socket.create_connection(("127.0.0.1", port)) as plain, socket.create_connection(("127.0.0.1", port)) as silent:
            plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n")
            assert get(port, "/healthz", context)[0] == 200
            plain.settimeout(10)
            silent.settimeout(10)
            try:
                assert b"200 OK" not in plain.recv(100)
            except ConnectionResetError:
                pass
            assert silent.recv(100) == b"", "who begins no handshake is cut off"

        # A reload with a key that is missing is refused, and the old one serves on.
        settings["key"] = trial.path("nowhere.pem")
        trial.configure()
        done = trial.pawlctl("reload", check=False)
        assert done.returncode != 0 and "nowhere.pem" in done.stdout + done.stderr, done
        assert get(port, "/healthz", context)[0] == 200
    print("TLS: ok")


main()
