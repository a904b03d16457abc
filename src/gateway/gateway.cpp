#include "gateway/gateway.h"

#include <atomic>
#include <mutex>

#include "base/endian.h"
#include "base/trace_context.h"
#include "gateway/foreign_page.h"
#include "gateway/route_table.h"
#include "http/query_string.h"

namespace leat::gateway {
namespace {

http::Response unavailable(std::string_view detail) {
  http::Response response = http::problem(503, http::reason(503), detail);
  response.headers.add("Retry-After", "1");
  return response;
}

// A span of ours in the caller's trace, or in a new one. An id is never zero, which stands for "none".
TraceContext continue_trace(std::optional<std::string_view> traceparent, platform::Random& random) {
  std::optional<TraceContext> trace;
  if (traceparent) trace = TraceContext::parse(*traceparent);
  if (!trace) trace.emplace().trace_id = random.bytes16();
  store_be(reinterpret_cast<char*>(trace->span_id.data()), std::max<std::uint64_t>(random.next(), 1));
  return *trace;
}

// Such a request carries whatever the browser knows of this server, and the user has not asked for it.
http::Response from_foreign_page() {
  return http::problem(
      403, http::reason(403),
      "A page of another site asks to change something here. Pages may do that to the server they come "
      "from; a proxy in front has to pass on the Host that the browser sent.");
}

}  // namespace

class Gateway::State {
 public:
  State(platform::Clock& clock, platform::Random& random, telemetry::Telemetry telemetry, GatewayLimits limits)
      : clock_(clock),
        random_(random),
        telemetry_(telemetry),
        limits_(limits),
        unrouted_(telemetry.metrics, "", "", ""),
        full_(telemetry.metrics.counter("leat_gateway_full_total", "Requests refused since too many were in flight.")),
        table_(std::make_shared<const RouteTable>()),
        shown_(telemetry.metrics.gauge_from("leat_gateway_in_flight", "Requests that wait for their answer.", {},
                                            [this] { return static_cast<double>(in_flight_.load()); })) {}

  Result<> serve(std::vector<ServiceRoutes> services) {
    auto table = std::make_shared<RouteTable>();
    for (ServiceRoutes& each : services) {
      for (http::Route& route : each.routes) LEAT_CHECK(table->add(std::move(route), each.service, telemetry_.metrics));
    }
    const std::lock_guard lock(mutex_);
    table_ = std::move(table);
    return {};
  }

  std::shared_ptr<const RouteTable> current_table() {
    const std::lock_guard lock(mutex_);
    return table_;
  }

  void stop() { stopping_ = true; }

  void handle(std::shared_ptr<State> self, http::Request request, http::Reply reply);

 private:
  // A request on its way. Counts it when it is answered, and also when whoever held it dropped it.
  class Pending {
   public:
    Pending(std::shared_ptr<State> state, std::shared_ptr<const RouteTable> table, const Entry* entry,
            platform::Instant arrived, const TraceContext& trace, http::Reply reply)
        : state_(std::move(state)),
          table_(std::move(table)),
          entry_(entry),
          arrived_(arrived),
          trace_(trace),
          reply_(std::move(reply)) {}
    Pending(Pending&&) noexcept = default;
    Pending& operator=(Pending&&) = delete;
    ~Pending() {
      if (state_) finish(500);
    }
    void operator()(http::Response response) {
      LEAT_ASSERT(state_ != nullptr);
      finish(response.status);
      reply_(std::move(response));
    }

   private:
    void finish(int status) { std::exchange(state_, nullptr)->finish(*entry_, status, arrived_, trace_); }

    std::shared_ptr<State> state_;
    std::shared_ptr<const RouteTable> table_;  // keeps `entry_`
    const Entry* entry_;
    platform::Instant arrived_;
    TraceContext trace_;
    http::Reply reply_;
  };

  void finish(const Entry& entry, int status, platform::Instant arrived, const TraceContext& trace) {
    --in_flight_;
    const platform::Duration took = clock_.now() - arrived;
    entry.metrics.count(status, took);
    if (!telemetry_.log.enabled(telemetry::Level::debug)) return;
    telemetry_.log.debug("request", {{"service", entry.service},
                                     {"method", entry.route.method},
                                     {"route", entry.route.path_template},
                                     {"status", status},
                                     {"ms", std::chrono::duration<double, std::milli>(took).count()},
                                     {"trace", trace.text()}});
  }

  void answer_unrouted(platform::Instant arrived, http::Response response, http::Reply reply) {
    unrouted_.count(response.status, clock_.now() - arrived);
    reply(std::move(response));
  }

  platform::Clock& clock_;
  platform::Random& random_;
  const telemetry::Telemetry telemetry_;
  const GatewayLimits limits_;
  const RouteMetrics unrouted_;
  telemetry::Counter& full_;

  std::atomic<std::size_t> in_flight_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  // Guarded by mutex_. No std::atomic: libstdc++ 12 reads its pointer after a relaxed unlock, which is a race.
  std::shared_ptr<const RouteTable> table_;
  telemetry::Registration shown_;  // last: it reads in_flight_
};

void Gateway::State::handle(std::shared_ptr<State> self, http::Request request, http::Reply reply) {
  const platform::Instant arrived = request.arrived;
  if (stopping_) return answer_unrouted(arrived, unavailable("The server is stopping."), std::move(reply));
  auto table = current_table();
  auto found = table->router.find(request.method, http::split_target(request.target).path);
  if (!found) return answer_unrouted(arrived, http::response_to(found.error()), std::move(reply));
  if (!http::is_safe(request.method) && is_from_foreign_page(request))
    return answer_unrouted(arrived, from_foreign_page(), std::move(reply));
  if (in_flight_.fetch_add(1) >= limits_.in_flight) {
    --in_flight_;
    full_.add();
    return answer_unrouted(arrived, unavailable("Too many requests are in flight."), std::move(reply));
  }

  const Entry& entry = table->entries[found->route];
  const TraceContext trace = continue_trace(request.headers.get("traceparent"), random_);
  request.headers.set("traceparent", trace.text());
  Pending pending(std::move(self), std::move(table), &entry, arrived, trace, std::move(reply));
  entry.route.handler(std::move(request), std::move(found->parameters), std::move(pending));
}

Gateway::Gateway(platform::Clock& clock, platform::Random& random, telemetry::Telemetry telemetry, GatewayLimits limits)
    : state_(std::make_shared<State>(clock, random, telemetry, limits)) {}
Gateway::~Gateway() = default;

Result<> Gateway::serve(std::vector<ServiceRoutes> services) { return state_->serve(std::move(services)); }
void Gateway::stop() { state_->stop(); }

http::Handler Gateway::handler() const {
  return [state = state_](http::Request request, http::Reply reply) {
    state->handle(state, std::move(request), std::move(reply));
  };
}

}  // namespace leat::gateway
