// tests/simulation/oracles.h — what must hold when everything has come to rest.
#pragma once

#include <vector>

#include "complaints.h"
#include "fold.h"
#include "journal.h"
#include "transcript.h"

namespace leat::simulation {

// What was acknowledged or shown is on the bus: once, as asked, not beyond the position that was told, in the order in
// which it happened; and nothing is there that nobody asked for. Ids of people, letters and events are never given
// twice.
void check_events(const Transcript&, const Journal&, Complaints&);

// A read model held exactly what the events before its positions make of it, and its positions lie on the bus.
void check_snapshots(const Transcript&, const std::vector<Snapshot>&, Complaints&);

// `what` holds the tables that the events make.
void check_tables(std::string_view what, const Tables& expected, const Tables& found, Complaints&);

}  // namespace leat::simulation
