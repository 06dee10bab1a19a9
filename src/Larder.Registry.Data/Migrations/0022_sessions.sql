-- People who have signed in with a browser.
create table sessions (
  sha256     text   not null primary key,           -- of the secret in the cookie; the secret itself is never kept
  user_id    bigint not null references users (id) on delete cascade,
  token_id   bigint references personal_access_tokens (id) on delete cascade,  -- it began with; null: with the password
  created_at bigint not null,
  seen_at    bigint not null,                       -- up to five minutes old
  expires_at bigint not null                        -- however often it is used
);
create index sessions_user on sessions (user_id);
create index sessions_token on sessions (token_id);
create index sessions_expiry on sessions (expires_at);

-- What ASP.NET's PasswordHasher makes of the password; null for users who have none and call with tokens only.
alter table users add column password_hash text;
