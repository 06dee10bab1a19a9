-- What owners and administrators set about packages.

create table package_settings (
  namespace_id                      bigint not null primary key references namespaces (id) on delete cascade,
  generic_duplicates_allowed        bigint not null,
  generic_duplicate_exception_regex text   not null,  -- empty for none
  updated_at                        bigint not null
);

create table package_protection_rules (
  id                              $identity$,
  project_id                      bigint not null references projects (id) on delete cascade,
  package_type                    text   not null,
  package_name_pattern            text   not null,
  minimum_access_level_for_push   text,               -- maintainer, owner, admin
  minimum_access_level_for_delete text,               -- owner, admin
  created_at                      bigint not null,
  updated_at                      bigint not null
);
create unique index package_protection_rules_pattern on package_protection_rules (project_id, package_type, package_name_pattern);

create table package_cleanup_policies (
  project_id                                      bigint not null primary key references projects (id) on delete cascade,
  keep_n_duplicated_package_files                 text   not null,  -- all, 1, 10, 20, 30, 40, 50
  delete_generic_packages_not_downloaded_in_days  bigint,
  next_run_at                                     bigint not null,
  updated_at                                      bigint not null
);
create index package_cleanup_policies_due on package_cleanup_policies (next_run_at);

create table plan_limits (
  name  text   not null primary key,      -- as GitLab names it
  value bigint not null                   -- 0 for no limit
);
