// definition/whole.h — mistakes that only the whole system shows and that need no database.
#pragma once

#include "definition/definition.h"

namespace leat::definition {

// A service, a topic, an event is declared once.
void check_owners(const System&, Mistakes&);
// No two routes meet the same requests. (A literal part wins over a parameter, so these two do not collide.)
void check_routes(const System&, Mistakes&);
// What is heard is declared by somebody, what is told by the teller itself. Only when all declarations could be read.
void check_events(const System&, Mistakes&);
// A read model whose topics may forget says so, since its rebuild would not give the same rows. Only when all
// declarations could be read.
void check_history(const System&, Mistakes&);

}  // namespace leat::definition
