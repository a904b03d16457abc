#!/usr/bin/env python3
"""Edits of a running system: what is right takes effect, what is wrong is told and changes nothing."""
import json
import signal
import threading
import unittest

from harness import Place, eventually

NOTES = """service: notes
state: notes.sql
commands:
  POST /api/notes:
    body: bodies/new-note.json
    do: insert into notes (text) values (:text) returning id, text
queries:
  GET /api/notes/{id:integer}:
    one: select id, text from notes where id = :id
"""
BODY = {"type": "object", "additionalProperties": False, "required": ["text"], "properties": {"text": {"type": "string"}}}
KEPT_OLD = "the old one goes on"


class Reload(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.close)
        self.leat = self.place.start()
        self.addCleanup(self.leat.close)
        self.leat.until_ready()
        self.ask = self.leat.ask
        self.ada = self.leat.sign_up("ada")
        self.leat.post("hello", 1)
        self.assertEqual(self.post_as_seen(), {"id": 1, "content": "hello", "author": {"id": 1, "username": "ada"}})

    def post_as_seen(self):
        answer = self.leat.read("/api/posts/1", self.ada.position)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def the_old_one_goes_on(self, why):
        """Nothing has changed, reads and writes go on, and the program is ready."""
        self.assertEqual(self.post_as_seen()["author"]["username"], "ada", why)
        self.assertEqual(self.leat.post("more", 1).json["content"], "more", why)
        self.assertEqual(self.leat.not_ready(), {}, why)

    def test_an_edited_query_answers_in_its_new_way(self):
        self.leat.edit("social.yaml", 'select p.id, p.content, a.id as "author.id", a.username as "author.username"\n'
                       "      from posts p left join", "select p.id, upper(p.content) as content\n"
                       "      from posts p left join")
        self.assertEqual(self.post_as_seen(), {"id": 1, "content": "HELLO"})

    def test_an_edited_read_model_fills_beside_the_old_one_and_queries_go_on(self):
        for n in range(200):
            self.ada = self.ask("PATCH", "/api/users/1", {"username": f"ada{n}"})
            self.assertEqual(self.ada.status, 200)
        self.post_as_seen()  # the old read model has all of it
        seen, failures, end = [], [], threading.Event()

        def look():
            with self.leat.client() as ask:
                while not end.is_set():
                    answer = ask("GET", "/api/posts/1")
                    seen.append((answer.status, answer.json["author"]))
                    if answer.status != 200 or answer.json["author"] is None:
                        failures.append(answer.body)

        looking = threading.Thread(target=look)
        looking.start()
        self.place.edit("social.yaml", "values (:id, :username)\n      user.updated: update authors set username = :username",
                        "values (:id, upper(:username))\n      user.updated: update authors set username = upper(:username)")
        self.leat.log.until('"message":"reloaded"')
        name = self.post_as_seen()["author"]["username"]
        end.set()
        looking.join()
        self.assertEqual(name, "ADA199")
        self.assertEqual(failures, [])
        # Either the old rows or the new ones: never a read model that is half filled.
        self.assertLessEqual({author["username"] for _, author in seen}, {"ada199", "ADA199"})

    def test_a_comment_in_a_read_model_rebuilds_nothing(self):
        before = self.leat.status("social")["read_models"][0]
        self.leat.edit("social.yaml", "when:\n", "when:\n      # nothing that anybody could see\n")
        self.assertEqual(self.leat.status("social")["read_models"][0]["hash"], before["hash"])

    def test_a_new_service_joins_and_leaves(self):
        self.place.write("notes.sql", "create table notes (id integer primary key, text text not null);\n")
        self.place.write("bodies/new-note.json", json.dumps(BODY))
        self.place.write("notes.yaml", NOTES)
        self.leat.edit("leat.yaml", "social.yaml]", "social.yaml, notes.yaml]")
        self.assertEqual(self.ask("POST", "/api/notes", {"text": "x"}).json, {"id": 1, "text": "x"})
        self.assertEqual(self.leat.not_ready(), {})

        self.leat.edit("leat.yaml", ", notes.yaml]", "]")
        self.assertEqual(self.ask("GET", "/api/notes/1").status, 404)
        self.assertIsNone(self.leat.status("notes"))
        self.the_old_one_goes_on("a removed service is not missed")

        self.leat.edit("leat.yaml", "social.yaml]", "social.yaml, notes.yaml]")
        self.assertEqual(self.ask("GET", "/api/notes/1").json, {"id": 1, "text": "x"})  # its state was kept
        self.assertEqual(self.leat.not_ready(), {})

    def test_removing_a_service_with_a_read_model_leaves_the_program_ready(self):
        self.leat.edit("leat.yaml", "identity.yaml, social.yaml", "identity.yaml")
        self.assertEqual(self.ask("GET", "/api/posts/1").status, 404)
        self.assertEqual(self.ask("GET", "/api/users/1").status, 200)
        self.assertEqual(self.leat.not_ready(), {})

    def test_a_new_migration_runs_once(self):
        text = (self.place.system / "social.sql").read_text()
        self.place.write("social.sql", text + "\n-- migration 3: moods\nalter table posts add column mood text not null "
                         "default 'calm';\n")
        self.leat.log.until('"message":"reloaded"')
        self.leat.edit("social.yaml", "select p.id, p.content, a.id", "select p.id, p.content, p.mood, a.id")
        self.assertEqual(self.post_as_seen()["mood"], "calm")
        self.assertEqual(self.leat.stop(), 0)
        self.leat = self.place.start()
        self.addCleanup(self.leat.close)
        self.ask = self.leat.ask
        self.assertEqual(self.post_as_seen()["mood"], "calm")

    def test_what_is_wrong_is_told_and_the_old_system_goes_on(self):
        def append(name, text):
            return lambda: self.place.write(name, (self.place.system / name).read_text() + text)

        def edit(name, old, new):
            return lambda: self.place.edit(name, old, new)

        for what, act, told in [
            ("an edited migration", edit("social.sql", "content text not null", "content text not null, extra text"),
             ["social", "migration 1 was edited"]),
            ("a removed migration", edit("social.sql", "-- migration 2: the feed finds the posts of one friend, newest first "
                                         "(the index ends with the row's id)\ncreate index posts_by_author on posts "
                                         "(author_id);", ""), ["social", "migration 2 was applied", "put it back"]),
            ("a migration that fails on the rows there are",
             append("social.sql", "\n-- migration 3: never\nalter table posts add column n integer check (n is not null);\n"
                    "create table one (id integer primary key check (id < 1));\n"
                    "insert into one select id from posts;\n"), ["social", "migration 3", "CHECK"]),
            ("an unknown key", edit("social.yaml", "state: social.sql", "stat: social.sql"),
             ["social.yaml:3:1:", "stat"]),
            ("SQL that does not compile", edit("social.yaml", "a.username as", "a.usrname as"),
             ["social.yaml:", "usrname"]),
            ("broken YAML", edit("social.yaml", "topics:", "topics: ["), ["social.yaml:"]),
            ("a missing file", edit("leat.yaml", "social.yaml]", "social.yaml, gone.yaml]"), ["leat.yaml:3:", "gone.yaml"]),
            ("another number of partitions", edit("social.yaml", "posts: {key: id,", "posts: {key: id, partitions: 2,"),
             ["posts", "partitions"]),
            ("a read model that an event breaks", edit("social.yaml", "username text not null)",
                                                       "username text not null check (username <> 'ada'))"),
             ["social", "authors", "users-", "CHECK"]),
        ]:
            with self.subTest(what):
                kept = {path.name: path.read_text() for path in self.place.system.glob("*.*")}
                begin = len(self.leat.log.all)
                act()
                try:
                    self.leat.log.until(KEPT_OLD)
                    self.the_old_one_goes_on(what)
                finally:
                    for name, text in kept.items():
                        if (self.place.system / name).read_text() != text:
                            self.place.write(name, text)
                    self.leat.log.until('"message":"reloaded"')
                lines = "\n".join(self.leat.log.all[begin:])
                for part in told:
                    self.assertIn(part, lines)
                self.the_old_one_goes_on(f"{what}, taken back")

    def test_a_mistake_in_one_service_keeps_a_good_edit_in_another_back(self):
        self.place.edit("social.sql", "content text not null", "content text not null, extra text")
        self.leat.log.until(KEPT_OLD)
        self.leat.edit("identity.yaml", "select id, username from", "select id, username as name from", until=KEPT_OLD)
        self.assertEqual(self.ask("GET", "/api/users/1").json, {"id": 1, "username": "ada"})
        self.leat.command("stop", "identity")
        self.leat.command("start", "identity")
        self.assertEqual(self.ask("GET", "/api/users/1").json, {"id": 1, "username": "ada"})
        self.place.edit("social.sql", "content text not null, extra text", "content text not null")
        self.leat.log.until('"message":"reloaded"')
        self.assertEqual(self.ask("GET", "/api/users/1").json, {"id": 1, "name": "ada"})

    def test_a_stopped_service_stays_stopped_across_a_reload(self):
        self.leat.command("stop", "social")
        self.leat.edit("social.yaml", "where p.id = :id", "where p.id = :id and true")
        self.assertEqual(self.leat.status("social")["state"], "stopped")
        self.assertEqual(self.ask("GET", "/api/posts/1").status, 503)
        self.leat.command("start", "social")
        self.assertEqual(self.post_as_seen()["id"], 1)
        self.leat.until_ready()

    def test_a_service_that_could_not_start_starts_when_its_files_are_mended(self):
        self.assertEqual(self.leat.stop(), 0)
        self.place.edit("social.sql", "content text not null", "content text not null, extra text")
        self.leat = self.place.start()
        self.addCleanup(self.leat.close)
        self.ask = self.leat.ask
        self.assertIn("migration 1 was edited", self.leat.not_ready()["service social"])
        self.assertEqual(self.ask("GET", "/api/posts/1").status, 503)
        self.assertEqual(self.ask("GET", "/api/users/1").status, 200)
        self.leat.edit("social.sql", "content text not null, extra text", "content text not null")
        self.assertEqual(self.post_as_seen()["id"], 1)
        self.leat.until_ready()

    def test_a_leat_yaml_that_comes_back_is_seen(self):
        """As with tools that remove a file and write it anew."""
        path = self.place.system / "leat.yaml"
        text = path.read_text()
        path.unlink()
        self.leat.log.until(KEPT_OLD)
        self.the_old_one_goes_on("leat.yaml is gone")
        self.place.write("leat.yaml", text)
        self.leat.log.until('"message":"reloaded"')
        self.the_old_one_goes_on("leat.yaml is back")

    def test_an_edit_right_after_the_start_is_seen(self):
        for n in range(5):
            self.assertEqual(self.leat.stop(), 0)
            self.leat = self.place.start()
            self.addCleanup(self.leat.close)
            self.leat.edit("social.yaml", "where p.id = :id", f"where p.id = :id and {n} = {n}")

    def test_sighup_reloads_without_an_edit(self):
        self.leat.process.send_signal(signal.SIGHUP)
        self.leat.log.until('"message":"reloaded"')
        self.the_old_one_goes_on("nothing was edited")

    def test_what_removed_read_models_leave_behind_is_not_shown(self):
        (status,) = [self.leat.status("social")]
        self.assertEqual([model["name"] for model in status["read_models"]], ["authors"])
        text = (self.place.system / "social.yaml").read_text().replace("authors:", "people:")
        self.place.write("social.yaml", text)
        self.leat.log.until('"message":"reloaded"')
        eventually(lambda: self.leat.status("social"), lambda s: [m["name"] for m in s["read_models"]] == ["people"])
        self.assertFalse([name for name in self.leat.metrics() if "lag" in name and "authors" in name])


if __name__ == "__main__":
    unittest.main()
