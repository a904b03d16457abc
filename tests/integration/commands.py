#!/usr/bin/env python3
"""Every command of the program, and what it promises to those who run it."""
import json
import os
import signal
import subprocess
import threading
import unittest

from harness import Place, binary, eventually, leat, raw

# The families of the metrics table in docs/guide/running.md.
FAMILIES = """
leat_requests_total leat_request_seconds leat_gateway_in_flight leat_gateway_full_total
leat_commands_total leat_command_seconds leat_command_batch leat_commands_waiting
leat_answers_held leat_answers_held_bytes leat_answers_replayed_total leat_answers_forgotten_early_total
leat_queries_total leat_query_seconds leat_queries_waiting
leat_outbox_rows leat_outbox_published_total leat_outbox_paused leat_commands_paused
leat_read_model_events_total leat_read_model_lag_events leat_read_model_lag_seconds leat_read_model_paused
leat_log_appends_total leat_log_append_bytes_total leat_log_flushes_total leat_log_flush_seconds_total
leat_log_flush_seconds_max leat_log_checkpoints_total leat_log_pending_bytes
leat_log_scrub_last_seconds leat_log_scrub_bytes_total leat_log_scrub_damages_total
leat_http_connections leat_http_accept_failures_total leat_http_refused_total leat_http_limit_total
leat_memory_budget_bytes leat_memory_leased_bytes leat_memory_waiting leat_memory_waits_total leat_memory_sheds_total
process_max_fds process_open_fds
""".split()


class Offline(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.close)

    def done(self, *arguments, code=0):
        done = leat(*arguments, cwd=self.place.root)
        self.assertEqual((done.returncode, done.stderr), (code, ""), done)
        return done.stdout

    def line(self, *arguments, code=0):
        (line,) = self.done(*arguments, "--json", code=code).splitlines()
        return json.loads(line)

    def test_version(self):
        number = self.line("version")["version"]
        self.assertRegex(number, r"^\d+\.\d+\.\d+$")
        self.assertEqual(self.done("version"), f"leat {number}\n")
        self.assertIn(number, self.done("--version"))

    def test_help_names_every_command_and_option(self):
        for arguments, names in [
            (("--help",), "up check new schema version status stop start rebuild events verify repair".split()),
            (("up", "--help"),
             "--data --http --admin --memory --scrub-days --log --json 127.0.0.1:8080 127.0.0.1:8081".split()),
            (("events", "--help"), "--from --limit --follow --in --data --json".split()),
            (("stop", "--help"), "service --in --data --json".split()),
            (("rebuild", "--help"), "service read_model --in --data --json".split()),
        ]:
            with self.subTest(arguments):
                text = self.done(*arguments)
                for name in names:
                    self.assertIn(name, text)

    def test_check(self):
        self.assertEqual(self.done("check", "social"),
                         "system social: 2 services, 4 commands, 3 queries, 1 read model, 4 events\n")
        self.assertEqual(self.line("check", "social"), {"ok": True, "mistakes": []})
        self.assertEqual([path.name for path in self.place.root.iterdir()], ["social"])  # nothing is written

    def test_schema(self):
        schema = json.loads(self.done("schema"))
        self.assertIn("$schema", schema)
        self.assertEqual(self.line("schema"), schema)

    def test_new_makes_a_system_that_runs(self):
        self.assertIn("leat up made", self.done("new", "made"))
        self.assertEqual(self.line("new", "made-2"), {"directory": "made-2"})
        self.assertEqual(self.line("check", "made"), {"ok": True, "mistakes": []})
        self.place.system = self.place.root / "made"
        with self.place.start() as running:
            self.addCleanup(running.close)
            told = running.ask("POST", "/api/notes", {"author": "ada", "text": "hello"})
            self.assertEqual(told.status, 201, told.body)
            heard = running.read("/api/authors/ada/notes", told.position)
            self.assertIn(b"hello", heard.body)
            self.assertEqual(running.stop(), 0)


class Online(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.close)
        self.start()
        self.leat.until_ready()
        self.ada = self.leat.sign_up("ada")
        self.post = self.leat.post("hello", 1)
        self.leat.read("/api/posts/1", self.ada.position)

    def start(self):
        self.leat = self.place.start()
        self.addCleanup(self.leat.close)
        self.ask, self.admin = self.leat.ask, self.leat.admin_ask

    def restart(self, end=lambda leat: leat.stop()):
        end(self.leat)
        self.start()

    def run_leat(self, *arguments):
        done = leat(*arguments, "--in", self.place.system, "--data", self.place.data)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        return done.stdout

    def author(self, position=None):
        headers = {"Leat-Position": position, "Leat-Wait": "30000"} if position else {}
        return self.ask("GET", "/api/posts/1", headers=headers).json["author"]["username"]

    def test_status(self):
        text = self.run_leat("status")
        self.assertIn(f"http://{self.leat.http}", text)
        for word in "identity", "social", "authors", "live", "running":
            self.assertIn(word, text)
        (status,) = self.leat.command("status")
        self.assertEqual([one["name"] for one in status["services"]], ["identity", "social"])
        self.assertEqual((status["system"], status["http"], status["admin"]),
                         ("social", f"http://{self.leat.http}", f"http://{self.leat.admin}"))
        for service in status["services"]:
            self.assertEqual((service["state"], service["commands_waiting"], service["queries_waiting"], service["outbox"]),
                             ("running", 0, 0, 0))
        (model,) = status["services"][1]["read_models"]
        self.assertEqual((model["name"], model["state"], model["lag_events"], model["lag_seconds"],
                          model["replacement_fills"]), ("authors", "live", 0, 0, False))
        self.assertTrue(model["position"] and model["hash"])

    def test_stop_and_start_of_a_service(self):
        self.assertIn("identity is stopped", self.run_leat("stop", "identity"))
        refused = self.ask("GET", "/api/users/1")
        self.assertEqual((refused.status, refused.headers["Retry-After"]), (503, "1"))
        self.assertIn("identity", refused.json["detail"])
        self.assertEqual(self.author(), "ada")  # the others go on
        self.assertEqual(self.leat.status("identity")["state"], "stopped")
        self.assertEqual(self.leat.not_ready(), {"service identity": "stopped"})
        self.run_leat("stop", "identity")  # twice is once
        self.assertIn("identity is running", self.run_leat("start", "identity"))
        self.run_leat("start", "identity")
        self.assertEqual(self.ask("GET", "/api/users/1").json, {"id": 1, "username": "ada"})
        self.leat.until_ready()

    def test_a_stopped_service_catches_up(self):
        self.leat.command("stop", "social")
        for n in range(50):
            renamed = self.ask("PATCH", "/api/users/1", {"username": f"ada{n}"})
            self.assertEqual(renamed.status, 200)
        self.assertEqual(self.leat.command("start", "social"), [{"ok": True}])
        self.assertEqual(self.author(renamed.position), "ada49")

    def test_rebuild_gives_the_same_rows_and_nobody_waits(self):
        before = self.leat.status("social")["read_models"][0]
        end, wrong = threading.Event(), []

        def look():
            with self.leat.client() as ask:
                while not end.is_set():
                    answer = ask("GET", "/api/posts/1")
                    if answer.status != 200 or (answer.json["author"] or {}).get("username") != "ada":
                        wrong.append(answer.body)

        looking = threading.Thread(target=look)
        looking.start()
        self.assertIn("social.authors", self.run_leat("rebuild", "social", "authors"))
        self.leat.log.until("a read model has been rebuilt")
        self.assertEqual(self.leat.command("rebuild", "social", "authors"), [{"ok": True}])
        self.leat.log.until("a read model has been rebuilt")
        end.set()
        looking.join()
        self.assertEqual(wrong, [])
        after = self.leat.status("social")["read_models"][0]
        self.assertEqual((after["state"], after["hash"]), ("live", before["hash"]))
        renamed = self.ask("PATCH", "/api/users/1", {"username": "lovelace"})
        self.assertEqual(self.author(renamed.position), "lovelace")

    def test_a_rebuild_that_cannot_begin_is_refused_with_its_reason(self):
        def refused(why, status, service, read_model):
            done = leat("rebuild", service, read_model, "--in", self.place.system, "--data", self.place.data)
            self.assertEqual((done.returncode, done.stdout), (1, ""), done)
            self.assertIn(why, done.stderr)
            token = json.loads((self.place.data / "running.json").read_text())["token"]
            answer = self.admin("POST", f"/v1/services/{service}/rebuild?read_model={read_model}",
                                headers={"Authorization": f"Bearer {token}"})
            self.assertEqual(answer.status, status, answer.body)
            self.assertIn(why, answer.json["detail"])

        refused("there is no service nobody", 404, "nobody", "authors")
        refused("there is no read model social.fans", 404, "social", "fans")
        self.leat.command("stop", "social")
        refused("service social does not run: stopped", 409, "social", "authors")

    def test_events(self):
        for n in range(25):
            self.leat.post(f"post {n}", 1)
        start = self.leat.command("events", "posts")
        self.assertEqual([event["data"]["id"] for event in sorted(start, key=lambda event: event["data"]["id"])],
                         list(range(1, 27)))
        self.assertEqual(self.leat.command("events", "posts", "--from", "start"), start)
        self.assertEqual(self.leat.command("events", "posts", "--from", "end"), [])
        self.assertEqual(self.leat.command("events", "posts", "--limit", "7"), start[:7])
        self.assertEqual(self.leat.command("events", "posts", "--limit", "0"), [])
        for event in start:
            self.assertTrue(event["id"] and event["time"] and event["traceparent"], event)
            self.assertEqual((event["type"], event["key"]), ("post.created", str(event["data"]["id"])))
            self.assertIn("social", event["source"])
        by_time = sorted(start, key=lambda event: event["time"])
        since = by_time[10]["time"]
        self.assertEqual(sorted(event["id"] for event in self.leat.command("events", "posts", "--from", since)),
                         sorted(event["id"] for event in start if event["time"] >= since))
        self.assertEqual(self.leat.command("events", "posts", "--from", "2999-01-01T00:00:00Z"), [])
        text = self.run_leat("events", "posts").splitlines()
        self.assertEqual(len(text), 26)
        self.assertIn("post.created", text[0])
        self.assertNotIn("correct horse", json.dumps(self.leat.command("events", "users")))

    def test_events_that_are_followed(self):
        following = subprocess.Popen([binary(), "events", "posts", "--from", "end", "--follow", "--limit", "2", "--json",
                                      "--in", str(self.place.system), "--data", str(self.place.data)],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(following.stdout.close)
        self.addCleanup(following.stderr.close)
        # It may not have begun to look when these are written: so write until it has seen enough.
        eventually(lambda: (self.leat.post("more", 1), following.poll())[1], lambda code: code is not None)
        self.assertEqual(following.returncode, 0, following.stderr.read())
        self.assertEqual([json.loads(line)["data"]["content"] for line in following.stdout], ["more", "more"])

    def test_only_the_token_may_change_anything(self):
        running = json.loads((self.place.data / "running.json").read_text())
        self.assertEqual((self.place.data / "running.json").stat().st_mode & 0o077, 0, "others may read the token")
        self.assertEqual(self.admin("POST", "/v1/services/social/stop").status, 401)
        self.assertEqual(self.leat.status("social")["state"], "running")
        token = {"Authorization": "Bearer " + running["token"]}
        self.assertEqual(self.admin("POST", "/v1/services/social/stop", headers=token).status, 204)
        self.assertEqual(self.admin("POST", "/v1/services/social/start", headers=token).status, 204)
        self.leat.until_ready()
        for path in "/healthz", "/readyz", "/metrics", "/v1/status":
            answer = self.admin("GET", path)
            self.assertEqual(answer.status, 200)
            self.assertNotIn(running["token"].encode(), answer.body)
        old = running["token"]
        self.restart()
        self.assertEqual(self.admin("POST", "/v1/services/social/stop", headers={"Authorization": "Bearer " + old}).status, 401)

    def test_health(self):
        self.assertEqual(self.admin("GET", "/healthz").json, {"alive": True})
        self.assertEqual(self.leat.not_ready(), {})

    def test_a_read_model_that_has_stopped_is_told(self):
        """An event that cannot be applied stops its read model, and only that."""
        self.leat.edit("social.yaml", "username text not null)", "username text not null check (username <> 'poison'))")
        poisoned = self.ask("PATCH", "/api/users/1", {"username": "poison"})
        self.assertEqual(poisoned.status, 200)
        self.leat.log.until("a read model has stopped")
        why = self.leat.until_not_ready("read model social.authors", "CHECK")
        self.assertEqual(self.leat.not_ready(), {"read model social.authors": why})
        for part in "users-", "offset":
            self.assertIn(part, why)
        answer = self.ask("GET", "/api/posts/1")
        self.assertEqual((answer.status, answer.headers["Leat-Stale"], answer.json["author"]["username"]), (200, "true", "ada"))
        self.assertEqual(self.ask("GET", "/api/users/1").json["username"], "poison")
        self.leat.post("commands go on", 1)
        model = self.leat.status("social")["read_models"][0]
        self.assertEqual((model["state"], model["lag_events"], model["why"]), ("stopped", 1, why))
        self.assertIn(why, self.run_leat("status"))
        self.assertEqual(self.leat.number("leat_read_model_lag_events", "authors"), 1)
        self.assertGreater(self.leat.number("leat_read_model_lag_seconds", "authors"), 0)
        self.restart()
        self.leat.until_not_ready("read model social.authors", "CHECK")
        # The way out that the guide names: mend the read model, and it is filled anew.
        self.leat.edit("social.yaml", " check (username <> 'poison'))", ")")
        self.assertEqual(self.author(poisoned.position), "poison")
        self.assertEqual(self.leat.not_ready(), {})
        self.assertNotIn("Leat-Stale", self.ask("GET", "/api/posts/1").headers)

    def test_metrics(self):
        text = self.admin("GET", "/metrics").body.decode()
        types = dict(line.split()[2:4] for line in text.splitlines() if line.startswith("# TYPE "))
        self.assertEqual(set(types), set(FAMILIES))
        for name, kind in types.items():
            self.assertEqual(kind == "counter", name.endswith("_total"), name)
        self.ask("GET", "/api/posts/1")
        self.ask("GET", "/api/posts/2")
        before = self.leat.number("leat_log_appends_total")
        self.leat.post("one more", 1)
        numbers = self.leat.metrics()
        rate = {name: float(value) for name, value in numbers.items() if name.startswith("leat_requests_total")}
        template = [name for name in rate if 'route="/api/posts/{id:integer}"' in name]
        self.assertTrue(any("2xx" in name for name in template) and any("4xx" in name for name in template), template)
        self.assertFalse([name for name in numbers if "/api/posts/1" in name])  # by template, never by path
        self.assertGreater(self.leat.number("leat_log_appends_total"), before)
        self.assertGreater(self.leat.number("leat_log_flush_seconds_total"), 0)
        self.assertGreater(self.leat.number("leat_request_seconds_count", "/api/posts/{id:integer}"), 0)

    def test_etag(self):
        first = self.ask("GET", "/api/posts/1")
        etag = first.headers["ETag"]
        again = self.ask("GET", "/api/posts/1", headers={"If-None-Match": etag})
        self.assertEqual((again.status, again.body, again.headers["ETag"]), (304, b"", etag))
        renamed = self.ask("PATCH", "/api/users/1", {"username": "lovelace"})
        self.assertEqual(self.author(renamed.position), "lovelace")
        changed = self.ask("GET", "/api/posts/1", headers={"If-None-Match": etag})
        self.assertEqual(changed.status, 200)
        self.assertNotEqual(changed.headers["ETag"], etag)
        self.restart()
        self.assertEqual(self.ask("GET", "/api/posts/1", headers={"If-None-Match": changed.headers["ETag"]}).status, 304)

    def test_you_read_what_you_wrote_or_are_told(self):
        for n in range(100):
            renamed = self.ask("PATCH", "/api/users/1", {"username": f"ada{n}"})
            answer = self.ask("GET", "/api/posts/1", headers={"Leat-Position": renamed.position})
            self.assertEqual((answer.json["author"]["username"], answer.headers["Leat-Stale"]), (f"ada{n}", None))
        # Nobody has written this far yet: it waits as long as it was told to, and says so.
        bus, topic, partition, epoch, offset = renamed.position.split(".")
        future = f"{bus}.{topic}.{partition}.{epoch}.{int(offset) + 1000}"
        answer = self.ask("GET", "/api/posts/1", headers={"Leat-Position": future, "Leat-Wait": "50"})
        self.assertEqual((answer.status, answer.headers["Leat-Stale"], answer.json["author"]["username"]),
                         (200, "true", "ada99"))
        self.assertGreaterEqual(answer.seconds, 0.05)

    def test_a_page_ends_where_the_next_begins(self):
        for friend in range(2, 5):
            self.leat.sign_up(f"friend{friend}")
            self.assertEqual(self.ask("POST", "/api/users/1/friends", {"friendId": friend}).status, 201)
        posts = [self.leat.post(f"post {n}", 2 + n % 3).json["id"] for n in range(50)]
        for limit in 1, 7, 50, 100:
            with self.subTest(limit):
                seen, after = [], ""
                for _ in range(60):
                    page = self.ask("GET", f"/api/users/1/feed?limit={limit}{after}").json
                    self.assertLessEqual(len(page["items"]), limit)
                    seen += [item["id"] for item in page["items"]]
                    if page["next"] is None:
                        break
                    after = f"&after={page['next']}"
                    if limit == 7:  # what comes in front of a page does not move the next one
                        posts.append(self.leat.post("in between", 2).json["id"])
                self.assertEqual(len(seen), len(set(seen)))
                self.assertEqual(seen, sorted(seen, reverse=True))
                self.assertLessEqual(set(posts[:50]), set(seen))

    def test_a_restart_keeps_everything(self):
        renamed = self.ask("PATCH", "/api/users/1", {"username": "lovelace"})
        self.author(renamed.position)
        post, users, events = self.ask("GET", "/api/posts/1").body, self.ask("GET", "/api/users/1").body, self.leat.command("events", "users")
        self.restart()
        self.assertEqual((self.ask("GET", "/api/posts/1").body, self.ask("GET", "/api/users/1").body,
                          self.leat.command("events", "users")), (post, users, events))
        self.assertEqual(self.author(renamed.position), "lovelace")  # a position outlives the process
        self.assertEqual(self.leat.post("next", 1).json["id"], 2)
        self.assertEqual(self.leat.stop(), 0)
        self.leat.log.until("stopping")
        self.assertFalse([line for line in self.leat.log.all if "not closed in order" in line])

    def test_up_on_a_directory_twice(self):
        second = leat("up", self.place.system, "--data", self.place.data, "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0")
        self.assertEqual(second.returncode, 1)
        self.assertIn("in use", second.stderr)
        self.assertEqual(self.author(), "ada")

    def test_status_after_the_program_has_ended(self):
        target = ("--in", self.place.system, "--data", self.place.data)
        self.leat.kill()
        self.assertTrue((self.place.data / "running.json").exists())  # stale: nobody could take it back
        killed = leat("status", *target)
        self.assertEqual((killed.returncode, killed.stdout), (1, ""))
        self.assertIn("no system is running", killed.stderr)
        self.start()
        self.assertEqual(self.leat.status("social")["state"], "running")
        self.leat.log.until("the log was not closed in order")
        self.assertEqual(self.leat.stop(), 0)
        self.assertFalse((self.place.data / "running.json").exists())
        self.assertIn("no system is running", leat("status", *target).stderr)

    def test_every_line_for_programs_is_json_and_nothing_else_is_on_stdout(self):
        self.leat.command("stop", "identity")
        self.leat.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.leat.process.wait(20), 0)
        self.assertEqual(self.leat.process.stdout.read(), "")  # after the ready line, all is log
        lines = [json.loads(line) for line in self.leat.log.rest()]
        self.assertIn("stopping", [line["message"] for line in lines])

    def test_sigint_stops_it_too(self):
        self.leat.process.send_signal(signal.SIGINT)
        self.assertEqual(self.leat.process.wait(20), 0)

    def test_sigterm_under_load_loses_nothing_that_was_acknowledged(self):
        acknowledged, broken = [], []
        enough = threading.Semaphore(0)

        def write(ask):
            while True:
                try:
                    answer = ask("POST", "/api/posts", {"content": "load", "authorId": 1})
                except OSError:
                    return
                except Exception as failure:  # noqa: BLE001
                    if type(failure).__module__ != "http.client":
                        broken.append(failure)
                    return
                if answer.status == 201:
                    acknowledged.append(answer.json["id"])
                    enough.release()
                elif answer.status != 503:
                    broken.append(answer.body)

        def write_as_a_client():
            with self.leat.client() as ask:
                write(ask)

        writers = [threading.Thread(target=write_as_a_client) for _ in range(8)]
        for writer in writers:
            writer.start()
        for _ in range(300):
            enough.acquire(timeout=30)
        self.assertEqual(self.leat.stop(), 0)
        for writer in writers:
            writer.join(30)
        self.assertEqual(broken, [])
        self.start()
        told = [event["data"]["id"] for event in self.leat.command("events", "posts")]
        self.assertEqual(len(told), len(set(told)))
        self.assertLessEqual(set(acknowledged), set(told))
        self.assertEqual(self.ask("GET", f"/api/posts/{acknowledged[-1]}").status, 200)
        self.assertEqual(self.leat.stop(), 0)
        self.leat.log.until("stopping")
        self.assertFalse([line for line in self.leat.log.all if "not closed in order" in line])

    def test_sigterm_answers_what_is_in_flight(self):
        """A sign-up hashes a password, which takes a while: it is answered although the program has been told to stop."""
        body = json.dumps({"username": "eve", "email": "eve@example.org", "password": "correct horse"}).encode()
        request = (b"POST /api/users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n"
                   b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)
        answers = []
        sending = threading.Thread(target=lambda: answers.append(raw(self.leat.http, request)))
        sending.start()
        eventually(lambda: self.leat.number("leat_gateway_in_flight"), lambda n: n > 0 or answers)
        self.assertEqual(self.leat.stop(), 0)
        sending.join()
        self.assertEqual(answers[0][0], 201, answers)


if __name__ == "__main__":
    unittest.main()
