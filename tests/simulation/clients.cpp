#include "clients.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include <fmt/format.h>

#include "base/json.h"

namespace leat::simulation {
namespace {

constexpr std::size_t clients = 4;
constexpr std::size_t in_flight_max = 9;

std::int64_t number_of(const http::Response& response, const char* attribute) {
  const auto body = parse_json(response.body);
  if (!body || !body->is_object()) return 0;
  const auto* value = body->get_object().if_contains(attribute);
  return value && value->is_int64() ? value->get_int64() : 0;
}

std::string_view position_of(const http::Response& response) {
  return response.headers.get("Leat-Position").value_or(std::string_view());
}

bool is_stale(const http::Response& response) { return response.headers.get("Leat-Stale").has_value(); }

}  // namespace

void Session::saw(std::string_view positions) {
  if (positions.starts_with("outbox.")) {
    const auto dot = positions.rfind('.');
    std::uint64_t number = 0;
    std::from_chars(positions.data() + dot + 1, positions.data() + positions.size(), number);
    auto& last = tokens_[std::string(positions.substr(0, dot))];
    last = std::max(last, number);
    return;
  }
  const auto parsed = bus::parse_positions(positions);
  LEAT_ASSERT(parsed.has_value());
  for (const auto& position : *parsed) {
    auto& known = positions_[{position.topic, position.partition}];
    if (known.next <= position.next) known = position;
  }
}

std::string Session::header() const {
  std::vector<bus::Position> positions;
  for (const auto& [partition, position] : positions_) positions.push_back(position);
  auto text = bus::to_text(positions);
  for (const auto& [service, number] : tokens_)
    text += fmt::format("{}{}.{}", text.empty() ? "" : ",", service, number);
  return text;
}

Clients::Clients(Machine& machine, Journal& journal, Complaints& complaints, std::uint64_t seed)
    : machine_(machine), journal_(journal), complaints_(complaints), chance_(seed), sessions_(clients) {}

void Clients::act() {
  if (*in_flight_ >= in_flight_max) return;
  const auto client = chance_.below(sessions_.size());
  if (!journal_.intents.empty() && chance_.below(8) == 0) return repeat(client);
  const auto dice = people_.empty() ? 0 : chance_.below(20);
  if (dice < 12) return command(client);
  if (dice < 15) return read_name(client);
  if (dice < 17) return read_box(client);
  if (dice < 18 || letters_.empty()) return read_person();
  read_letter();
}

Intent& Clients::new_intent(Kind kind) {
  auto& intent = journal_.intents.emplace_back(Intent{.number = journal_.intents.size(), .kind = kind});
  intent.asked_at = journal_.now();
  return intent;
}

void Clients::command(std::size_t client) {
  const auto dice = people_.empty() ? 0 : chance_.below(20);
  const auto kind = dice < 4                        ? Kind::came
                    : dice < 10                     ? Kind::renamed
                    : dice < 11                     ? Kind::left
                    : dice < 18 || letters_.empty() ? Kind::sent
                                                    : Kind::burnt;
  auto& intent = new_intent(kind);
  intent.name = fmt::format("name {}", intent.number);
  if (kind == Kind::renamed || kind == Kind::left) intent.id = any(people_);
  if (kind == Kind::burnt) intent.id = any(letters_);
  if (kind == Kind::sent) {
    intent.sender = any(people_);
    intent.recipient = any(people_);
  }
  ask(client, intent);
}

// What nobody has heard of comes first, the oldest of the late ones; what was answered must be answered so again.
void Clients::repeat(std::size_t client) {
  constexpr std::ptrdiff_t late_max = 30;
  auto& all = journal_.intents;
  const auto first = all.end() - std::min(late_max, std::ssize(all));
  const auto unheard = std::find_if(first, all.end(), [](const auto& one) { return one.keyed() && !one.decided(); });
  auto& intent = unheard != all.end() && chance_.below(4) != 0 ? *unheard : all[chance_.below(all.size())];
  if (!intent.keyed()) return;
  ++journal_.repeats;
  ask(client, intent);
}

void Clients::ask(std::size_t client, Intent& intent) {
  const auto kind = intent.kind;
  const bool about_one = kind == Kind::renamed || kind == Kind::left || kind == Kind::burnt;
  const bool letter = kind == Kind::sent || kind == Kind::burnt;
  auto body = fmt::format(R"("intent":"i{}")", intent.number);
  if (kind == Kind::came || kind == Kind::renamed) body += fmt::format(R"(,"name":"{}")", intent.name);
  if (kind == Kind::sent) body += fmt::format(R"(,"sender":{},"recipient":{})", intent.sender, intent.recipient);
  const std::string_view method = !about_one ? "POST" : kind == Kind::renamed ? "PUT" : "DELETE";
  const std::string_view route =
      letter ? (about_one ? "/letters/{id:integer}" : "/letters") : (about_one ? "/people/{id:integer}" : "/people");
  std::vector<std::string> path;
  if (about_one) path.push_back(std::to_string(intent.id));
  std::vector<std::pair<std::string, std::string>> headers;
  if (intent.keyed()) headers.emplace_back("Idempotency-Key", fmt::format("i{}", intent.number));
  send(method, route, std::move(path), "{" + body + "}", std::move(headers),
       [this, client, &intent, answered = false](const http::Response& response) mutable {
         if (std::exchange(answered, true))
           complaints_.add(Wrong::doubled, fmt::format("i{} is answered twice", intent.number));
         told(client, intent, response);
       });
}

// One key, one answer.
void Clients::told_again(const Intent& intent, const http::Response& response) {
  if (response.status >= 500) return;
  ++journal_.replays;
  if (response.status != intent.status || response.body != intent.answer)
    complaints_.add(Wrong::doubled, fmt::format("i{} was answered {} {}, and then {} {}", intent.number, intent.status,
                                                intent.answer, response.status, response.body));
}

void Clients::told(std::size_t client, Intent& intent, const http::Response& response) {
  if (response.status == 409 && response.headers.get("Retry-After")) return;  // the first is still running
  if (intent.decided()) return told_again(intent, response);
  intent.answered_at = journal_.now();
  intent.status = response.status;
  intent.answer = response.body;
  const bool about_one = intent.kind == Kind::renamed || intent.kind == Kind::left || intent.kind == Kind::burnt;
  const bool expected = response.status < 300 || response.status == 503 || response.status == 507 ||
                        (response.status == 404 && about_one);
  if (!expected)
    complaints_.add(Wrong::stuck, fmt::format("i{} answers {}: {}", intent.number, response.status, response.body));
  if (!intent.acknowledged()) {
    if (response.status == 404 && !may_be_gone(intent.kind, intent.id))
      complaints_.add(Wrong::lost,
                      fmt::format("i{}: {} is not there, and nobody removed it", intent.number, intent.id));
    return;
  }
  intent.position = position_of(response);
  intent.version = number_of(response, "version");
  auto& session = sessions_[client];
  if (!intent.position.empty()) session.saw(intent.position);
  if (intent.kind == Kind::came) people_.push_back(intent.id = number_of(response, "id"));
  if (intent.kind == Kind::sent) letters_.push_back(intent.id = number_of(response, "id"));
  if (intent.kind == Kind::came || intent.kind == Kind::renamed) {
    auto& floor = session.people[intent.id].version;
    floor = std::max(floor, intent.version);
  }
}

// The read model must be as far as the session has seen; or say that it is not.
void Clients::read_name(std::size_t client) {
  const auto id = any(people_);
  const auto& session = sessions_[client];
  const auto floor = session.people.contains(id) ? session.people.at(id) : Session::Floor{};
  send("GET", "/names/{id:integer}", {std::to_string(id)}, "", {{"Leat-Position", session.header()}},
       [this, client, id, floor](const http::Response& response) { check_name(client, id, floor, response); });
}

void Clients::check_name(std::size_t client, std::int64_t id, Session::Floor floor, const http::Response& response) {
  auto& session = sessions_[client];
  if (response.status == 400)
    complaints_.add(Wrong::lost, "a position that was given out is refused: " + response.body);
  if (response.status != 200 && response.status != 404) return;
  const auto version = number_of(response, "version");
  if (version != 0) journal_.versions_seen.emplace(id, version);
  ++journal_.reads;
  journal_.stale_reads += is_stale(response);
  if (is_stale(response)) return;
  if (version == 0 && floor.version != 0 && !may_be_gone(Kind::left, id))
    complaints_.add(Wrong::lost, fmt::format("person {} was seen and is gone", id));
  if (version != 0 && version < floor.version)
    complaints_.add(Wrong::lost, fmt::format("person {} was seen at {} and is at {}", id, floor.version, version));
  if (version != 0 && floor.gone) complaints_.add(Wrong::lost, fmt::format("person {} had left and is back", id));
  session.saw(position_of(response));
  auto& now = session.people[id];
  now.version = std::max(now.version, version);
  now.gone = now.gone || (version == 0 && floor.version != 0);
}

void Clients::read_box(std::size_t client) {
  const auto id = any(people_);
  auto& session = sessions_[client];
  send("GET", "/people/{id:integer}/box", {std::to_string(id)}, "", {{"Leat-Position", session.header()}},
       [this, &session, id, floor = session.boxes[id]](const http::Response& response) {
         if ((response.status != 200 && response.status != 404) || is_stale(response)) return;
         const auto letters = number_of(response, "letters");
         if (letters < floor)
           complaints_.add(Wrong::lost, fmt::format("{} letters for {} were seen, now {}", floor, id, letters));
         session.saw(position_of(response));
         session.boxes[id] = std::max(session.boxes[id], letters);
       });
}

void Clients::read_person() {
  const auto id = any(people_);
  send("GET", "/people/{id:integer}", {std::to_string(id)}, "", {}, [this, id](const http::Response& response) {
    if (response.status == 200) journal_.versions_seen.emplace(id, number_of(response, "version"));
    if (response.status == 404 && !may_be_gone(Kind::left, id))
      complaints_.add(Wrong::lost, fmt::format("person {} was acknowledged and is gone", id));
  });
}

void Clients::read_letter() {
  const auto id = any(letters_);
  send("GET", "/letters/{id:integer}", {std::to_string(id)}, "", {}, [this, id](const http::Response& response) {
    if (response.status == 200) journal_.letters_seen.insert(id);
    if (response.status == 404 && !may_be_gone(Kind::burnt, id))
      complaints_.add(Wrong::lost, fmt::format("letter {} was acknowledged and is gone", id));
  });
}

bool Clients::may_be_gone(Kind kind, std::int64_t id) const {
  const auto removal = kind == Kind::sent || kind == Kind::burnt ? Kind::burnt : Kind::left;
  return std::ranges::any_of(journal_.intents, [&](const Intent& intent) {
    return intent.kind == removal && intent.id == id && !intent.rejected();
  });
}

void Clients::send(std::string_view method, std::string_view route, std::vector<std::string> path, std::string body,
                   std::vector<std::pair<std::string, std::string>> headers,
                   std::move_only_function<void(const http::Response&)> told) {
  http::Request request;
  request.target = "/";
  request.headers.add("Content-Type", "application/json");
  request.body = std::move(body);
  for (auto& [name, value] : headers)
    if (!value.empty()) request.headers.add(std::move(name), std::move(value));
  ++*in_flight_;
  // A life that ends answers nobody: what it still holds is dropped with it.
  machine_.send(method, route, std::move(path), std::move(request),
                [this, counted = in_flight_, told = std::move(told)](const http::Response& response) mutable {
                  --*counted;
                  if (counted != in_flight_) return;
                  ++journal_.statuses[response.status];
                  told(response);
                });
}

}  // namespace leat::simulation
