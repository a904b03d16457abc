// definition/service_form.h — the two files: leat.yaml and a service's own.
#pragma once

#include <string>
#include <vector>

#include "definition/definition.h"
#include "definition/form.h"
#include "definition/topics.h"

namespace leat::definition {

// leat.yaml as read, before its services are.
struct SystemText {
  struct Include {
    Place place;
    std::string path;
  };
  Place place;
  std::string name;
  std::vector<Include> services;
  bool insecure = false;
};

struct ServiceText : Service {
  std::vector<TopicText> topic_texts;
  bool topics_known = true;  // all names under `topics` could be read
};

Form<SystemText> system_form();
Form<ServiceText> service_form();

}  // namespace leat::definition
