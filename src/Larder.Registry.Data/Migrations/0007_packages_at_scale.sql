-- Every order of a listing has an index that ends in it, so that a page needs no sort of everything. The condition is that of
-- what a listing shows unless it is asked for a status.
drop index packages_created;
create index packages_listed on packages (project_id, created_at, id, type) where status in ('default', 'deprecated', 'error');
create index packages_by_name on packages (project_id, name, created_at, id) where status in ('default', 'deprecated', 'error');
create index packages_by_version on packages (project_id, version, created_at, id) where status in ('default', 'deprecated', 'error');
create index packages_by_status on packages (project_id, status, created_at, id, type);
create index package_files_listed on package_files (package_id, id) where status = 'default';
