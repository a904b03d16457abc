#!/usr/bin/env python3
"""Bad input gets one clear answer that names the place and what would be right, and changes nothing."""
import json
import os
import shutil
import socket
import struct
import unittest

from harness import Place, body_request, leat, raw

GOOD = {"content": "hello", "authorId": 1}

# Root may read everything, so as root the program is run without that right.
LIKE_ANYONE = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()


def state_of(running):
    """All that can be seen from outside."""
    services = running.command("status")[0]["services"]
    return (running.ask("GET", "/api/users/1").body, running.ask("GET", "/api/posts/1").body,
            running.ask("GET", "/api/posts/2").status, running.ask("GET", "/api/users/1/feed").body,
            running.command("events", "posts"), running.command("events", "users"), services)


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place()
        cls.addClassCleanup(cls.place.close)
        cls.leat = cls.place.start()
        cls.addClassCleanup(cls.leat.close)
        cls.leat.until_ready()
        user = cls.leat.sign_up("ada")
        cls.leat.post("hello", 1)
        cls.leat.read("/api/posts/1", user.position)

    def setUp(self):
        self.before = state_of(self.leat)
        self.addCleanup(lambda: self.assertEqual(state_of(self.leat), self.before, "bad input changed something"))

    def problem(self, status, answer, *told):
        """A problem document of RFC 9457 that holds these texts."""
        self.assertEqual(answer["status"], status, answer)
        self.assertTrue(answer["title"] and answer["detail"], answer)
        for text in told:
            self.assertIn(text, json.dumps(answer, ensure_ascii=False))

    def test_bodies(self):
        deep = b'{"content":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
        for what, body, status, told in [
            ("10 MB", b'{"content":"' + b"x" * 10_000_000 + b'","authorId":1}', 413, ["1 MiB"]),
            ("nested 10,000 deep", deep, 400, ["deep"]),
            ("only opened", b"[" * 10_000, 400, ["deep"]),
            ("invalid UTF-8", b'{"content":"\xff\xfe","authorId":1}', 400, ["UTF-8"]),
            ("half a surrogate pair", b'{"content":"\\ud800","authorId":1}', 400, ["byte"]),
            ("duplicate keys", b'{"content":"a","content":"b","authorId":1}', 400, ["content", "duplicate"]),
            ("cut off", b'{"content":"a"', 400, ["byte"]),
            ("no JSON", b"content=a", 400, ["byte"]),
            ("nothing", b"", 400, ["body"]),
            ("two values", b'{"content":"a","authorId":1}{}', 400, ["byte"]),
            ("an array", b"[]", 422, ["object"]),
            ("a comment", b'{"content":"a",/**/"authorId":1}', 400, ["byte"]),
            ("NaN", b'{"content":"a","authorId":NaN}', 400, ["byte"]),
            ("beyond int64", b'{"content":"a","authorId":9223372036854775808}', 422, ["/authorId", "64 bits"]),
            ("far beyond int64", b'{"content":"a","authorId":99999999999999999999}', 422, ["/authorId", "64 bits"]),
            ("below int64", b'{"content":"a","authorId":-9223372036854775809}', 422, ["/authorId", "64 bits"]),
            ("no integer", b'{"content":"a","authorId":1.5}', 422, ["/authorId", "integer"]),
            ("wrong types", b'{"content":1,"authorId":"1"}', 422, ["/content", "/authorId", "string", "integer"]),
            ("missing attributes", b"{}", 422, ["/content", "/authorId", "missing"]),
            ("unknown attributes", b'{"content":"a","authorId":1,"mood":1,"id":7}', 422, ["/mood", "/id"]),
            ("too long", b'{"content":"' + b"x" * 4001 + b'","authorId":1}', 422, ["/content", "4000"]),
            ("too small", b'{"content":"a","authorId":0}', 422, ["/authorId"]),
        ]:
            with self.subTest(what):
                got, headers, answer = body_request(self.leat.http, body)
                self.assertEqual(got, status, answer)
                self.problem(status, answer, *told)
                self.assertIn("Content-Type: application/problem+json", headers)

    def test_content_types(self):
        for content_type, status in [("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("", 415),
                                     ("application/jsonx", 415)]:
            with self.subTest(content_type):
                got, _, answer = body_request(self.leat.http, json.dumps(GOOD).encode(), content_type=content_type)
                self.assertEqual(got, status, answer)
                self.problem(status, answer, "application/json")

    def test_parameters(self):
        for path, parameter, right in [
            ("/api/posts/x", "id", "integer"), ("/api/posts/1.5", "id", "integer"), ("/api/posts/%20", "id", "integer"),
            ("/api/posts/9223372036854775808", "id", "integer"), ("/api/posts/0x1", "id", "integer"),
            ("/api/users/x/feed", "id", "integer"),
            ("/api/users/1/feed?limit=-1", "limit", "1 to 100"), ("/api/users/1/feed?limit=0", "limit", "1 to 100"),
            ("/api/users/1/feed?limit=101", "limit", "1 to 100"), ("/api/users/1/feed?limit=ten", "limit", "1 to 100"),
            ("/api/users/1/feed?limit=", "limit", "1 to 100"),
            ("/api/users/1/feed?limit=99999999999999999999", "limit", "1 to 100"),
            ("/api/users/1/feed?after=zz", "after", "next"), ("/api/users/1/feed?after=", "after", "next"),
            ("/api/users/1/feed?after=WzEsMl0", "after", "next"),  # [1,2]: one column too many
        ]:
            with self.subTest(path):
                answer = self.leat.ask("GET", path)
                self.assertEqual(answer.status, 400, answer.body)
                self.problem(400, answer.json, right)
                self.assertEqual(answer.json["parameter"], parameter)

    def test_query_strings_that_are_none(self):
        for path, told in [("/api/users/1/feed?limit=%zz", "hexadecimal"), ("/api/users/1/feed?%FF=1", "UTF-8"),
                           ("/api/posts/%zz", "hexadecimal"), ("/api/posts/%FF", "UTF-8"), ("/api//posts/1", "empty segment")]:
            with self.subTest(path):
                answer = self.leat.ask("GET", path)
                self.assertEqual(answer.status, 400, answer.body)
                self.problem(400, answer.json, told)

    def test_routes_and_methods(self):
        for method, path, status, allow in [
            ("GET", "/", 404, None), ("GET", "/api/nothing", 404, None), ("POST", "/api/nothing", 404, None),
            ("GET", "/api/posts/1/", 404, None), ("GET", "/API/posts/1", 404, None),
            ("DELETE", "/api/posts/1", 405, {"GET", "HEAD", "OPTIONS"}),
            ("GET", "/api/posts", 405, {"POST", "OPTIONS"}),
            ("PUT", "/api/users/1", 405, {"GET", "HEAD", "OPTIONS", "PATCH"}),
            ("BREW", "/api/users/1", 405, {"GET", "HEAD", "OPTIONS", "PATCH"}),
        ]:
            with self.subTest(f"{method} {path}"):
                answer = self.leat.ask(method, path)
                self.assertEqual(answer.status, status, answer.body)
                self.problem(status, answer.json, path)
                if allow:
                    self.assertEqual({one.strip() for one in answer.headers["Allow"].split(",")}, allow)
                    self.assertIn(answer.headers["Allow"], answer.json["detail"])

    def test_what_is_not_there_is_404(self):
        for method, path, body in [("GET", "/api/posts/999", None), ("GET", "/api/posts/-1", None),
                                   ("PATCH", "/api/users/999", {"username": "x"})]:
            with self.subTest(path):
                answer = self.leat.ask(method, path, body)
                self.assertEqual(answer.status, 404, answer.body)
                self.problem(404, answer.json)

    def test_conflicts(self):
        for body, told in [
            ({"username": "ada", "email": "new@example.org", "password": "correct horse"}, "username"),
            ({"username": "new", "email": "ADA@example.org", "password": "correct horse"}, "email"),
        ]:
            with self.subTest(told):
                answer = self.leat.ask("POST", "/api/users", body)
                self.assertEqual(answer.status, 409, answer.body)
                self.problem(409, answer.json, told)
                self.assertNotIn(b"correct horse", answer.body)
        answer = self.leat.ask("POST", "/api/users/1/friends", {"friendId": 1})
        self.assertEqual(answer.status, 422, answer.body)
        self.problem(422, answer.json)

    def test_positions(self):
        right = self.leat.ask("GET", "/api/posts/1").position.split(",")[0]
        bus, topic, partition, epoch, offset = right.split(".")
        other = "A" * 20 + "BA"
        for position, told in [
            ("garbage", "Leat-Position"), ("a.b.c", "Leat-Position"), (f"{bus}.{topic}.{partition}.{epoch}", "Leat-Position"),
            (f"{bus}.{topic}.x.{epoch}.{offset}", "Leat-Position"),
            (f"{bus}.{topic}.{partition}.{epoch}.-7", "Leat-Position"),
            (f"{bus}.{topic}.{partition}.{epoch}.99999999999999999999", "Leat-Position"),
            (f"{other}.{topic}.{partition}.{epoch}.{offset}", "another bus"),
            ("outbox.", "outbox.<service>.<number>"), ("outbox.social.x", "outbox.<service>.<number>"),
            (",".join(f"outbox.s{i}.1" for i in range(65)), "too many"),
        ]:
            with self.subTest(position[:60]):
                answer = self.leat.ask("GET", "/api/posts/1", headers={"Leat-Position": position})
                self.assertEqual(answer.status, 400, answer.body)
                self.problem(400, answer.json, told)

    def test_what_is_no_http(self):
        host = self.leat.http.encode()
        for what, data, statuses in [
            ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), {400}),
            ("zeros", bytes(4096), {400}),
            ("a line without end", b"A" * 100_000, {400, 414, 431}),
            ("another version", b"GET / HTTP/3.0\r\nHost: x\r\n\r\n", {400, 505}),
            ("no host", b"GET /api/posts/1 HTTP/1.1\r\n\r\n", {400}),
            ("two hosts", b"GET /api/posts/1 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", {400}),
            ("two lengths", b"POST /api/posts HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", {400}),
            ("length and chunks", b"POST /api/posts HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
             b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
            ("a negative length", b"POST /api/posts HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", {400}),
            ("a broken chunk", b"POST /api/posts HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
             b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", {400}),
            ("a long target", b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", {414}),
            ("a long header", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 10_000 + b"\r\n\r\n", {431}),
            ("many headers", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 200 + b"\r\n", {431}),
            ("a folded header", b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", {400}),
            ("a space before the colon", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", {400}),
            ("nothing at all", b"", {0}),
            ("half a request", b"GET /api/posts/1 HTTP/1.1\r\nHost: " + host + b"\r\n", {0, 400}),
        ]:
            with self.subTest(what):
                status, headers, body = raw(self.leat.http, data)
                self.assertIn(status, statuses, (headers, body[:200]))
                if status:
                    self.problem(status, json.loads(body))

    def test_a_client_that_resets_harms_nobody(self):
        for _ in range(20):
            host, port = self.leat.http.split(":")
            connection = socket.create_connection((host, int(port)))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(b"GET /api/posts/1 HTTP/1.1\r\nHost: a\r\n\r\n" * 5)
            connection.close()
        self.assertEqual(self.leat.ask("GET", "/api/posts/1").status, 200)

    def test_admin(self):
        for method, path, headers, status, told in [
            ("GET", "/v1/nothing", {}, 404, "/v1/nothing"),
            ("GET", "/healthz", {"Host": "evil.example"}, 421, "Host"),
            ("POST", "/v1/services/social/stop", {}, 401, "Authorization: Bearer"),
            ("POST", "/v1/services/social/start", {"Authorization": "Bearer wrong"}, 401, "token"),
            ("POST", "/v1/services/social/rebuild?read_model=authors", {}, 401, "token"),
            ("GET", "/v1/services/social/stop", {}, 405, "GET"),
            ("GET", "/v1/topics/nothing/events", {}, 404, "nothing"),
            ("GET", "/v1/topics/posts/events?limit=-1", {}, 400, "limit"),
            ("GET", "/v1/topics/posts/events?limit=10001", {}, 400, "limit"),
            ("GET", "/v1/topics/posts/events?wait=x", {}, 400, "wait"),
            ("GET", "/v1/topics/posts/events?from=yesterday", {}, 400, "yesterday"),
        ]:
            with self.subTest(f"{method} {path}"):
                answer = self.leat.admin_ask(method, path, headers=headers)
                self.assertEqual(answer.status, status, answer.body)
                self.problem(status, answer.json, told)


class Commands(unittest.TestCase):
    """What a command of the program refuses: one message on stderr that names the place, exit code 1 (2: its options)."""

    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.close)
        self.here = self.place.root

    def refused(self, done, *told, code=1):
        self.assertEqual(done.returncode, code, done)
        self.assertEqual(done.stdout, "")
        for text in told:
            self.assertIn(text, done.stderr)
        self.assertNotIn("terminate called", done.stderr)

    def up(self, http="127.0.0.1:0", admin="127.0.0.1:0", under=()):
        return leat("up", self.place.system, "--data", self.place.data, "--http", http, "--admin", admin, under=under)

    def files(self, directory):
        return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file() and path.name != "lock"}

    def test_options(self):
        for arguments, told in [
            ((), "--help"), (("fly",), "fly"), (("up", "--port", "1"), "--port"), (("up", "a", "b"), "b"),
            (("stop",), "service"), (("rebuild", "social"), "read_model"), (("events",), "topic"), (("new",), "name"),
            (("events", "posts", "--limit", "-1"), "--limit: `-1` is no number of events; write a whole number from 0"),
            (("events", "posts", "--limit", "x"), "--limit: `x`"),
            (("up", str(self.place.system), "--log", "loud"), "loud"),
        ]:
            with self.subTest(arguments):
                self.refused(leat(*arguments, cwd=self.here), told, code=2)
                self.assertEqual(sorted(path.name for path in self.here.iterdir()), ["social"])

    def test_names_of_new_systems(self):
        (self.here / "taken").mkdir()
        (self.here / "file").write_text("mine")
        for name, told in [("Bad", "lower-case"), ("a b", "lower-case"), ("../x", "lower-case"), ("", "lower-case"),
                           ("1st", "lower-case"), ("x" * 51, "lower-case"), ("taken", "exists already"),
                           ("file", "exists already")]:
            with self.subTest(name):
                before = sorted(self.here.iterdir())
                self.refused(leat("new", name, cwd=self.here), told)
                self.assertEqual(sorted(self.here.iterdir()), before)

    def test_files_of_a_system(self):
        """All mistakes at once, each with its place; `check` and `up` alike; `up` makes no data directory."""
        for what, name, old, new, told in [
            ("unknown keys", "social.yaml", "state: social.sql", "stat: social.sql\ncolour: red",
             ["social.yaml:3:1: unknown key `stat`; did you mean `state`?", "social.yaml:4:1: unknown key `colour`"]),
            ("an unknown key of the system", "leat.yaml", "system: social", "system: social\nport: 80",
             ["leat.yaml:3:1: unknown key `port`"]),
            ("a duplicate key", "social.yaml", "state: social.sql", "state: social.sql\nstate: social.sql",
             ["social.yaml:4:1", "`state`"]),
            ("SQL that does not compile", "social.yaml", "returning id, content, author_id as", "returnin id, content, author_id as",
             ["social.yaml:21:7", "returnin"]),
            ("an unknown column", "social.yaml", "where f.user_id = :id", "where f.usr_id = :id",
             ["social.yaml:43:13", "usr_id"]),
            ("an unknown parameter", "social.yaml", ":friendId)", ":friendid)", ["social.yaml:27:61", ":friendId"]),
            ("broken JSON", "events/post.created.json", '"type": "object",', '"type": "object"', ["events/post.created.json:"]),
            ("no YAML", "social.yaml", "topics:", "topics: [", ["social.yaml:"]),
        ]:
            with self.subTest(what):
                kept = (self.place.system / name).read_text()
                self.place.edit(name, old, new)
                for done in leat("check", self.place.system), self.up():
                    self.refused(done, *told)
                self.assertFalse(self.place.data.exists())
                machine = leat("check", self.place.system, "--json")
                self.assertEqual((machine.returncode, machine.stderr), (1, ""))
                (line,) = machine.stdout.splitlines()
                mistakes = json.loads(line)["mistakes"]
                self.assertTrue(all(one["file"] and one["line"] and one["column"] and one["what"] for one in mistakes))
                self.place.write(name, kept)

    def test_directories_without_a_system(self):
        (self.here / "empty").mkdir()
        (self.here / "file").write_text("")
        for directory in "empty", "missing", "file":
            with self.subTest(directory):
                for command in "check", "up":
                    self.refused(leat(command, directory, cwd=self.here), "leat.yaml", "leat new")
        self.assertEqual(list((self.here / "empty").iterdir()), [])
        self.assertFalse((self.here / "missing").exists())

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = f"127.0.0.1:{server.getsockname()[1]}"
            for option in "http", "admin":
                with self.subTest(option):
                    self.refused(self.up(**{option: address}), address, "in use", f"--{option}")
        with self.place.start() as running:  # what was begun was closed in order
            self.addCleanup(running.close)
            self.assertEqual(running.stop(), 0)
            running.log.until("stopping")
            self.assertFalse([line for line in running.log.all if "not closed in order" in line])

    def test_addresses(self):
        for address, told in [("localhost", "address"), ("127.0.0.1", "port"), ("127.0.0.1:x", "port"),
                              ("127.0.0.1:70000", "port"), ("0.0.0.0:0", "http: {insecure: true}"), ("[::]:0", "http: {insecure: true}"),
                              ("", "address")]:
            with self.subTest(address):
                self.refused(self.up(http=address), told)
        self.place.edit("leat.yaml", "system: social", "system: social\nhttp: {insecure: true}")
        with self.place.start(http="0.0.0.0:0") as running:
            self.addCleanup(running.close)
            self.assertEqual(running.stop(), 0)

    def test_a_data_directory_of_another_process(self):
        with self.place.start() as running:
            self.addCleanup(running.close)
            running.sign_up("ada")
            before = (self.place.data / "running.json").read_text()
            self.refused(self.up(), str(self.place.data), "in use", "leat status")
            self.assertEqual((self.place.data / "running.json").read_text(), before)
            self.assertEqual(running.ask("GET", "/api/users/1").status, 200)
            self.assertEqual(running.status("identity")["state"], "running")
            self.assertEqual(running.stop(), 0)

    def test_a_data_directory_of_another_format(self):
        self.place.data.mkdir()
        (self.place.data / "format").write_text("leat data 99\n")
        before = self.files(self.place.data)
        self.refused(self.up(), str(self.place.data), "leat data 99", "leat data 1")
        self.assertEqual(self.files(self.place.data), before)

    def test_a_directory_that_is_somebody_elses(self):
        self.place.data.mkdir()
        (self.place.data / "thesis.txt").write_text("mine")
        self.refused(self.up(), str(self.place.data), "thesis.txt")
        self.assertEqual(self.files(self.place.data), {str(self.place.data / "thesis.txt"): b"mine"})

    def test_a_data_directory_that_is_a_file(self):
        self.place.data.write_text("mine")
        self.refused(self.up(), str(self.place.data))
        self.assertEqual(self.place.data.read_text(), "mine")

    def test_a_data_directory_that_may_not_be_read(self):
        self.place.data.mkdir(mode=0)
        self.refused(self.up(under=LIKE_ANYONE), str(self.place.data), "ermission")

    def test_a_damaged_log_is_named_and_not_touched(self):
        with self.place.start() as running:
            self.addCleanup(running.close)
            running.sign_up("ada")
            self.assertEqual(running.stop(), 0)
        for manifest in (self.place.data / "log").rglob("manifest"):
            manifest.write_bytes(b"\0" * manifest.stat().st_size)
        before = self.files(self.place.data)
        self.refused(self.up(), "manifest")
        self.assertEqual(self.files(self.place.data), before)

    def test_commands_without_a_running_system(self):
        for arguments in ("status",), ("stop", "social"), ("start", "social"), ("rebuild", "social", "authors"), ("events", "posts"):
            with self.subTest(arguments):
                self.refused(leat(*arguments, "--in", self.place.system), "no system is running", "leat up")
                machine = leat(*arguments, "--in", self.place.system, "--json")
                self.assertEqual((machine.returncode, machine.stderr), (1, ""))
                self.assertEqual(json.loads(machine.stdout)["error"]["code"], "not found")
        self.assertFalse((self.place.system / ".leat").exists())

    def test_names_that_the_running_system_does_not_know(self):
        with self.place.start() as running:
            self.addCleanup(running.close)
            target = ("--in", self.place.system, "--data", self.place.data)
            for arguments, told in [
                (("stop", "nothing"), "nothing"), (("start", "nothing"), "nothing"), 
                (("rebuild", "social", "nothing"), "nothing"), (("rebuild", "nothing", "authors"), "nothing"),
                (("events", "nothing"), "no topic `nothing`; there are: friends, posts, users\n"),
                (("events", "posts", "--from", "yesterday"), "yesterday"),
                (("events", "posts", "--from", "2026-13-01T00:00:00Z"), "2026-13-01"),
            ]:
                with self.subTest(arguments):
                    self.refused(leat(*arguments, *target), told)
            running.until_ready()
            self.assertEqual(running.stop(), 0)


if __name__ == "__main__":
    unittest.main()
