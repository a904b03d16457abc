#include "app/new_system.h"

namespace leat::app {
namespace {

constexpr std::string_view notes_yaml = R"(# Notes: what people write down. It owns its table and its topic.
service: notes
state: notes.sql

topics:
  notes: {key: id, events: [note.written, note.deleted]}

commands:
  POST /api/notes:
    body: bodies/new-note.json
    do: |
      insert into notes (author, text) values (:author, :text)
      returning id, author, text
    emit: note.written

  DELETE /api/notes/{id:integer}:
    do: delete from notes where id = :id returning id
    emit: note.deleted

queries:
  GET /api/notes/{id:integer}:
    one: select id, author, text from notes where id = :id
)";

constexpr std::string_view notes_sql = R"(-- migration 1: notes
create table notes (
  id integer primary key autoincrement,
  author text not null,
  text text not null
);
)";

constexpr std::string_view authors_yaml = R"(# Authors: knows who wrote what, and never asks Notes: it has heard it.
service: authors

read_models:
  written:
    tables: |
      create table written (id integer primary key, author text not null, text text not null);
      create index written_by_author on written (author, id);
    when:
      note.written: insert into written values (:id, :author, :text)
      note.deleted: delete from written where id = :id

queries:
  GET /api/authors/{author}/notes:
    many: select id, text from written where author = :author
    order: id desc
)";

constexpr std::string_view note_written = R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["id", "author", "text"],
  "properties": {
    "id": {"type": "integer"},
    "author": {"type": "string"},
    "text": {"type": "string"}
  }
}
)";

constexpr std::string_view note_deleted = R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["id"],
  "properties": {"id": {"type": "integer"}}
}
)";

constexpr std::string_view new_note = R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["author", "text"],
  "properties": {
    "author": {"type": "string", "minLength": 1, "maxLength": 50},
    "text": {"type": "string", "minLength": 1, "maxLength": 2000}
  }
}
)";

}  // namespace

std::vector<std::pair<std::string, std::string>> new_system(std::string_view name) {
  return {
      {"leat.yaml", "system: " + std::string(name) + "\nservices: [notes.yaml, authors.yaml]\n"},
      {"notes.yaml", std::string(notes_yaml)},
      {"notes.sql", std::string(notes_sql)},
      {"authors.yaml", std::string(authors_yaml)},
      {"events/note.written.json", std::string(note_written)},
      {"events/note.deleted.json", std::string(note_deleted)},
      {"bodies/new-note.json", std::string(new_note)},
      {".gitignore", ".leat/\n"},
  };
}

}  // namespace leat::app
