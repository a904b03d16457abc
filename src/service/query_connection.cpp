#include "service/query_connection.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/hex.h"
#include "bus/position.h"
#include "database/deadline.h"
#include "service/answer_check.h"
#include "service/entity_tag.h"

namespace leat::service {
namespace {

constexpr std::size_t body_usual = 256;  // of one row; longer ones grow

// FNV-1a: an answer's ETag is compared with itself of some moments ago, never with an enemy's.
std::uint64_t hash(std::uint64_t seed, std::string_view bytes) {
  for (const char byte : bytes) seed = (seed ^ static_cast<unsigned char>(byte)) * 0x100000001b3ull;
  return (seed ^ 0xff) * 0x100000001b3ull;
}

std::string quoted_hex(std::uint64_t number) {
  std::array<std::uint8_t, 8> bytes;
  for (int i = 7; i >= 0; --i, number >>= 8) bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(number);
  std::string out = "\"";
  append_hex(out, bytes);
  return out += '"';
}

// Quotes hold each tag together, and none that we make has one inside, or a comma.
bool names(std::string_view if_none_match, std::string_view etag) {
  return if_none_match == "*" || (!etag.empty() && if_none_match.find(etag) != std::string_view::npos);
}

}  // namespace

Result<std::unique_ptr<QueryConnection>> QueryConnection::open(std::shared_ptr<const View> view, std::size_t group,
                                                               const Options& options, platform::Clock& clock) {
  std::unique_ptr<QueryConnection> out(new QueryConnection(std::move(view), group, options, clock));
  database::Options settings;
  settings.read_only = true;
  settings.vfs = options.vfs;
  const auto& path = out->group_.uses_state ? out->view_->state_path : ":memory:";
  LEAT_TRY(out->database_, database::Database::open(path, settings));
  for (const auto& generation : out->group_.read_models) {
    LEAT_CHECK(out->database_->attach(generation->path(), generation->plan().name));
    out->attached_.push_back({generation, {}, {}, -1, {}});
  }
  LEAT_CHECK(out->prepare_positions());
  if (out->group_.uses_state) LEAT_CHECK(out->prepare_state());
  out->prepared_.resize(out->view_->queries.size());
  return out;
}

Result<> QueryConnection::prepare_positions() {
  for (auto& attached : attached_) {
    const auto schema = database::quoted_name(attached.generation->plan().name);
    LEAT_TRY(attached.data_version, database_->prepare(fmt::format("pragma {}.data_version", schema)));
    LEAT_TRY(attached.positions, database_->prepare(fmt::format(
                                     "select topic_id, bus, partition, epoch, next from {}.leat_positions", schema)));
  }
  return {};
}

Result<> QueryConnection::prepare_state() {
  LEAT_TRY(auto identity, database_->prepare("select identity from leat_meta", database::Prepare::once));
  LEAT_TRY(const bool row, identity.step());
  if (!row) return fail(Code::corrupt, "leat_meta has no row");
  identity_ = identity.text(0);
  identity.reset();
  LEAT_TRY(state_version_, database_->prepare("select version from leat_meta"));
  return {};
}

Result<> QueryConnection::begin() {
  database_->set_now(clock_.unix_ms());
  LEAT_TRY(auto transaction, database::Transaction::read(*database_));
  transaction_.emplace(std::move(transaction));
  return refresh_snapshot();
}

Result<http::Response> QueryConnection::run(const QueryJob& job) {
  LEAT_ASSERT(transaction_.has_value());
  const auto latest = clock_.now() + options_.query_time_max;
  const auto at = job.deadline == platform::Instant{} ? latest : std::min(job.deadline, latest);
  const database::Deadline deadline(*database_, clock_, at);

  auto answered = answer_unless_known(job);
  if (!answered && answered.error().code == Code::timeout)
    return fail(Code::timeout, "its statement was stopped: it took longer than a query may");
  LEAT_TRY(auto response, std::move(answered));
  if (!positions_text_.empty() && positions_text_.size() <= options_.position_bytes_max)
    response.headers.add("Leat-Position", positions_text_);
  const bool behind = std::any_of(attached_.begin(), attached_.end(), [](const Attached& attached) {
    return attached.generation->state().phase != Phase::live;
  });
  if (job.stale || behind) response.headers.add("Leat-Stale", "true");
  return response;
}

// An ETag made of all that the answer depends on: who has the answer costs no statement.
Result<http::Response> QueryConnection::answer_unless_known(const QueryJob& job) {
  const auto& plan = *view_->queries[job.index].plan;
  if (plan.etag_column || plan.may_change_by_itself) return answer(job);  // it has to be read first, or has none
  const auto etag = quoted_hex(hash(seed_, job.target));
  const bool anything = job.if_none_match == "*";
  http::Response response{304, {}, {}, {}};
  if (anything || !names(job.if_none_match, etag)) {
    LEAT_TRY(response, answer(job));
    if (anything && response.status == 200) response = http::Response{304, {}, {}, {}};
  }
  if (response.status < 400) response.headers.add("ETag", etag);
  return response;
}

// The first read of each file fixes what the transaction sees of it; the query reads the same.
Result<> QueryConnection::refresh_snapshot() {
  bool changed = seed_ == 0;
  for (auto& attached : attached_) {
    LEAT_TRY(const bool moved, refresh(attached));
    changed |= moved;
  }
  if (group_.uses_state) {
    LEAT_TRY(const bool moved, refresh_state());
    changed |= moved;
  }
  if (changed) rehash();
  return {};
}

Result<bool> QueryConnection::refresh(Attached& attached) {
  LEAT_TRY(const bool row, attached.data_version.step());
  const auto version = row ? attached.data_version.integer(0) : -1;
  attached.data_version.reset();
  if (version == attached.version_seen) return false;
  attached.reached.clear();
  for (;;) {
    LEAT_TRY(const bool more, attached.positions.step());
    if (!more) break;
    LEAT_TRY(auto position, position_from(attached.positions));
    attached.reached.push_back(position);
  }
  attached.version_seen = version;
  return true;
}

Result<bool> QueryConnection::refresh_state() {
  LEAT_TRY(const bool row, state_version_.step());
  if (!row) return fail(Code::corrupt, "leat_meta has no row");
  const auto version = state_version_.integer(0);
  state_version_.reset();
  return std::exchange(version_, version) != version;
}

// Two read models may follow the same topic; a client that comes back with both positions waits for the later one.
void QueryConnection::rehash() {
  std::vector<bus::Position> all;
  for (const auto& attached : attached_)
    for (const auto& position : attached.reached)
      if (position.next > Offset{0}) all.push_back(position);  // of an empty partition there is nothing to wait for
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  positions_text_ = bus::to_text(all);
  seed_ = hash(0xcbf29ce484222325ull, view_->plan_hash);
  seed_ = hash(seed_, positions_text_);
  if (group_.uses_state) seed_ = hash(seed_, fmt::format("{}.{}", identity_, version_));
}

Result<QueryConnection::Prepared*> QueryConnection::prepared(std::size_t query) {
  auto& slot = prepared_[query];
  if (!slot) {
    const auto& plan = *view_->queries[query].plan;
    Prepared made;
    LEAT_TRY(made.first, database_->prepare(plan.first.sql.numbered));
    if (plan.next) {
      LEAT_TRY(made.next, database_->prepare(plan.next->sql.numbered));
    }
    slot.emplace(std::move(made));
  }
  return &*slot;
}

// Parameters of a page come last: the order values of the row before it, then the limit.
Result<database::Statement*> QueryConnection::bound(const QueryJob& job) {
  const auto& plan = *view_->queries[job.index].plan;
  LEAT_TRY(auto* ready, prepared(job.index));
  const bool follows = !job.page.after.empty();
  auto& statement = follows ? ready->next : ready->first;
  Inputs inputs;
  inputs.path = job.path;
  inputs.query = job.query;
  LEAT_CHECK(bind_sources(statement, (follows ? *plan.next : plan.first).sources, inputs));
  if (plan.many) {
    const int limit = statement.parameters();
    int parameter = limit - static_cast<int>(job.page.after.size());
    for (const auto& value : job.page.after) bind_value(statement, parameter++, value);
    statement.bind(limit, job.page.limit + 1);  // one more tells whether there is a next page
  }
  return &statement;
}

Result<http::Response> QueryConnection::answer(const QueryJob& job) {
  LEAT_TRY(auto* statement, bound(job));
  return view_->queries[job.index].plan->many ? answer_many(job, *statement) : answer_one(job, *statement);
}

Result<http::Response> QueryConnection::answer_one(const QueryJob& job, database::Statement& statement) {
  LEAT_TRY(const bool row, statement.step());
  if (!row) return http::problem(404, "Not found", "there is no such thing");
  http::Response response;
  if (const auto& column = view_->queries[job.index].plan->etag_column) {
    const auto etag = entity_tag(statement, static_cast<int>(*column));
    if (!etag.empty()) response.headers.add("ETag", etag);
    if (names(job.if_none_match, etag)) {
      statement.reset();
      response.status = 304;
      return response;
    }
  }
  response.content_type = "application/json";
  response.body.reserve(body_usual);
  const auto& query = view_->queries[job.index];
  query.shape.write(response.body, statement);
  statement.reset();
  LEAT_CHECK(check_size(response));
  return broken_promise(query.plan->answer_schema.get(), response.body).value_or(std::move(response));
}

Result<> QueryConnection::check_size(const http::Response& response) const {
  if (response.body.size() <= options_.answer_bytes_max) return {};
  return fail(Code::too_large, fmt::format("the answer is larger than {} bytes (answer_bytes_max); ask for fewer rows "
                                           "with ?limit=",
                                           options_.answer_bytes_max));
}

Result<http::Response> QueryConnection::answer_many(const QueryJob& job, database::Statement& statement) {
  const auto& query = view_->queries[job.index];
  http::Response response;
  response.content_type = "application/json";
  response.body.reserve(body_usual * 8);
  response.body = "{\"items\":[";
  std::string next = "null";
  for (std::int64_t rows = 0;; ++rows) {
    LEAT_TRY(const bool row, statement.step());
    if (!row) break;
    if (rows > 0) response.body += ',';
    const auto begin = response.body.size();
    query.shape.write(response.body, statement);
    if (auto fits = check_size(response); !fits) {
      statement.reset();
      return fail(std::move(fits).error());
    }
    auto broken = broken_promise(query.plan->answer_schema.get(), std::string_view(response.body).substr(begin));
    if (broken) {
      statement.reset();
      return *std::move(broken);
    }
    if (rows + 1 == job.page.limit) next = '"' + page_token(statement, *query.plan) + '"';
    if (rows + 1 < job.page.limit) continue;
    LEAT_TRY(const bool more, statement.step());
    if (!more) next = "null";
    if (more) statement.reset();
    break;
  }
  response.body += "],\"next\":" + next + "}";
  return response;
}

}  // namespace leat::service
