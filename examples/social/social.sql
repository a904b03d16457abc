-- migration 1: posts and friends
create table posts (
  id integer primary key autoincrement,
  content text not null,
  author_id integer not null
);

create table friends (
  user_id integer not null,
  friend_id integer not null,
  primary key (user_id, friend_id),
  check (user_id <> friend_id)
) without rowid;

-- migration 2: the feed finds the posts of one friend, newest first (the index ends with the row's id)
create index posts_by_author on posts (author_id);
