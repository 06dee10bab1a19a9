-- Whether files of an upstream must agree with the checksum files beside them: for one that announces no checksum in its headers.
alter table maven_upstreams add column verifies_checksum_files bigint not null default 0;
