// service/paging.h — where the next page begins: the order values of the last row seen, as an opaque token.
//
// A page is {"items":[...],"next":"..."}; `next` is null on the last page. The token is base64url of a JSON array with
// one value for each column of `order`: itself, {"b":"<base64>"} for a BLOB, {"r":"inf"} or {"r":"-inf"} for what JSON
// has no number for, and {"v":value} where a row held something else than its column is declared to hold.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "database/statement.h"
#include "service/parameters.h"
#include "service/plan.h"
#include "service/values.h"

namespace leat::service {

struct Page {
  std::int64_t limit = 0;
  std::vector<Value> after;  // empty: the first page
};

// 400 naming `limit` or `after` when it is wrong.
OrResponse<Page> read_page(const QueryPlan&, const http::QueryString&);

std::string page_token(const database::Statement& row, const QueryPlan&);

}  // namespace leat::service
