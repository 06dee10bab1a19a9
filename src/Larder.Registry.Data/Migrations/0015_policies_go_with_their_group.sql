-- A policy goes with its group. SQLite cannot change a foreign key: the table is made anew.
create table virtual_registry_cleanup_policies_kept (
  group_id                       bigint not null primary key references namespaces (id) on delete cascade,
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
insert into virtual_registry_cleanup_policies_kept select * from virtual_registry_cleanup_policies;
drop table virtual_registry_cleanup_policies;
alter table virtual_registry_cleanup_policies_kept rename to virtual_registry_cleanup_policies;
