-- With which credential a file was published; null for those from before.
alter table package_files add column credential_kind text;   -- personal_access_token, resource_token, deploy_token, job, session
alter table package_files add column credential_id bigint;   -- the row of the token; of a job, its project; null for a session

-- Downloads of a package in one day, for three months.
create table package_downloads (
  package_id bigint not null references packages (id) on delete cascade,
  day        bigint not null,       -- UTC days since 1970-01-01
  count      bigint not null,
  primary key (package_id, day)
);
create index package_downloads_day on package_downloads (day);

-- Each name of a project once, however many versions it has: what a search goes through.
create table package_names (
  project_id bigint not null references projects (id) on delete cascade,
  name       $path$ not null,
  name_key   $path$ not null,       -- lower case
  primary key (project_id, name)
);
create index package_names_key on package_names (name_key, project_id, name);
insert into package_names (project_id, name, name_key)
select distinct project_id, name, lower(name) from packages where status <> 'pending_destruction';
