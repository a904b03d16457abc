// broker/retention.h — deletes, now and then, what the topics' retention no longer covers.
#pragma once

#include <vector>

#include "broker/topics.h"
#include "log/log.h"
#include "platform/platform.h"

namespace leat::broker {

// As long as no topic has a retention there is no timer: by default everything is kept.
class Retention {
 public:
  // Works on `executor`. Requires: `executor` is destroyed before this.
  Retention(platform::Platform, log::Log&, const Topics&, platform::Executor&, platform::Duration every,
            telemetry::Telemetry*);

  // To be called, on the executor or before it has work, when topics have been read or changed.
  void topics_changed();

 private:
  void sweep();
  std::vector<log::PartitionId> bounded() const;

  platform::Platform platform_;
  log::Log& log_;
  const Topics& topics_;
  platform::Executor& executor_;
  const platform::Duration every_;
  telemetry::Telemetry* const telemetry_;
  bool scheduled_ = false;
};

}  // namespace leat::broker
