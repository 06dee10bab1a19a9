-- Periodic work runs on one node at a time: who holds the lease runs it.
create table leases (
  name        text   not null primary key, -- the work
  holder      text,                        -- the node that runs it
  held_until  bigint not null,             -- a holder that does not renew has died
  next_run_at bigint not null
);

-- When the sweeper first saw that no row names the content; null while one does. The grace of its bytes counts from here.
alter table blobs add column unused_since bigint;
create index blobs_unused on blobs (unused_since) where unused_since is not null;

-- What was deleted and waits for the sweeper.
create index packages_deleted on packages (id) where status = 'pending_destruction';
create index package_files_deleted on package_files (id) where status = 'pending_destruction';
