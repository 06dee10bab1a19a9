-- Tokens of projects and groups, whom no user stands behind.
create table deploy_tokens (
  id             $identity$,
  project_id     bigint references projects (id) on delete cascade,   -- one of the two is null
  namespace_id   bigint references namespaces (id) on delete cascade,
  creator_id     bigint references users (id) on delete set null,
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

-- The users that stand for access tokens of projects and groups; both null for people.
alter table users add column bot_project_id bigint references projects (id);
alter table users add column bot_namespace_id bigint references namespaces (id);
create index users_bot_project on users (bot_project_id) where bot_project_id is not null;
create index users_bot_namespace on users (bot_namespace_id) where bot_namespace_id is not null;

-- Tokens of jobs: for one project, with the rights of a user.
create table job_tokens (
  id         $identity$,
  project_id bigint not null references projects (id) on delete cascade,
  user_id    bigint not null references users (id) on delete cascade,
  sha256     text   not null unique,                -- of the token; the token itself is never kept
  created_at bigint not null,
  expires_at bigint not null,
  ended_at   bigint
);
create index job_tokens_project on job_tokens (project_id);
create index job_tokens_user on job_tokens (user_id);

-- Whose signed statements (OpenID Connect) are as good as a job token of the project.
create table job_token_trust_rules (
  id           $identity$,
  project_id   bigint not null references projects (id) on delete cascade,
  user_id      bigint not null references users (id) on delete cascade, -- whose rights such jobs have
  access_level bigint not null,                     -- and never more than this
  issuer       text   not null,
  audience     text   not null,
  claims       text   not null,                     -- a JSON object: what else the statement must say
  created_at   bigint not null
);
create index job_token_trust_rules_issuer on job_token_trust_rules (issuer);
create index job_token_trust_rules_project on job_token_trust_rules (project_id);

-- Other projects whose jobs may use a project.
create table job_token_allowlist (
  project_id bigint not null references projects (id) on delete cascade,
  source_id  bigint not null references projects (id) on delete cascade,
  created_at bigint not null,
  primary key (project_id, source_id)
);
create index job_token_allowlist_source on job_token_allowlist (source_id);
