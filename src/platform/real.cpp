#include "platform/real.h"

namespace leat::platform {

Platform real() {
  static RealFiles files;
  static RealClock clock;
  static RealRandom random;
  static ThreadExecutors executors;
  return {files, clock, random, executors};
}

}  // namespace leat::platform
