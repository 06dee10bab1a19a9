-- Tokens of projects and groups, whom no user stands behind.
create table deploy_tokens (
  id             $identity$,
  project_id     bigint references projects (id),   -- one of the two is null
  namespace_id   bigint references namespaces (id),
  creator_id     bigint references users (id),
  name           text   not null,
  given_username text,                              -- null: gitlab+deploy-token- and the id
  sha256         text   not null unique,            -- of the token; the token itself is never kept
  scopes         text   not null,                   -- separated by one space
  created_at     bigint not null,
  expires_at     bigint,                            -- midnight UTC that begins the day on which it no longer works
  last_used_at   bigint
);
create index deploy_tokens_project on deploy_tokens (project_id);
create index deploy_tokens_namespace on deploy_tokens (namespace_id);
