-- The keys that encrypt what must be read again, as passwords of upstreams: one ring for all nodes.
create table protection_keys (
  name       text   not null primary key, -- as the file was named that it came from; "first" for the one that a new database begins with
  xml        text   not null,
  created_at bigint not null
);
