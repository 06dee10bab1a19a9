-- Purging or deleting an upstream must not take longer the more it holds. So it holds rows of generations: only those of its
-- current one count, and a purge merely begins the next. What remains of earlier ones is removed later, in batches.
alter table maven_upstreams add column generation bigint not null default 1;         -- of cache entries and supplied artifacts
alter table maven_upstreams add column absence_generation bigint not null default 1; -- of remembered absences
alter table maven_upstreams add column remains_since bigint;                         -- since when rows of earlier ones are to be removed
alter table maven_upstreams add column deleted_at bigint;                            -- gone for everybody; its rows are to be removed
alter table maven_cache_entries add column generation bigint not null default 1;
alter table maven_absences add column generation bigint not null default 1;
alter table maven_supplied_artifacts add column generation bigint not null default 1;
create index maven_cache_entries_newest on maven_cache_entries (upstream_id, generation, id);
