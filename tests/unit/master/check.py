#!/usr/bin/env python3
"""The real pawld's --check: one run names all that is wrong, with file and line, and each thing once. No broker is needed."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from puppets import BUILD, contains, equal, run, wait_for  # noqa: E402

PAWLD = BUILD + "/core/pawld"
FIXTURES = BUILD + "/tests/plugins"
RECORDER = f'plugin = "{FIXTURES}/recorder.so"; topics = ["t"];'


def check(host):
    """(exit status, the lines of stderr without the directory)"""
    done = subprocess.run([PAWLD, "--check", "--config", host.dir + "/pawl.conf"], capture_output=True, text=True, timeout=30,
                          check=False, env={**os.environ, "SECRET": "hunter2"})
    return done.returncode, [line.replace(host.dir + "/", "") for line in done.stderr.splitlines()]


def says(said, *expected):
    """Exactly one line for each of (place, words...), and no other."""
    left = list(said)
    for place, *words in expected:
        found = [line for line in left if line.startswith(place + ": error: ") and all(word in line for word in words)]
        if len(found) != 1:
            raise AssertionError(f"expected one line at {place} with {words}, found {len(found)} in:\n" + "\n".join(said))
        left.remove(found[0])
    equal("lines beside the expected ones", left, [])


def plugins(host, **texts):
    for name, text in texts.items():
        host.write(f"plugins.d/{name}.conf", text)


def all_that_is_wrong_is_said_in_one_run(make):
    host = make()
    host.write("pawl.conf", f'''state_dir = "{host.dir}/state"; plugin_dir = "{host.dir}";
admin = {{ listen = 7; }};
kafka = {{ properties = [
  "plugin.library.paths=/tmp/evil.so",
  "lingr.ms=5",
  "linger.ms=often" ]; }};
drian = "1s";
''')
    plugins(
        host,
        syntax='group = "syntax"\ntopics = [;\n',
        values=RECORDER + '\ngroup = "values";\nthreads = 0;\ndeadline = 7;\nthreds = 2;\n'
                          'kafka_properties = (\n "acks=1",\n ("no.such.thing", 1) );\n'
                          'settings = {\n file = 7;\n pawse = "1s"; };\n',
        settings=RECORDER + '\ngroup = "one";\nkafka_consumer_properties = ( "session.timeout.ms=@env:SECRET" );\n'
                            'settings = { file = "f";\n pause = "soon";\n all = 3; };\n',
        required=RECORDER + '\ngroup = "one";\nsettings = { };\n',
        missing='group = "missing";\nplugin = "missing";\ntopics = ["t"];\nkafka_properties = [ "group.id=x" ];\n',
        abi=f'group = "abi";\ntopics = ["t"];\n\nplugin = "{FIXTURES}/hostile_major.so";\n',
        text='group = "text";\nplugin = "../pawl.conf";\n',
        lost='group = "lost";\nplugin = 5;\ntopics = "t";\nsettings = 6;\nkafka_properties = [ "retries=1" ];\n',
        topics=f'plugin = "{FIXTURES}/recorder.so";\ngroup = "topics";\ntopics = [ ];\nsettings = {{ pause = "x"; }};\n',
        off='enabled = false;\nplugin = "nowhere";\ngroup = "off";\nkafka_properties = [ "test.mock.num.brokers=1" ];\n',
        twin='name = "text";\ngroup = "twin";\n' + RECORDER + '\nsettings = { file = "f"; all = 4; };\n',
    )
    status, said = check(host)
    equal("exit status", status, 1)
    says(said,
         ("pawl.conf:2", "admin.listen", "string", "7"),
         ("pawl.conf:4", "plugin.library.paths", "may not be set", "run code"),
         ("pawl.conf:5", '"lingr.ms"', 'did you mean "linger.ms"'),
         ("pawl.conf:6", "linger.ms", "often"),
         ("pawl.conf:7", "drian", '"drain"'),
         ("plugins.d/syntax.conf:2", "syntax error"),
         ("plugins.d/values.conf:3", "threads", "1 to 256", "0"),
         ("plugins.d/values.conf:4", "deadline", "duration", "7"),
         ("plugins.d/values.conf:5", "threds", '"threads"'),
         ("plugins.d/values.conf:7", '"acks"', "all or -1", '"1"'),
         ("plugins.d/values.conf:8", "no.such.thing"),
         ("plugins.d/values.conf:10", "settings.file", "path", "7"),
         ("plugins.d/values.conf:11", "settings.pawse", '"pause"'),
         ("plugins.d/settings.conf:2", "group", '"one"', "required"),
         ("plugins.d/settings.conf:3", "session.timeout.ms"),
         ("plugins.d/settings.conf:5", "settings.pause", "soon"),
         ("plugins.d/settings.conf:6", "settings.all", "3"),
         ("plugins.d/required.conf:3", "settings.file", "nothing"),
         ("plugins.d/missing.conf:2", "missing.so", "No such file"),
         ("plugins.d/missing.conf:4", "group.id", "may not be set"),
         ("plugins.d/abi.conf:4", "hostile_major.so", "wants version 2.", "provides 1."),
         ("plugins.d/text.conf:2", "pawl.conf", "ELF"),
         ("plugins.d/lost.conf:2", "plugin", "5"),
         ("plugins.d/lost.conf:3", "topics", "list"),
         ("plugins.d/lost.conf:4", "settings", "group"),
         ("plugins.d/lost.conf:5", "retries"),
         ("plugins.d/topics.conf:3", "topics", "at least one"),
         ("plugins.d/topics.conf:4", "settings.pause", "x"),
         ("plugins.d/topics.conf:4", "settings.file", "nothing"),
         ("plugins.d/off.conf:4", "test.mock.num.brokers"),
         ("plugins.d/twin.conf:1", "name", "text.conf"),
         ("plugins.d/twin.conf:4", "settings.all", "4"))
    assert not any("hunter2" in line for line in said), "a secret is shown"
    done = subprocess.run([PAWLD, "--config", host.dir + "/pawl.conf"], capture_output=True, text=True, timeout=30,
                          check=False, env={**os.environ, "SECRET": "hunter2"})
    equal("a start says the same", (done.returncode, [line.replace(host.dir + "/", "") for line in done.stderr.splitlines()]),
          (1, said))


def a_main_file_that_cannot_be_read_keeps_no_plugin_from_being_checked(make):
    host = make()
    host.write("pawl.conf", "kafka = ;\n")
    plugins(host, path=RECORDER + '\ngroup = "path";\nsettings = { };\n', name='group = "name";\nplugin = "somewhere";\n')
    status, said = check(host)
    equal("exit status", status, 1)
    says(said, ("pawl.conf:1", "syntax error"), ("plugins.d/path.conf:3", "settings.file"))


def what_is_right_is_said_to_be_and_nothing_is_made(make):
    host = make()
    plugins(host, recorder=RECORDER + '\ngroup = "g";\nsettings = { file = "f"; };\n'
                                      'kafka_properties = [ "acks=all", "enable.auto.commit=false", "fetch.min.bytes=5" ];\n')
    before = sorted(os.listdir(host.dir))
    equal("said", check(host), (0, []))
    equal("what stands there", sorted(os.listdir(host.dir)), before)


def answers(host):
    try:
        return host.status()["state"] == "running"
    except OSError:
        return False


def a_reload_refuses_properties_too(make):
    host = make()
    host.program = PAWLD
    good = RECORDER + '\ngroup = "g";\nsettings = { file = "f"; };\n'
    plugins(host, recorder=good)
    host.start(wait=False)
    wait_for("pawld answers", lambda: answers(host))
    host.write("plugins.d/recorder.conf", good + 'kafka_properties = [ "acks=1",\n "lingr.ms=1" ];\n')
    _, outcome = host.reload()
    equal("refused", outcome["ok"], False)
    contains("file and line", "\n".join(outcome["errors"]), "plugins.d/recorder.conf:4: error: property \"acks\"")
    contains("file and line", "\n".join(outcome["errors"]), "plugins.d/recorder.conf:5: error: property \"lingr.ms\"")
    equal("exit status", host.stop(), 0)


run([all_that_is_wrong_is_said_in_one_run, a_main_file_that_cannot_be_read_keeps_no_plugin_from_being_checked,
     what_is_right_is_said_to_be_and_nothing_is_made, a_reload_refuses_properties_too])
