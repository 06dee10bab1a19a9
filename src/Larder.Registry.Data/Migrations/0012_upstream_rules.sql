-- Which files an upstream may supply, by their Maven coordinates.
create table maven_upstream_rules (
  id                $identity$,
  upstream_id       bigint not null references maven_upstreams (id),
  rule_type         text   not null,        -- allow, deny
  pattern_type      text   not null,        -- wildcard, regex
  target_coordinate text   not null,        -- group_id, artifact_id, version
  pattern           text   not null,
  created_at        bigint not null,
  updated_at        bigint not null
);
create unique index maven_upstream_rules_pattern on maven_upstream_rules (upstream_id, target_coordinate, pattern_type, pattern, rule_type);
