-- Pictures and masks that people's recipes start from.
create table starts (
    account integer not null references accounts,
    sent_by integer not null references accounts,   -- another one where it is of somebody else's job
    sha256 text not null,
    width integer not null,
    height integer not null,
    size_bytes integer not null,
    created_at real not null,
    primary key (account, sha256)
) strict, without rowid;

create index starts_by_content on starts (sha256);
create index starts_by_sender on starts (sent_by);
create index starts_by_age on starts (created_at);

-- Which job needs which of them, until it is deleted.
create table job_starts (
    job text not null references jobs (id),
    sha256 text not null,
    primary key (job, sha256)
) strict, without rowid;

create index job_starts_by_content on job_starts (sha256);
