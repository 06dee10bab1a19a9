-- Counts the changes of an upstream's rules, so that a node knows from the row whether the rules it remembers are right. 0: none yet.
alter table maven_upstreams add column rules_generation bigint not null default 0;
update maven_upstreams set rules_generation = 1 where id in (select upstream_id from maven_upstream_rules);
