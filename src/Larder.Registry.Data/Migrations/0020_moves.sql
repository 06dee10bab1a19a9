-- Installations that were moved: from this database, or into it. The only table that a move does not copy.
create table moves (
  id          text   not null primary key,  -- 32 random hexadecimal digits: the same row stands on both sides
  direction   text   not null,              -- from, into
  begun_at    bigint not null,
  finished_at bigint                        -- null: what is here is not whole
);
