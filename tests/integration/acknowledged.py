"""A load whose acknowledgements are kept outside of the program, and the oracle: after a restart nothing of what was
acknowledged may be missing, doubled or out of order, neither in the services' answers nor on the bus. Shared by the tests
that kill the program, cut its power and fail its system calls."""
import collections
import threading

from harness import eventually


class Journal:
    """What was tried and what was acknowledged. Lives in this process, which is never killed."""

    def __init__(self):
        self.lock = threading.Lock()
        self.posts = {}  # id -> content, acknowledged
        self.intended = set()  # every content that was ever sent
        self.names = collections.defaultdict(list)  # user id -> acknowledged names, oldest first
        self.attempts = collections.defaultdict(list)  # user id -> all names sent, oldest first
        self.unknown = 0  # requests without an answer


class Writer(threading.Thread):
    """One client: writes posts, and renames a user of its own, until the program is gone."""

    def __init__(self, leat, journal, user, number, cycle):
        super().__init__(daemon=True)
        self.leat, self.journal, self.user, self.prefix = leat, journal, user, f"{cycle}-{number}"
        self.failure = None

    def run(self):
        with self.leat.client() as self.ask:
            self.write()

    def write(self):
        for n in range(1_000_000):
            try:
                self.post(f"{self.prefix}-{n}") if n % 3 else self.rename(f"u{self.user}_{self.prefix.replace('-', '_')}_{n}")
            except OSError:
                self.journal.unknown += 1
                return
            except Exception as failure:  # noqa: BLE001  reported by the main thread
                if type(failure).__module__ == "http.client":
                    return
                self.failure = failure
                return

    def post(self, content):
        with self.journal.lock:
            self.journal.intended.add(content)
        answer = self.ask("POST", "/api/posts", {"content": content, "authorId": self.user})
        if answer.status == 201:
            with self.journal.lock:
                if answer.json["id"] in self.journal.posts:
                    raise AssertionError(f"post id {answer.json['id']} was given out twice")
                self.journal.posts[answer.json["id"]] = content
        elif answer.status != 503:
            raise AssertionError(f"POST /api/posts: {answer.status} {answer.body}")

    def rename(self, name):
        self.journal.attempts[self.user].append(name)
        answer = self.ask("PATCH", f"/api/users/{self.user}", {"username": name})
        if answer.status == 200:
            self.journal.names[self.user].append(name)
        elif answer.status != 503:
            raise AssertionError(f"PATCH: {answer.status} {answer.body}")


def sign_up(ask, count):
    """The ids of so many new users, one for each writer."""
    return [ask("POST", "/api/users", {"username": f"user{n}", "email": f"{n}@example.org",
                                       "password": "a password"}).json["id"] for n in range(count)]


def start_writers(leat, journal, users, life):
    """One writer for each user; `life` makes what they write differ from what was written in another life."""
    writers = [Writer(leat, journal, user, number, life) for number, user in enumerate(users)]
    for writer in writers:
        writer.start()
    return writers


def join_writers(writers):
    """Requires: the program is gone."""
    for writer in writers:
        writer.join(30)
        if writer.failure:
            raise writer.failure


def check_answers(ask, journal, recent):
    for post, content in recent:
        answer = ask("GET", f"/api/posts/{post}")
        assert answer.status == 200 and answer.json["content"] == content, f"post {post} was acknowledged: {answer.body}"
    for user, names in journal.names.items():
        name = ask("GET", f"/api/users/{user}").json["username"]
        attempts = journal.attempts[user]
        assert attempts.index(name) >= attempts.index(names[-1]), f"user {user} fell back to {name}, had {names[-1]}"


def check_bus(leat, journal):
    """Every acknowledged post is on the bus exactly once, names of a user come in the order in which they were given."""
    seen = collections.Counter()
    for event in leat.command("events", "posts", "--from", "start"):
        content = event["data"]["content"]
        assert content in journal.intended, f"a phantom is on the bus: {event}"
        seen[content] += 1
    doubled = [content for content, times in seen.items() if times > 1]
    assert not doubled, f"doubled on the bus: {doubled[:5]}"
    lost = [content for content in journal.posts.values() if content not in seen]
    assert not lost, f"lost on the bus: {lost[:5]}"

    by_user = collections.defaultdict(list)
    for event in leat.command("events", "users", "--from", "start"):
        if event["type"] == "user.updated":
            by_user[event["data"]["id"]].append(event["data"]["username"])
    for user, names in journal.names.items():
        told = by_user[user]
        order = [told.index(name) for name in names]  # ValueError: an acknowledged name is not on the bus
        assert order == sorted(order), f"names of user {user} are out of order"
        assert len(set(told)) == len(told), f"a name of user {user} is doubled on the bus"


def check_read_model(ask, journal, users):
    """The authors that Social shows are those that Identity has, once it has caught up."""
    for user in users:
        mine = ask("GET", f"/api/users/{user}")
        written = next((post for post in reversed(journal.posts) if journal.posts[post].split("-")[1] == str(users.index(user))), None)
        if written is None:
            continue
        eventually(lambda: ask("GET", f"/api/posts/{written}").json["author"], lambda shown: shown == mine.json)
