-- Whoever is asked for, the days asked for are a part of the same index: newest first by the clock, the id among equals.
drop index audit_events_entity;
drop index audit_events_created_at;
drop index audit_events_author;
drop index audit_events_path;
drop index audit_events_name;
create index audit_events_entity on audit_events (entity_type, entity_id, created_at, id);
create index audit_events_created_at on audit_events (created_at, id);
create index audit_events_author on audit_events (author_name, created_at, id);
create index audit_events_path on audit_events (entity_path, created_at, id);
create index audit_events_name on audit_events (event_name, created_at, id);
