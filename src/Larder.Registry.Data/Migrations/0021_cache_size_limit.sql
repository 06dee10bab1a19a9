-- Bytes that the caches of a group may hold, null for what the operator has set: beyond it the least recently downloaded go.
alter table virtual_registry_cleanup_policies add column cache_size_limit bigint;
