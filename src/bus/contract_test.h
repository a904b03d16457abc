// bus/contract_test.h — the seam in tests: what every Bus promises. Include it once in a test program and instantiate:
//   INSTANTIATE_TEST_SUITE_P(Embedded, Contract, testing::Values(...), kind_name);
#pragma once

#include "bus/contract_publish.h"
#include "bus/contract_read.h"
