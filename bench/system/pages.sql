-- migration 1: posts, friends, pages
create table posts (
  id integer primary key autoincrement,
  content text not null,
  author_id integer not null
);
create index posts_by_author on posts (author_id);
create table friends (
  user_id integer not null,
  friend_id integer not null,
  primary key (user_id, friend_id)
) without rowid;
create table pages (id integer primary key autoincrement, document text not null);
