#!/usr/bin/env python3
"""What HTTP promises to those who ask twice."""
import unittest

from harness import Place

POST = {"content": "hello", "authorId": 1}


class Manners(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.close)
        self.start()
        self.leat.sign_up("ada")

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


if __name__ == "__main__":
    unittest.main()
