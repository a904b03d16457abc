-- migration 1: users
create table users (
  id integer primary key autoincrement,
  username text not null unique,
  email text not null unique collate nocase,
  password_hash text not null
);
