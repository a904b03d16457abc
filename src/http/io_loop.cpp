#include "http/io_loop.h"

#include <boost/asio/post.hpp>
#include <pthread.h>

#include "http/connection.h"
#include "http/writer.h"

namespace leat::http {
namespace {

thread_local const IoLoop* current_loop = nullptr;

}  // namespace

void Mailbox::put(Answer answer) {
  std::unique_lock lock(mutex_);
  if (!loop_) return;
  if (loop_->is_current()) {
    lock.unlock();
    if (auto connection = answer.connection.lock()) connection->answer(answer.number, std::move(answer.response));
    return;
  }
  waiting_.push_back(std::move(answer));
  if (waiting_.size() > 1) return;  // the loop is on its way
  boost::asio::post(loop_->io(), [this, self = loop_->mailbox()] { deliver(); });
}

void Mailbox::post(Task task) {
  const std::lock_guard lock(mutex_);
  if (loop_) boost::asio::post(loop_->io(), std::move(task));
}

void Mailbox::deliver() {
  {
    const std::lock_guard lock(mutex_);
    delivering_.swap(waiting_);
  }
  if (loop_) loop_->answer_all(delivering_);
  delivering_.clear();
}

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  loop_ = nullptr;
  waiting_.clear();
}

IoLoop::IoLoop(Shared& shared)
    : shared_(shared), mailbox_(std::make_shared<Mailbox>(*this)), date_(http_date(shared.clock.unix_ms() / 1000)) {}

IoLoop::~IoLoop() {
  stop();
  mailbox_->close();
  shared_.connections -= connections_.size();
  shared_.metrics.connections.add(-static_cast<double>(connections_.size()));
  connections_.clear();
}

void IoLoop::stop() {
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

void IoLoop::run_thread(std::string name) {
  schedule_tick();
  thread_ = std::thread([this, name = std::move(name)] {
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    current_loop = this;
    io_.run();
  });
}

bool IoLoop::is_current() const { return current_loop == this; }

void IoLoop::adopt(boost::asio::ip::tcp::socket socket, ByteBudget::Lease lease) {
  if (is_current()) return begin(std::move(socket), std::move(lease));
  boost::asio::post(io_, [this, socket = std::move(socket), lease = std::move(lease)]() mutable {
    begin(std::move(socket), std::move(lease));
  });
}

void IoLoop::begin(boost::asio::ip::tcp::socket socket, ByteBudget::Lease lease) {
  auto connection = std::make_shared<Connection>(*this, std::move(socket), std::move(lease));
  connections_.insert(connection);
  connection->start();
}

void IoLoop::forget(const std::shared_ptr<Connection>& connection) {
  if (connections_.erase(connection) == 0) return;
  shared_.metrics.connections.add(-1);
  if (--shared_.connections == 0) shared_.connections.notify_all();
}

// Answers that came together leave together: each connection writes once.
void IoLoop::answer_all(std::vector<Mailbox::Answer>& answers) {
  std::vector<std::shared_ptr<Connection>> touched;
  for (Mailbox::Answer& answer : answers) {
    auto connection = answer.connection.lock();
    if (!connection) continue;
    if (connection->accept(answer.number, std::move(answer.response))) touched.push_back(std::move(connection));
  }
  for (const auto& connection : touched) connection->advance();
}

void IoLoop::look_around() {
  boost::asio::post(io_, [this] { tick(); });
}

void IoLoop::schedule_tick() {
  timer_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(shared_.tick));
  timer_.async_wait([this](boost::system::error_code ec) {
    if (ec) return;
    tick();
    schedule_tick();
  });
}

// A walk over all connections every half second costs less than arming and disarming a timer for each request.
void IoLoop::tick() {
  date_ = http_date(shared_.clock.unix_ms() / 1000);
  const platform::Instant now = shared_.clock.now();
  const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
  for (const auto& connection : all) connection->tick(now);
}

}  // namespace leat::http
