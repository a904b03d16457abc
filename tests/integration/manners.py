#!/usr/bin/env python3
"""What HTTP promises to those who ask twice, or change what another has changed."""
import json
import unittest

from harness import Place

NOTES = """service: notes
state: notes.sql
commands:
  POST /api/notes:
    body: bodies/note.json
    do: insert into notes (text, done) values (:text, :done) returning id, text, done, version
    answer: {schema: answers/note.json}
  PUT /api/notes/{id:integer}:
    body: bodies/note.json
    if_match:
      select: select version from notes where id = :id
      required: true
    do: |
      update notes set text = :text, done = :done, version = version + 1 where id = :id
      returning id, text, done, version
    answer: {schema: answers/note.json}
queries:
  GET /api/notes/{id:integer}:
    one: select id, text, done, version from notes where id = :id
    etag: version
    answer: {schema: answers/note.json}
"""
NOTES_SQL = """create table notes (id integer primary key autoincrement, text text not null, done integer not null,
  version integer not null default 1);
"""
NOTE = {"type": "object", "additionalProperties": False, "required": ["text", "done"],
        "properties": {"text": {"type": "string"}, "done": {"type": "boolean"}}}
ANSWER = {"type": "object", "required": ["id", "text", "done"],
          "properties": {"id": {"type": "integer"}, "text": {"type": "string", "maxLength": 10},
                         "done": {"type": "boolean"}}}
POST = {"content": "hello", "authorId": 1}


class Manners(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.close)
        self.start()
        self.leat.sign_up("ada")

    def add_notes(self):
        for name, text in (("notes.sql", NOTES_SQL), ("bodies/note.json", json.dumps(NOTE)),
                           ("answers/note.json", json.dumps(ANSWER)), ("notes.yaml", NOTES)):
            self.place.write(name, text)
        self.leat.edit("leat.yaml", "social.yaml]", "social.yaml, notes.yaml]")

    def start(self):
        self.leat = self.place.start()
        self.addCleanup(self.leat.close)
        self.ask = self.leat.ask

    def say(self, key, body=POST):
        return self.ask("POST", "/api/posts", body, {"Idempotency-Key": key})

    def posts(self):
        return len(self.leat.command("events", "posts"))

    def test_a_request_that_is_sent_again_is_done_once(self):
        first = self.say('"key 1"')
        self.assertEqual((first.status, first.headers["Idempotent-Replayed"]), (201, None))
        for end in None, "kill", "stop":
            if end:
                getattr(self.leat, end)()
                self.start()
            again = self.say('"key 1"')
            self.assertEqual((again.status, again.body, again.headers["Idempotent-Replayed"]),
                             (first.status, first.body, "true"))
            self.assertTrue(again.position)
            self.assertEqual(self.leat.read("/api/posts/1", again.position).json["content"], "hello")
        self.assertEqual(self.posts(), 1)
        self.assertEqual(float(self.leat.metrics()['leat_answers_held{service="social"}']), 1)

    def test_a_key_belongs_to_one_request(self):
        self.assertEqual(self.say("one").status, 201)
        other = self.say("one", {**POST, "content": "something else"})
        self.assertEqual((other.status, other.headers["Content-Type"]), (422, "application/problem+json"))
        self.assertEqual(self.say("two").status, 201)
        self.assertEqual(self.posts(), 2)

    def test_a_key_that_is_none_is_refused(self):
        for key in "", '""', '"open', "a b", "k" * 256:
            with self.subTest(key):
                refused = self.say(key)
                self.assertEqual((refused.status, refused.json["title"]), (400, "Idempotency-Key is wrong"))
        self.assertEqual(self.posts(), 0)

    def test_who_changes_an_old_version_is_told(self):
        self.add_notes()
        made = self.ask("POST", "/api/notes", {"text": "one", "done": False})
        self.assertEqual((made.status, made.json), (201, {"id": 1, "text": "one", "done": False, "version": 1}))
        read = self.ask("GET", "/api/notes/1")
        self.assertEqual((read.json, read.headers["ETag"]), (made.json, '"1"'))
        put = lambda text, **headers: self.ask("PUT", "/api/notes/1", {"text": text, "done": True},
                                               {name.replace("_", "-"): value for name, value in headers.items()})
        self.assertEqual(put("two").status, 428)
        self.assertEqual(put("two", If_Match='"1"').json, {"id": 1, "text": "two", "done": True, "version": 2})
        late = put("three", If_Match='"1"')
        self.assertEqual((late.status, late.headers["Content-Type"]), (412, "application/problem+json"))
        self.assertEqual(put("four", If_Match="1").status, 400)
        ask_if_new = lambda tag: self.ask("GET", "/api/notes/1", headers={"If-None-Match": tag})
        self.assertEqual((ask_if_new('"2"').status, ask_if_new('"2"').body), (304, b""))
        self.assertEqual((ask_if_new('"1"').status, ask_if_new('"1"').headers["ETag"]), (200, '"2"'))
        self.assertEqual(self.ask("GET", "/api/notes/1").json["text"], "two")

    def test_an_answer_that_breaks_its_promise_is_not_given(self):
        self.add_notes()
        broken = self.ask("POST", "/api/notes", {"text": "longer than it may be", "done": True})
        self.assertEqual((broken.status, broken.headers["Content-Type"]), (500, "application/problem+json"))
        self.assertIn("/text", broken.json["detail"])
        self.leat.log.until("a command failed by a mistake of its service")
        self.assertEqual(self.ask("GET", "/api/notes/1").status, 404)


if __name__ == "__main__":
    unittest.main()
