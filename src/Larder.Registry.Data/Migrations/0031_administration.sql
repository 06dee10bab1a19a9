-- The last runs of each kind of periodic work, for people.
create table upkeep_runs (
  id       $identity$,
  name     text   not null,         -- the work
  node     text   not null,
  began_at bigint not null,
  ended_at bigint,
  outcome  text   not null,         -- running, done, failed, interrupted
  result   text   not null          -- in words; empty for nothing to tell
);
create index upkeep_runs_name on upkeep_runs (name, id);

-- What each namespace takes up, as counted last: summing up a million rows takes too long for a page.
create table storage_usage (
  namespace_id bigint not null,     -- 0 for what belongs to none
  kind         text   not null,     -- packages, cache, uploads, blobs
  files        bigint not null,
  bytes        bigint not null,
  counted_at   bigint not null,
  primary key (namespace_id, kind)
);

-- Who did it, what was done, and where, newest first.
create index audit_events_author on audit_events (author_name, id);
create index audit_events_path on audit_events (entity_path, id);
create index audit_events_name on audit_events (event_name, id);
