-- Files that arrive over several requests.
create table package_uploads (
  id              text   not null primary key,  -- 32 random hexadecimal digits
  project_id      bigint not null references projects (id) on delete cascade,
  package_name    text   not null,
  package_version text   not null,
  file_path       text   not null,              -- in plain form
  status          text,                         -- of the package from then on; null leaves it
  creator_id      bigint references users (id),
  length          bigint not null,
  md5             text,                         -- digests that the client has announced
  sha1            text,
  sha256          text,
  sha512          text,
  metadata        text,                         -- what the client wants to hear again
  created_at      bigint not null,
  expires_at      bigint not null,
  published_at    bigint                        -- since when the package has the file; the pieces are gone then
);
create index package_uploads_project on package_uploads (project_id);
create index package_uploads_expiry on package_uploads (expires_at);

create table package_upload_pieces (
  upload_id text   not null references package_uploads (id) on delete cascade,
  position  bigint not null,                    -- of the first byte in the file
  length    bigint not null,
  sha256    text   not null references blobs (sha256),
  primary key (upload_id, position)
);
create index package_upload_pieces_blob on package_upload_pieces (sha256);
