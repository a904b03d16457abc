// base/task.h — work to be done once, somewhere else.
#pragma once

#include <functional>

namespace leat {

using Task = std::move_only_function<void()>;

// What an asynchronous operation calls exactly once with its outcome.
template <class T>
using Done = std::move_only_function<void(T)>;

}  // namespace leat
