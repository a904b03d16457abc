// definition/topics.h — `topics:`, what a service tells, and the schema of each event in it.
#pragma once

#include "definition/definition.h"
#include "definition/form.h"

namespace leat::definition {

// A topic with the places that later checks point at.
struct TopicText : Topic {
  Place key_place;
  std::vector<EventType> types;
};

Form<std::vector<TopicText>> topics_form();

}  // namespace leat::definition
