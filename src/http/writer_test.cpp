#include "http/writer.h"

#include <gtest/gtest.h>

#include "http/address.h"

namespace leat::http {
namespace {

std::string header(const Response& response, const Framing& framing = {}) {
  std::string out;
  append_header(out, response, framing, "now");
  return out;
}

TEST(Writer, WritesWhatTheStatusAndTheConnectionAllow) {
  struct Case {
    const char* name;
    Response response;
    Framing framing;
    const char* bytes;
  };
  const Case cases[] = {
      {"body",
       {.content_type = "text/plain", .body = "abc"},
       {},
       "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n"},
      {"no body", {.status = 201}, {}, "HTTP/1.1 201 Created\r\nDate: now\r\nContent-Length: 0\r\n\r\n"},
      {"body without a type is not sent",
       {.body = "abc"},
       {},
       "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 0\r\n\r\n"},
      {"204",
       {.status = 204, .content_type = "text/plain", .body = "abc"},
       {},
       "HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n"},
      {"304", {.status = 304}, {}, "HTTP/1.1 304 Not Modified\r\nDate: now\r\n\r\n"},
      {"close",
       {},
       {.keep_alive = false},
       "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
      {"1.0",
       {},
       {.minor_version = 0},
       "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"},
      {"unknown status", {.status = 299}, {}, "HTTP/1.1 299 Status\r\nDate: now\r\nContent-Length: 0\r\n\r\n"},
  };
  for (const auto& [name, response, framing, bytes] : cases) EXPECT_EQ(header(response, framing), bytes) << name;
}

TEST(Writer, AHandlerDoesNotDecideAboutFraming) {
  Response response;
  for (const char* name : {"Content-Length", "TRANSFER-ENCODING", "connection", "Date", "Keep-Alive"}) {
    response.headers.add(name, "evil");
  }
  EXPECT_EQ(header(response), header({}));
}

TEST(Writer, AControlIsFoundWhereverItStands) {
  for (std::size_t size = 1; size < 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (const char control : {'\0', '\n', '\r', '\x1f', '\x7f'}) {
        Response response;
        std::string value(size, '~');
        value[at] = control;
        response.headers.add("a", value);
        value[at] = ' ';
        std::string out;
        append_header(out, response, {}, "");
        EXPECT_NE(out.find("a: " + value + "\r\n"), std::string::npos) << size << ' ' << at;
      }
    }
  }
}

TEST(Writer, OtherBytesStayAsTheyAre) {
  std::string value = "\t";
  for (int byte = 0x20; byte < 0x100; ++byte) {
    if (byte != 0x7f) value += static_cast<char>(byte);
  }
  Response response;
  response.headers.add("a", value);
  std::string out;
  append_header(out, response, {}, "");
  EXPECT_NE(out.find("a: " + value + "\r\n"), std::string::npos);
}

TEST(Writer, NoValueCanAddALine) {
  Response response;
  response.headers.add("X-A\r\nX-B", std::string("1\r\nX-C: 2") + '\0' + "3\x7f");
  EXPECT_EQ(header(response), "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 0\r\nX-A  X-B: 1  X-C: 2 3 \r\n\r\n");
}

TEST(Writer, DatesAreThoseOfRfc9110) {
  EXPECT_EQ(http_date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(951'782'400), "Tue, 29 Feb 2000 00:00:00 GMT");
}

// Whatever the sizes of what goes in and of what the socket takes, the bytes come out in order.
TEST(OutQueue, AnIdleOneKeepsNoMemoryWorthMentioning) {
  OutQueue queue;
  queue.tail() += std::string(15'000, 'x');
  queue.release();
  EXPECT_EQ(queue.bytes(), 15'000u) << "what waits stays";
  queue.consume(15'000);
  EXPECT_GE(queue.tail().capacity(), 15'000u) << "the next answer needs no new memory";
  queue.release();
  EXPECT_LT(queue.tail().capacity(), 100u);
}

TEST(OutQueue, BytesComeOutInOrder) {
  for (const std::size_t step : {1, 7, 1000, 20'000, 1'000'000}) {
    OutQueue queue;
    std::string expected, got;
    for (const std::size_t size : {0, 3, 20'000, 5, 16'384, 0, 100'000}) {
      const std::string body(size, static_cast<char>('a' + size % 26));
      queue.tail() += "head";
      expected += "head" + body;
      queue.add_body(std::string(body));
    }
    EXPECT_EQ(queue.bytes(), expected.size());
    while (!queue.empty()) {
      std::array<std::string_view, 2> pieces;
      ASSERT_GT(queue.pieces(pieces), 0u);
      const std::string_view taken = pieces[0].substr(0, step);
      got += taken;
      queue.consume(taken.size());
    }
    EXPECT_EQ(got, expected) << step;
    EXPECT_EQ(queue.bytes(), 0u);
  }
}

TEST(Problem, IsProblemDetailsJson) {
  const Response response = problem(422, "Unprocessable", "say \"why\"", R"("errors":[1])");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body,
            R"({"type":"about:blank","title":"Unprocessable","status":422,"detail":"say \"why\"","errors":[1]})");
}

TEST(Headers, NamesCompareWithoutCase) {
  Headers headers;
  headers.add("X-A", "1");
  headers.add("x-a", "2");
  EXPECT_EQ(headers.get("X-a"), "1");
  headers.set("x-A", "3");
  EXPECT_EQ(headers.all().size(), 1u);
  headers.remove("X-A");
  EXPECT_EQ(headers.get("x-a"), std::nullopt);
}

TEST(Address, ReadsWhatItWrites) {
  for (const char* text : {"127.0.0.1:8080", "[::1]:0", "localhost:65535", "0.0.0.0:1", "[fe80::1]:443"}) {
    EXPECT_EQ(parse_address(text).value().text(), text);
  }
}

TEST(Address, RefusesWhatIsNone) {
  for (const char* text : {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80", "[::1]",
                           "[x]:80", "example.org:80", "127.0.0.1:80x", "127.0.0.256:80"}) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, Code::invalid);
  }
}

TEST(Address, KnowsLoopback) {
  struct Case {
    const char* text;
    bool loopback;
  };
  for (const auto& [text, loopback] :
       {Case{"127.0.0.1:1", true}, Case{"127.9.9.9:1", true}, Case{"[::1]:1", true}, Case{"localhost:1", true},
        Case{"0.0.0.0:1", false}, Case{"[::]:1", false}, Case{"10.0.0.1:1", false}}) {
    EXPECT_EQ(parse_address(text).value().is_loopback(), loopback) << text;
  }
}

}  // namespace
}  // namespace leat::http
