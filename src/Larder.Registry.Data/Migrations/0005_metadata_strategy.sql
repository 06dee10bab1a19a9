-- How a registry answers maven-metadata.xml: merged over its upstreams, or the first one's alone, as GitLab does.
alter table maven_registries add column metadata_strategy text not null default 'merge';
