#!/usr/bin/env python3
"""/openapi.json as the gateway gives it, judged by an independent validator; and what it says of each route is so."""
import http.client
import json
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.environ["PAWL_SOURCE"], "build", "python"))  # put there by tools/deps test
sys.path.insert(0, os.path.join(os.environ["PAWL_SOURCE"], "tools"))

import jsonschema  # noqa: E402
import openapi_spec_validator  # noqa: E402

from trial import Trial, wait_for  # noqa: E402

ROUTES = {("post", "/v1/events"), ("post", "/v1/requests"), ("post", "/v1/requests/{id}/assign"),
          ("post", "/v1/requests/{id}/complete"), ("post", "/v1/requests/{id}/cancel"), ("get", "/v1/requests/{id}"),
          ("get", "/v1/requests/{id}/timeline"), ("get", "/healthz"), ("get", "/readyz"), ("get", "/openapi.json")}
OPEN = {"/healthz", "/readyz", "/openapi.json"}


def get(port, method, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError:
        return 0, b""
    finally:
        connection.close()


def document():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with Trial(os.environ["PAWL_BUILD"]) as trial:
        trial.embedded_broker()
        trial.plugins = {"gateway": {"group": "gateway-{host_id}", "topics": ["request-events", "workflow-events"],
                                     "listen": {"http": f"127.0.0.1:{port}"}}}
        trial.configure()
        trial.start()
        wait_for("the gateway is ready", lambda: get(port, "GET", "/readyz")[0] == 200)
        text = get(port, "GET", "/openapi.json")[1]
        # Without tokens nobody is let in, and every route that needs one says so.
        for method, path in ROUTES:
            status = get(port, method.upper(), path.replace("{id}", "7"))[0]
            assert status == (200 if path in OPEN else 401), f"{method} {path}: {status}"
        assert trial.stop() == 0
    return json.loads(text)


def main():
    spec = document()
    openapi_spec_validator.validate(spec)
    found = {(method, path) for path, item in spec["paths"].items() for method in item}
    assert found == ROUTES, found ^ ROUTES
    for method, path in ROUTES:
        operation = spec["paths"][path][method]
        assert ("security" in operation) == (path not in OPEN), path
        assert ("requestBody" in operation) == (method == "post"), path
        if path not in OPEN:
            assert {"401", "403", "429"} <= set(operation["responses"]), path
        if "{id}" in path:
            assert operation["parameters"][0]["name"] == "id", path
    schemas = spec["components"]["schemas"]
    assert len(schemas["event"]["oneOf"]) == 26
    created = {"event_type": "request.created", "request_id": 1, "customer_id": 2, "title": "t", "description": "d",
               "urgency": "u", "region": "r", "city": "c", "address": "a"}
    validator = jsonschema.Draft202012Validator(schemas["request.created"])
    validator.validate(created)
    assert not validator.is_valid({**created, "request_id": "x"})
    body = spec["paths"]["/v1/requests"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    del created["event_type"], created["request_id"], created["customer_id"]
    jsonschema.Draft202012Validator(body).validate(created)
    print("the interface is described")


main()
