-- What registries have done with an upstream on each day (days since 1970-01-01, UTC), over all nodes.
create table maven_upstream_days (
  upstream_id   bigint not null references maven_upstreams (id) on delete cascade,
  day           bigint not null,
  hits          bigint not null, -- answers from its cache
  hit_bytes     bigint not null, -- of those, bytes that it did not have to send
  streamed      bigint not null, -- answers that followed a download from it
  sent          bigint not null, -- requests for files
  avoided       bigint not null, -- requests that were not sent because the answer was known, on its way, or its host was left alone
  failed        bigint not null, -- requests that came to nothing
  fetched_bytes bigint not null, -- that it sent
  primary key (upstream_id, day)
);
