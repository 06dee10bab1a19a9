-- Who a user is at an OpenID provider.
create table user_identities (
  issuer     $path$ not null,       -- without a slash at its end
  subject    $path$ not null,       -- as the provider names the person, for ever
  user_id    bigint not null references users (id) on delete cascade,
  created_at bigint not null,
  primary key (issuer, subject)
);
create index user_identities_user on user_identities (user_id);
