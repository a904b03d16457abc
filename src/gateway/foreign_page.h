// gateway/foreign_page.h — which requests a web page of another site made a browser send.
#pragma once

#include "http/http.h"

namespace leat::gateway {

// True when a browser says so: `Sec-Fetch-Site: cross-site`, or an `Origin` that is not what `Host` names. Programs
// send neither. Where Sec-Fetch-Site says same-origin the browser knows better than a proxy that has changed Host.
bool is_from_foreign_page(const http::Request&);

}  // namespace leat::gateway
