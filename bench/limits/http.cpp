// bench/limits/http.cpp — the limit of a query over HTTP: one thread, epoll, keep-alive, one prepared SQLite statement.
//   --statement=point|join|page|none     what a request asks; its key is the first number in the path
//   --users=200 --posts=2000                 size of the data, as bench/system is filled
// Prints {"port":N} when ready and serves until it is killed.
#include <charconv>
#include <functional>
#include <map>
#include <memory>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "bench/limits/sqlite.h"
#include "bench/measure.h"

namespace {

void fill(bench::Database& db, int users, int posts) {
  db.run("create table authors (id integer primary key, username text not null)");
  db.run("create table posts (id integer primary key, content text not null, author_id integer not null)");
  db.run("create index posts_by_author on posts (author_id)");
  db.run("create table friends (user_id integer, friend_id integer, primary key (user_id, friend_id)) without rowid");
  db.run("create table pages (id integer primary key, document text not null)");
  db.run("begin");
  const auto all = [&](int count, const std::string& row) {
    db.run("with recursive n(i) as (select 1 union all select i + 1 from n where i < " + std::to_string(count) + ") " +
           row);
  };
  const auto u = std::to_string(users);
  all(users, "insert into authors select i, 'user_' || i from n");
  all(posts,
      "insert into posts select i, 'This is post number ' || i || ', with a sentence of usual length.', 1 + i % " + u +
          " from n");
  all(users * 20, "insert or ignore into friends select 1 + i % " + u + ", 1 + (i % " + u + " + 1 + i / " + u + ") % " +
                      u + " from n");
  all(users,
      "insert into pages select i, (select json_group_array(json_object('id', p.id, 'content', p.content, 'author', "
      "json_object('id', a.id, 'username', a.username))) from (select * from posts where id between i * 9 and i * 9 + "
      "19) p "
      "join authors a on a.id = p.author_id) from n");
  db.run("commit");
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

void append_post(std::string& out, bench::Statement& row) {
  out += "{\"id\":" + std::to_string(row.integer(0)) + ",\"content\":";
  append_string(out, row.text(1));
  out += ",\"author\":{\"id\":" + std::to_string(row.integer(2)) + ",\"username\":";
  append_string(out, row.text(3));
  out += "}}";
}

constexpr const char* point_sql =
    "select p.id, p.content, a.id, a.username from posts p left join authors a on a.id = p.author_id where p.id = ?1";
constexpr const char* join_sql =
    "select p.id, p.content, a.id, a.username from friends f join posts p on p.author_id = f.friend_id left join "
    "authors a "
    "on a.id = p.author_id where f.user_id = ?1 order by p.id desc limit 20";
constexpr const char* page_sql = "select id, document from pages where id = ?1";

// Writes the body that answers for a key.
using Answer = std::function<void(std::int64_t key, std::string& body)>;

Answer answer_with(bench::Database& db, const std::string& name) {
  if (name == "none") return [](std::int64_t, std::string& body) { body.append(196, 'x'); };
  const auto* sql = name == "point" ? point_sql : name == "join" ? join_sql : page_sql;
  auto statement = std::make_shared<bench::Statement>(db, sql);
  if (name == "page")
    return [statement](std::int64_t key, std::string& body) {
      if (statement->bind(1, key).step()) {
        body += "{\"id\":" + std::to_string(statement->integer(0)) + ",\"document\":";
        append_string(body, statement->text(1));
        body += '}';
      }
      statement->reset();
    };
  return [statement, many = name == "join"](std::int64_t key, std::string& body) {
    if (many) body += '[';
    for (statement->bind(1, key); statement->step();) {
      if (body.size() > 1) body += ',';
      append_post(body, *statement);
    }
    if (many) body += ']';
    statement->reset();
  };
}

class Server {
 public:
  explicit Server(Answer answer) : answer_(std::move(answer)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof place;
    bench::must(bind(listener_, reinterpret_cast<sockaddr*>(&place), size) == 0 && listen(listener_, 1024) == 0,
                "listen");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&place), &size);
    std::printf("{\"port\":%d}\n", ntohs(place.sin_port));
    std::fflush(stdout);
    watch(listener_);
  }

  [[noreturn]] void serve() {
    epoll_event ready[64];
    for (;;) {
      const int count = epoll_wait(epoll_, ready, 64, -1);
      for (int i = 0; i < count; ++i) {
        if (ready[i].data.fd == listener_) {
          accept_one();
        } else {
          converse(ready[i].data.fd);
        }
      }
    }
  }

 private:
  void watch(int socket) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = socket}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  }

  void accept_one() {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    const int yes = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    watch(socket);
  }

  // Reads what is there and answers every whole request in it.
  void converse(int socket) {
    char bytes[16384];
    const auto count = recv(socket, bytes, sizeof bytes, 0);
    if (count <= 0) {
      unfinished_.erase(socket);
      ::close(socket);
      return;
    }
    std::string& input = unfinished_[socket];
    input.append(bytes, static_cast<std::size_t>(count));
    output_.clear();
    std::size_t begin = 0;
    for (auto end = input.find("\r\n\r\n"); end != std::string::npos; end = input.find("\r\n\r\n", begin)) {
      respond(std::string_view(input).substr(begin, end - begin));
      begin = end + 4;
    }
    input.erase(0, begin);
    bench::must(send(socket, output_.data(), output_.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(output_.size()),
                "send");
  }

  void respond(std::string_view request) {
    const auto digit = request.find_first_of("0123456789");
    std::int64_t key = 0;
    if (digit != std::string_view::npos) std::from_chars(request.data() + digit, request.data() + request.size(), key);
    body_.clear();
    answer_(key, body_);
    output_ += "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body_.size()) +
               "\r\n\r\n";
    output_ += body_;
  }

  Answer answer_;
  int epoll_, listener_;
  std::map<int, std::string> unfinished_;
  std::string output_, body_;
};

}  // namespace

int main(int argc, char** argv) {
  bench::Database db(bench::option(argc, argv, "dir", ".") + "/limit.http.db", bench::Database::fresh);
  fill(db, static_cast<int>(bench::number(argc, argv, "users", 200)),
       static_cast<int>(bench::number(argc, argv, "posts", 2000)));
  Server(answer_with(db, bench::option(argc, argv, "statement", "point"))).serve();
}
