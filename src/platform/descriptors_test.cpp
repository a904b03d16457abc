#include "platform/descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "platform/posix.h"

namespace leat::platform {
namespace {

TEST(Descriptors, TheSoftLimitIsRaisedToTheHardOne) {
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  const rlimit low{.rlim_cur = 64, .rlim_max = usual.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(descriptor_limit(), 64u);
  raise_descriptor_limit();
  EXPECT_EQ(descriptor_limit(), usual.rlim_max);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
}

TEST(Descriptors, OpenOnesAreCounted) {
  const auto before = open_descriptors();
  const Descriptor one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_GE(one.get(), 0);
  EXPECT_EQ(open_descriptors(), before + 1);
}

}  // namespace
}  // namespace leat::platform
