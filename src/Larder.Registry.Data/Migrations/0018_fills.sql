-- Which node is asking an upstream for a file just now, so that the others wait for what it gets. Worth nothing after a crash.
create $unlogged$ table maven_fills (
  upstream_id bigint not null,
  path        $path$ not null,
  generation  bigint not null, -- absence_generation of the upstream, as it was asked
  holder      text   not null, -- the node
  held_until  bigint not null, -- a holder that does not renew has died
  primary key (upstream_id, path, generation)
);
