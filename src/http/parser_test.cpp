#include "http/parser.h"

#include <random>

#include <gtest/gtest.h>

namespace leat::http {
namespace {

// Feeds `bytes` in the pieces that end at `cuts`, as a connection would: what was not taken is offered again.
struct Outcome {
  std::vector<RequestParser::Parsed> requests;
  std::optional<Refusal> refusal;
};

Outcome parse(std::string_view bytes, const std::vector<std::size_t>& cuts, const Limits& limits = {}) {
  RequestParser parser(limits);
  Outcome out;
  std::size_t begin = 0;
  std::vector<std::size_t> ends = cuts;
  ends.push_back(bytes.size());
  for (const std::size_t end : ends) {
    while (begin < end) {
      const auto used = parser.feed(bytes.substr(begin, end - begin));
      if (!used) {
        out.refusal = used.error();
        return out;
      }
      begin += *used;
      if (parser.done()) {
        out.requests.push_back(parser.take());
      } else if (*used == 0) {
        break;
      }
    }
  }
  return out;
}

int status_of(const Outcome& outcome) {
  if (outcome.refusal) return outcome.refusal->status;
  return outcome.requests.empty() ? 0 : 200;
}

constexpr std::string_view conversation =
    "POST /a%20b?c=d HTTP/1.1\r\nHost: example\r\nContent-Length: 5\r\nX-One: 1\r\n\r\nhello"
    "\r\nGET http://example/x HTTP/1.1\r\nhost: example\r\n\r\n"
    "PUT /y HTTP/1.1\r\nHost: example\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: "
    "t\r\n\r\n"
    "GET / HTTP/1.0\r\n\r\n";

void expect_conversation(const Outcome& outcome) {
  ASSERT_FALSE(outcome.refusal) << outcome.refusal->why;
  ASSERT_EQ(outcome.requests.size(), 4u);
  EXPECT_EQ(outcome.requests[0].method, "POST");
  EXPECT_EQ(outcome.requests[0].target, "/a%20b?c=d");
  EXPECT_EQ(outcome.requests[0].body, "hello");
  EXPECT_EQ(outcome.requests[0].headers.get("x-one"), "1");
  EXPECT_EQ(outcome.requests[1].target, "/x");
  EXPECT_EQ(outcome.requests[2].body, "abcde");
  EXPECT_EQ(outcome.requests[2].headers.get("trailer"), std::nullopt);
  EXPECT_TRUE(outcome.requests[2].keep_alive);
  EXPECT_FALSE(outcome.requests[3].keep_alive);
}

TEST(RequestParser, TakesRequestsOutOfOneStream) { expect_conversation(parse(conversation, {})); }

TEST(RequestParser, OneByteAtATimeChangesNothing) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < conversation.size(); ++i) cuts.push_back(i);
  expect_conversation(parse(conversation, cuts));
}

TEST(RequestParser, NoCutInTwoOrThreePiecesChangesAnything) {
  for (std::size_t first = 1; first < conversation.size(); ++first) {
    for (std::size_t second = first + 1; second <= conversation.size(); second += 7) {
      expect_conversation(parse(conversation, {first, second}));
      if (HasFailure()) FAIL() << "cut at " << first << " and " << second;
    }
  }
}

struct Malformed {
  const char* name;
  std::string bytes;
  int status;
};

std::string get(std::string_view fields) { return "GET / HTTP/1.1\r\n" + std::string(fields) + "\r\n\r\n"; }
std::string post(std::string_view fields) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n\r\n";
}
std::string target(std::string_view text) { return "GET " + std::string(text) + " HTTP/1.1\r\nHost: a\r\n\r\n"; }

const std::vector<Malformed>& malformed() {
  using namespace std::string_literals;
  static const std::vector<Malformed> cases{
      {"length and encoding", post("Content-Length: 3\r\nTransfer-Encoding: chunked"), 400},
      {"encoding and length", post("Transfer-Encoding: chunked\r\nContent-Length: 3"), 400},
      {"two lengths", post("Content-Length: 3\r\nContent-Length: 4"), 400},
      {"the same length twice", post("Content-Length: 3\r\nContent-Length: 3"), 400},
      {"list of lengths", post("Content-Length: 3, 3"), 400},
      {"signed length", post("Content-Length: +3"), 400},
      {"negative length", post("Content-Length: -3"), 400},
      {"hexadecimal length", post("Content-Length: 0x3"), 400},
      {"empty length", post("Content-Length:"), 400},
      {"length beyond 64 bits", post("Content-Length: 99999999999999999999"), 400},
      {"unknown coding", post("Transfer-Encoding: gzip"), 501},
      {"coding list", post("Transfer-Encoding: gzip, chunked"), 501},
      {"chunked twice", post("Transfer-Encoding: chunked, chunked"), 501},
      {"chunked twice in fields", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400},
      {"disguised coding",
       post("Transfer-Encoding: \x0b"
            "chunked"),
       400},
      {"coding in quotes", post("Transfer-Encoding: \"chunked\""), 501},
      {"coding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"chunk size signed", post("Transfer-Encoding: chunked") + "+3\r\nabc\r\n0\r\n\r\n", 400},
      {"chunk size prefixed", post("Transfer-Encoding: chunked") + "0x3\r\nabc\r\n0\r\n\r\n", 400},
      {"chunk size too long", post("Transfer-Encoding: chunked") + "10000000000000003\r\nabc\r\n0\r\n\r\n", 400},
      {"chunk longer than said", post("Transfer-Encoding: chunked") + "3\r\nabcd\r\n0\r\n\r\n", 400},
      {"chunk ends with bare LF", post("Transfer-Encoding: chunked") + "3\nabc\r\n0\r\n\r\n", 400},
      {"folded field", get("Host: a\r\nX-A: b\r\n c"), 400},
      {"folded by tab", get("Host: a\r\nX-A: b\r\n\tc"), 400},
      {"blank before first field", get(" Host: a"), 400},
      {"bare LF in fields", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400},
      {"bare LF everywhere", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"bare CR in value", get("Host: a\r\nX: b\rc"), 400},
      {"NUL in value", get("Host: a\r\nX: b\0c"s), 400},
      {"control in value",
       get("Host: a\r\nX: b\x01"
           "c"),
       400},
      {"DEL in value",
       get("Host: a\r\nX: b\x7f"
           "c"),
       400},
      {"NUL in name", get("Host: a\r\nX\0: b"s), 400},
      {"blank before colon", get("Host: a\r\nX : b"), 400},
      {"empty name", get("Host: a\r\n: b"), 400},
      {"no colon", get("Host: a\r\nX"), 400},
      {"no host", get("X: a"), 400},
      {"two hosts", get("Host: a\r\nHost: a"), 400},
      {"empty host", get("Host:"), 400},
      {"host with a path", get("Host: a/b"), 400},
      {"host with a user", get("Host: u@a"), 400},
      {"list of hosts", get("Host: a, b"), 400},
      {"connection drops host", get("Host: a\r\nConnection: close, Host"), 400},
      {"connection drops length", post("Connection: content-length\r\nContent-Length: 0"), 400},
      {"connection drops authorization", get("Host: a\r\nConnection: Authorization"), 400},
      {"expectation unknown", get("Host: a\r\nExpect: 200-ok"), 417},
      {"absolute form of another host", target("http://b/x"), 400},
      {"absolute form with a user", target("http://u@a/x"), 400},
      {"absolute form of https", target("https://a/x"), 400},
      {"no path", target("x"), 400},
      {"asterisk", target("*"), 400},
      {"fragment", target("/a#b"), 400},
      {"backslash", target("/a\\b"), 400},
      {"raw UTF-8 in target", target("/\xc3\xa4"), 400},
      {"control in target", target("/a\x01"), 400},
      {"two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"blank in target", target("/a b"), 400},
      {"method no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"no method", " / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"connect", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 501},
      {"version 2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"version 1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
      {"version 0.9", "GET /\r\n\r\n", 400},
      {"version in small letters", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n"s, 400},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"long target", target("/" + std::string(9000, 'a')), 414},
      {"target without end", "GET /" + std::string(9000, 'a'), 414},
      {"large field", get("Host: a\r\nX: " + std::string(9000, 'a')), 431},
      {"field without end", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'a'), 431},
      {"many fields",
       [] {
         std::string fields = "Host: a";
         for (int i = 0; i < 100; ++i) fields += "\r\nX: y";
         return get(fields);
       }(),
       431},
      {"large body", post("Content-Length: 1048577"), 413},
      {"large chunk", post("Transfer-Encoding: chunked") + "100001\r\n", 413},
      {"chunk extension without end", post("Transfer-Encoding: chunked") + "1;" + std::string(20000, 'x'), 431},
      {"trailers without end", post("Transfer-Encoding: chunked") + "0\r\nX: " + std::string(20000, 'x'), 431},
  };
  return cases;
}

TEST(RequestParser, RefusesWhatTwoServersCouldReadDifferently) {
  for (const Malformed& each : malformed()) EXPECT_EQ(status_of(parse(each.bytes, {})), each.status) << each.name;
}

TEST(RequestParser, RefusesTheSameOneByteAtATime) {
  for (const Malformed& each : malformed()) {
    std::vector<std::size_t> cuts;
    for (std::size_t i = 1; i < each.bytes.size(); ++i) cuts.push_back(i);
    EXPECT_EQ(status_of(parse(each.bytes, cuts)), each.status) << each.name;
  }
}

// Whatever comes is taken, refused or waited for; and it is always the same, however it is cut.
TEST(RequestParser, NeverFallsOverDamagedInput) {
  std::mt19937 chance(20261122);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(conversation);
    for (int damage = 0; damage < 1 + round % 4; ++damage) {
      const std::size_t at = chance() % bytes.size();
      if (chance() % 3 == 0)
        bytes.erase(at, 1 + chance() % 8);
      else if (chance() % 2 == 0)
        bytes.insert(at, 1, "\r\n\0 :;0F"[chance() % 9]);
      else
        bytes[at] = static_cast<char>(chance());
    }
    const Outcome whole = parse(bytes, {});
    const std::size_t first = chance() % bytes.size();
    const Outcome cut = parse(bytes, {first, first + chance() % (bytes.size() - first)});
    ASSERT_EQ(whole.requests.size(), cut.requests.size()) << bytes;
    ASSERT_EQ(status_of(whole), status_of(cut)) << bytes;
  }
}

TEST(RequestParser, AcceptsWhatIsUnusualButClear) {
  struct Case {
    const char* name;
    std::string bytes;
    const char* target;
  };
  for (const auto& [name, bytes, expected] : {
           Case{"blank lines first", "\r\n\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n", "/a"},
           Case{"absolute form", "GET HTTP://A:80/x?y HTTP/1.1\r\nHost: a:80\r\n\r\n", "/x?y"},
           Case{"absolute form without a path", "GET http://a?y HTTP/1.1\r\nHost: a\r\n\r\n", "/?y"},
           Case{"asterisk of OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "*"},
           Case{"IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "/"},
           Case{"1.0 without host", "GET / HTTP/1.0\r\n\r\n", "/"},
           Case{"unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "/"},
           Case{"body of GET", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", "/"},
           Case{"chunked in capitals", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n", "/"},
       }) {
    const Outcome outcome = parse(bytes, {});
    ASSERT_FALSE(outcome.refusal) << name << ": " << outcome.refusal->why;
    ASSERT_EQ(outcome.requests.size(), 1u) << name;
    EXPECT_EQ(outcome.requests[0].target, expected) << name;
  }
}

TEST(RequestParser, KeepAliveFollowsVersionAndConnection) {
  struct Case {
    const char* version;
    const char* connection;
    bool keep_alive;
  };
  for (const auto& [version, connection, keep_alive] : {
           Case{"1.1", "", true},
           Case{"1.1", "Connection: close\r\n", false},
           Case{"1.1", "Connection: x, CLOSE\r\n", false},
           Case{"1.0", "", false},
           Case{"1.0", "Connection: keep-alive\r\n", true},
       }) {
    const auto bytes = fmt::format("GET / HTTP/{}\r\nHost: a\r\n{}\r\n", version, connection);
    EXPECT_EQ(parse(bytes, {}).requests.at(0).keep_alive, keep_alive) << bytes;
  }
}

TEST(RequestParser, AClaimedLengthReservesLittle) {
  Limits limits;
  limits.body_bytes = std::size_t{1} << 40;
  RequestParser parser(limits);
  ASSERT_TRUE(parser.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\nx"));
  EXPECT_TRUE(parser.header_done());
  EXPECT_FALSE(parser.done());
}

TEST(ResponseParser, ReadsEveryFormOfBody) {
  struct Case {
    const char* name;
    std::string bytes;
    bool head;
    const char* body;
  };
  for (const auto& [name, bytes, head, body] : {
           Case{"length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", false, "ab"},
           Case{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", false, "ab"},
           Case{"until the end", "HTTP/1.1 200 OK\r\n\r\nab", false, "ab"},
           Case{"none", "HTTP/1.1 204 No Content\r\n\r\n", false, ""},
           Case{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", true, ""},
       }) {
    ResponseParser parser(head);
    for (std::size_t begin = 0; begin < bytes.size();) {
      const auto used = parser.feed(std::string_view(bytes).substr(begin));
      ASSERT_TRUE(used) << name;
      ASSERT_GT(*used, 0u) << name;
      begin += *used;
    }
    ASSERT_TRUE(parser.end()) << name;
    EXPECT_EQ(parser.take().body, body) << name;
  }
}

}  // namespace
}  // namespace leat::http
