-- Earlier paths of what was renamed: they lead there until something else takes them.
alter table routes add column moved bigint not null default 0;
