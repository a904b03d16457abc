// tests/simulation/clients.h — seeded clients of the village: several, with several requests in flight each. They write
// down what they ask and what they are told, send what has a key again, and complain at once about what they read.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bus/position.h"
#include "complaints.h"
#include "journal.h"
#include "machine.h"
#include "platform/chance.h"

namespace leat::simulation {

// What a client has seen, and the positions that entitle it to see it again. It keeps them over crashes.
class Session {
 public:
  void saw(std::string_view positions);  // a Leat-Position
  std::string header() const;

  struct Floor {
    std::int64_t version = 0;  // of the person, at least
    bool gone = false;         // and ids are never given again
  };
  std::map<std::int64_t, Floor> people;
  std::map<std::int64_t, std::int64_t> boxes;

 private:
  std::map<std::pair<TopicId, PartitionIndex>, bus::Position> positions_;
  std::map<std::string, std::uint64_t> tokens_;  // by service: the last number of its outbox
};

class Clients {
 public:
  Clients(Machine&, Journal&, Complaints&, std::uint64_t seed);

  // Sends a request, if a client is free.
  void act();
  bool idle() const { return *in_flight_ == 0; }
  // A life has ended: nobody is answered any more.
  void hang_up() { in_flight_ = std::make_shared<std::size_t>(0); }

 private:
  void command(std::size_t client);
  void repeat(std::size_t client);
  void ask(std::size_t client, Intent&);
  void told(std::size_t client, Intent&, const http::Response&);
  void told_again(const Intent&, const http::Response&);
  void read_name(std::size_t client);
  void check_name(std::size_t client, std::int64_t id, Session::Floor, const http::Response&);
  void read_box(std::size_t client);
  void read_person();
  void read_letter();
  Intent& new_intent(Kind);
  void send(std::string_view method, std::string_view route, std::vector<std::string> path, std::string body,
            std::vector<std::pair<std::string, std::string>> headers,
            std::move_only_function<void(const http::Response&)> told);
  bool may_be_gone(Kind, std::int64_t id) const;
  std::int64_t any(const std::vector<std::int64_t>& ids) { return ids[chance_.below(ids.size())]; }

  Machine& machine_;
  Journal& journal_;
  Complaints& complaints_;
  platform::Chance chance_;
  std::vector<Session> sessions_;
  std::vector<std::int64_t> people_, letters_;  // acknowledged once; some are gone
  std::shared_ptr<std::size_t> in_flight_ = std::make_shared<std::size_t>(0);
};

}  // namespace leat::simulation
