// app/topic_names.h — the names of topics in a log that nobody has open, as far as they can be read.
#pragma once

#include <map>
#include <string>

#include "log/inspection.h"

namespace leat::app {

class TopicNames {
 public:
  explicit TopicNames(const log::Inspection& inspection);
  // "posts-2"; a topic whose name is not known goes by its id.
  std::string text(const log::PartitionId& partition) const;

 private:
  std::map<TopicId, std::string> names_;
};

}  // namespace leat::app
