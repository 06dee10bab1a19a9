-- Who changed what. Names and paths are copied: an event outlives what it tells of, so it refers to nothing.
create table audit_events (
  id $identity$,
  created_at bigint not null,
  event_name text not null,
  author_id bigint,
  author_name text not null,
  entity_type text not null,
  entity_id bigint,
  entity_path text not null,
  target text not null,
  parameters text not null,
  ip_address text not null
);
create index audit_events_entity on audit_events (entity_type, entity_id, id);
create index audit_events_created_at on audit_events (created_at);
