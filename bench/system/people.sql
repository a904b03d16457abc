-- migration 1: people
create table people (id integer primary key autoincrement, username text not null);
