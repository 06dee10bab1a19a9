-- One text for both databases. $identity$ is the column type of a generated key, $path$ a text that compares bytewise.
-- Instants are UTC Unix milliseconds, digests lower-case hexadecimal, yes/no columns 0 or 1.

create table users (
  id           $identity$,
  username     text   not null,
  username_key text   not null unique,      -- lower case: names differ by more than case
  name         text   not null,
  email        text   not null,
  state        text   not null,             -- active, blocked
  admin        bigint not null,
  created_at   bigint not null,
  updated_at   bigint not null
);
create unique index users_email on users (lower(email));

create table namespaces (
  id          $identity$,
  kind        text   not null,              -- group, user
  parent_id   bigint references namespaces (id),
  owner_id    bigint references users (id), -- of a user's personal namespace
  name        text   not null,
  path        text   not null,
  full_path   text   not null,
  lineage     text   not null,              -- ids from the top-level namespace to this one: 1/5/9
  visibility  text   not null,              -- private, internal, public
  description text   not null,
  created_at  bigint not null,
  updated_at  bigint not null
);
create index namespaces_parent on namespaces (parent_id);
create index namespaces_owner on namespaces (owner_id);

create table projects (
  id                 $identity$,
  namespace_id       bigint not null references namespaces (id),
  creator_id         bigint references users (id),
  name               text   not null,
  path               text   not null,
  full_path          text   not null,
  visibility         text   not null,
  registry_access    text   not null,       -- package registry: disabled, private, enabled, public
  description        text   not null,
  created_at         bigint not null,
  updated_at         bigint not null
);
create index projects_namespace on projects (namespace_id);

-- Every path that names a namespace or a project, lower case, so that no two things share one.
create table routes (
  path_key     $path$ not null primary key,
  namespace_id bigint references namespaces (id),
  project_id   bigint references projects (id)
);
create index routes_namespace on routes (namespace_id);
create index routes_project on routes (project_id);

create table members (
  id           $identity$,
  namespace_id bigint references namespaces (id),
  project_id   bigint references projects (id),
  user_id      bigint not null references users (id),
  access_level bigint not null,
  created_at   bigint not null,
  expires_at   bigint
);
create unique index members_namespace on members (namespace_id, user_id) where namespace_id is not null;
create unique index members_project on members (project_id, user_id) where project_id is not null;
create index members_user on members (user_id);

create table personal_access_tokens (
  id           $identity$,
  user_id      bigint not null references users (id),
  name         text   not null,
  description  text,
  sha256       text   not null unique,      -- of the token; the token itself is never kept
  scopes       text   not null,             -- separated by one space
  created_at   bigint not null,
  expires_at   bigint,                      -- midnight UTC that begins the day on which it no longer works
  revoked_at   bigint,
  last_used_at bigint
);
create index personal_access_tokens_user on personal_access_tokens (user_id);

create table blobs (
  sha256     text   not null primary key,
  length     bigint not null,
  md5        text   not null,
  sha1       text   not null,
  sha512     text   not null,
  created_at bigint not null                -- last time that somebody stored this content: the sweeper's grace counts from here
);

create table packages (
  id                 $identity$,
  project_id         bigint not null references projects (id),
  type               text   not null,       -- generic
  name               $path$ not null,
  version            $path$ not null,
  status             text   not null,       -- default, hidden, deprecated, error, processing, pending_destruction
  creator_id         bigint references users (id),
  created_at         bigint not null,
  updated_at         bigint not null,
  last_downloaded_at bigint
);
-- Two first uploads into one version meet in this index: one inserts, the other joins it.
create unique index packages_identity on packages (project_id, type, name, version) where status <> 'pending_destruction';
create index packages_created on packages (project_id, created_at, id);

create table package_files (
  id         $identity$,
  package_id bigint not null references packages (id),
  file_name  $path$ not null,               -- a nested path is percent-encoded as one component
  sha256     text   not null references blobs (sha256),
  size       bigint not null,
  status     text   not null,               -- default, pending_destruction
  creator_id bigint references users (id),
  created_at bigint not null,
  updated_at bigint not null
);
create index package_files_newest on package_files (package_id, file_name, id);
create index package_files_blob on package_files (sha256);

create table maven_registries (
  id          $identity$,
  group_id    bigint not null references namespaces (id),
  name        text   not null,
  description text,
  created_at  bigint not null,
  updated_at  bigint not null
);
create unique index maven_registries_name on maven_registries (group_id, name);

create table maven_upstreams (
  id                            $identity$,
  group_id                      bigint not null references namespaces (id),
  name                          text   not null,
  description                   text,
  url                           text   not null,
  username                      text,
  password                      text,       -- encrypted
  cache_validity_hours          bigint not null,
  metadata_cache_validity_hours bigint not null,
  created_at                    bigint not null,
  updated_at                    bigint not null
);
create index maven_upstreams_group on maven_upstreams (group_id);

create table maven_registry_upstreams (
  id          $identity$,
  registry_id bigint not null references maven_registries (id),
  upstream_id bigint not null references maven_upstreams (id),
  position    bigint not null
);
create unique index maven_registry_upstreams_pair on maven_registry_upstreams (registry_id, upstream_id);
create index maven_registry_upstreams_upstream on maven_registry_upstreams (upstream_id);

create table maven_cache_entries (
  id                     $identity$,
  upstream_id            bigint not null references maven_upstreams (id),
  relative_path          $path$ not null,   -- begins with a slash
  sha256                 text   not null references blobs (sha256),
  size                   bigint not null,
  content_type           text,
  upstream_etag          text,
  upstream_last_modified text,
  upstream_checked_at    bigint not null,
  downloads_count        bigint not null,
  downloaded_at          bigint not null,
  created_at             bigint not null,
  updated_at             bigint not null
);
create unique index maven_cache_entries_path on maven_cache_entries (upstream_id, relative_path);
create index maven_cache_entries_blob on maven_cache_entries (sha256);

-- Upstreams that definitely said "not here" while a lower one had the file: as good as that copy is fresh.
create table maven_absences (
  upstream_id   bigint not null references maven_upstreams (id),
  relative_path $path$ not null,
  until         bigint not null,
  primary key (upstream_id, relative_path)
);

-- Artifacts (group and artifact as a path: org/acme/tool) that an upstream has ever supplied: no lower one may take its
-- place while it fails.
create table maven_supplied_artifacts (
  upstream_id bigint not null references maven_upstreams (id),
  artifact    $path$ not null,
  primary key (upstream_id, artifact)
);
