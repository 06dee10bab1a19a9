-- What the owners of a group want to be removed from its caches, and how the last removal went.
create table virtual_registry_cleanup_policies (
  group_id                       bigint not null primary key references namespaces (id),
  enabled                        bigint not null,
  keep_n_days_after_download     bigint not null,
  cadence                        bigint not null, -- days between two runs
  notify_on_success              bigint not null,
  notify_on_failure              bigint not null,
  status                         text   not null, -- scheduled, running, failed
  failure_message                text,
  next_run_at                    bigint,          -- null while it is not enabled
  last_run_at                    bigint,
  last_run_deleted_size          bigint not null,
  last_run_deleted_entries_count bigint not null,
  created_at                     bigint not null,
  updated_at                     bigint not null
);
