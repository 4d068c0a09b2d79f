#!/usr/bin/python3
"""What `pawlctl schema` prints, judged by an independent validator of JSON Schema: the schemas are valid, their examples fit, and of
thousands of altered examples validator and catalogue think the same. The AsyncAPI document holds together. The table in
plugins/common/README.md is the catalogue's."""
import copy
import json
import os
import subprocess
import sys

import jsonschema

SOURCE, BUILD = os.environ["PAWL_SOURCE"], os.environ["PAWL_BUILD"]
# An integer in JSON Schema may be written 1.0, which is none for the catalogue: such values are not compared.
VALUES = [None, True, 1.5, -1, 0, 2**63 - 1, "", "x", "email", "approved", [], [1], [-1], ["x"], [None], {}, {"x": 1}]
ENVELOPE = {"event_id": ["x", 1, None], "timestamp": ["yesterday", "2026-13-01T00:00:00Z x", 1, None], "version": [1],
            "source": [None], "correlation_id": [1, "any text"], "metadata": [[], None]}


def pawlctl(*arguments):
    done = subprocess.run([f"{BUILD}/tools/pawlctl", "--config", f"{SOURCE}/etc/pawl.conf", *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"pawlctl {arguments}: {done.stderr}")
    return done.stdout


def verdicts(events):
    """The catalogue's own: "ok" or the faults, an event each."""
    lines = "".join(json.dumps(e) + "\n" for e in events)
    done = subprocess.run([f"{BUILD}/tests/unit/tools/event_lines"], input=lines, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


def altered(sample):
    """(event, the member that was altered): each member left out, or of another value."""
    for name in sample:
        if name != "event_type":
            event = copy.deepcopy(sample)
            del event[name]
            yield event, name
            for value in ENVELOPE.get(name, VALUES):
                yield {**copy.deepcopy(sample), name: value}, name


def check_type(event_type, samples):
    schema = json.loads(pawlctl("schema", event_type))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for sample in samples:
        validator.validate(sample)
    if all(set(sample) == set(samples[0]) for sample in samples):
        sys.exit(f"{event_type}: expected an example with all members and one with those that must be there")
    cases = [case for sample in samples for case in altered(sample)]
    # What a publisher fills in may be missing where the event is checked, and must be there on the bus.
    cases = [(e, name) for e, name in cases if name in e or name not in ("event_id", "timestamp")]
    for (event, name), verdict in zip(cases, verdicts(e for e, _ in cases)):
        if (verdict == "ok") != validator.is_valid(event):
            sys.exit(f"{event_type}: of {name} in {event} the catalogue says {verdict}, "
                     f"the schema {[e.message for e in validator.iter_errors(event)]}")
        if verdict != "ok" and name not in [fault.get("field") for fault in json.loads(verdict)]:
            sys.exit(f"{event_type}: {name} is at fault in {event}, found {verdict}")
    return len(cases)


def references(node):
    """Every $ref of a document."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def check_references(document):
    for ref in references(document):
        node = document
        for part in ref.removeprefix("#/").split("/"):
            if part not in node:
                sys.exit(f"the reference {ref} leads nowhere")
            node = node[part]


def check_asyncapi(types):
    document = json.loads(pawlctl("schema", "--asyncapi"))
    if document["asyncapi"] != "3.0.0" or not document["info"]["title"] or not document["servers"]:
        sys.exit("expected an AsyncAPI 3.0.0 document with title and servers")
    channels, messages = document["channels"], document["components"]["messages"]
    if len(channels) != 12 or set(messages) != types:
        sys.exit(f"expected 12 channels and {len(types)} messages, found {list(channels)}, {list(messages)}")
    named = {name for channel in channels.values() for name in channel["messages"]}
    if named != types:
        sys.exit("expected each message in a channel")
    check_references(document)
    if set(references(document)) != {f"#/components/messages/{name}" for name in types}:
        sys.exit("expected one reference to each message")
    kafka = channels["request-events"]["bindings"]["kafka"]
    if kafka["partitions"] != 6 or kafka["topicConfiguration"]["retention.ms"] != 604800000:
        sys.exit(f"request-events: {kafka}")
    if channels["audit-events-dlq"]["bindings"]["kafka"]["topicConfiguration"]["max.message.bytes"] != 11534336:
        sys.exit("a dead-letter topic takes 1 MiB larger messages than its source")
    for message in messages.values():
        validator = jsonschema.Draft7Validator(message["payload"])  # what AsyncAPI's own schemas are built on
        for example in message["examples"]:
            validator.validate(example["payload"])


def check_table():
    with open(f"{SOURCE}/plugins/common/README.md", encoding="utf-8") as file:
        text = file.read()
    if pawlctl("schema", "--markdown") not in text:
        sys.exit("plugins/common/README.md: expected the table that `pawlctl schema --markdown` prints, found another")


def main():
    samples = {}
    for line in pawlctl("schema", "--samples").splitlines():
        event = json.loads(line)
        samples.setdefault(event["event_type"], []).append(event)
    if len(samples) != 26:
        sys.exit(f"expected 26 types, found {len(samples)}")
    whole = json.loads(pawlctl("schema"))
    jsonschema.Draft202012Validator.check_schema(whole)
    compared = sum(check_type(name, examples) for name, examples in samples.items())
    check_asyncapi(set(samples))
    check_table()
    print(f"{len(samples)} schemas are valid; {compared} altered events were judged alike")


main()
