#include "app/topic_names.h"

#include <fmt/format.h>

#include "broker/internal_records.h"
#include "log/record_batch.h"

namespace leat::app {
namespace {

constexpr std::size_t slice_bytes = 256 << 10;

}  // namespace

// Stops at the first place that is damaged: then the rest go by their ids.
TopicNames::TopicNames(const log::Inspection& inspection) {
  names_[broker::topics_partition().topic] = "__leat_topics";
  names_[broker::sources_partition().topic] = "__leat_sources";
  const auto bounds = inspection.bounds(broker::topics_partition());
  if (!bounds) return;
  for (Offset at = bounds->start; at < bounds->durable_end;) {
    const auto slice = inspection.read(broker::topics_partition(), at, slice_bytes);
    if (!slice || slice->next <= at) return;
    for (std::string_view rest = slice->batches; !rest.empty();) {
      const auto header = log::read_header(rest);
      if (!header) return;
      (void)log::for_each_record(rest.substr(0, header->size_bytes()), [&](const log::Record& record) {
        if (!record.key || !record.value || !record.key->starts_with(broker::topic_key_prefix)) return;
        const auto name = record.key->substr(broker::topic_key_prefix.size());
        if (const auto topic = broker::decode_topic(name, *record.value)) names_[topic->topic.id] = std::string(name);
      });
      rest.remove_prefix(header->size_bytes());
    }
    at = slice->next;
  }
}

std::string TopicNames::text(const log::PartitionId& partition) const {
  const auto known = names_.find(partition.topic);
  return fmt::format("{}-{}", known == names_.end() ? partition.topic.value.text() : known->second,
                     partition.index.value);
}

}  // namespace leat::app
