#!/usr/bin/env python3
"""One slow statement: other queries of its service and other services are answered while it runs; it ends at its limit."""
import threading
import unittest

from harness import Place, eventually

# Counts without end: whoever waits for it would wait until the query's time is over.
ENDLESS = """
  GET /api/endless:
    one: |
      with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) as n from n
"""


class Isolation(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.close)
        self.place.edit("social.yaml", "\nqueries:\n", "\nqueries:" + ENDLESS)
        self.leat = self.place.start()
        self.addCleanup(self.leat.close)
        self.leat.until_ready()
        self.leat.sign_up("ada")
        self.leat.post("hello", 1)

    def test_a_slow_statement_holds_up_only_the_reader_it_runs_on(self):
        answers = []

        def ask_slowly():
            with self.leat.client() as ask:
                answers.append(ask("GET", "/api/endless"))

        slow = threading.Thread(target=ask_slowly)
        slow.start()
        eventually(lambda: self.leat.number("leat_gateway_in_flight"), lambda n: n > 0)
        rounds = 0  # that were answered before the slow one was: if they waited for it, the first of them would be the last
        while not answers and rounds < 50:
            self.assertEqual(self.leat.ask("GET", "/api/posts/1").status, 200)
            self.assertEqual(self.leat.ask("GET", "/api/users/1").status, 200)
            self.assertEqual(self.leat.post("more", 1).status, 201)
            rounds += not answers
        self.assertGreater(rounds, 3, "the slow statement was to outlast the others")
        slow.join()
        self.assertEqual(answers[0].status, 504, answers[0].body)
        self.assertEqual(self.leat.ask("GET", "/api/posts/1").status, 200)


if __name__ == "__main__":
    unittest.main()
