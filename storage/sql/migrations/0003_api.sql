-- Keys of the HTTP API. What follows the public id in a key is kept nowhere, only its SHA-256.
create table keys (
    id text primary key,
    account integer not null references accounts,
    name text not null,
    digest text not null,
    scopes text not null,                   -- words
    webhook_secret text not null,           -- signs what the API sends
    requests_per_minute real check (requests_per_minute > 0),
    max_waiting integer check (max_waiting > 0),
    created_at real not null,
    expires_at real,
    used_at real,
    revoked_at real
) strict, without rowid;

create index keys_of_account on keys (account);

-- Which body an Idempotency-Key came with, and the key of the job it stands for.
create table requests (
    caller text not null,
    key text not null,
    digest text not null,
    nonce text not null,
    created_at real not null,
    primary key (caller, key)
) strict, without rowid;

create index requests_by_age on requests (created_at);

-- Files sent by people. The two secrets are the unguessable parts of the URLs to send and to fetch.
create table uploads (
    id text primary key,
    account integer not null references accounts,
    ticket text not null unique,
    secret text not null unique,
    filename text not null,
    announced_type text not null,
    announced_bytes integer,
    media_type text,                        -- null until the bytes came
    size_bytes integer,
    sha256 text,
    created_at real not null
) strict, without rowid;

create index uploads_of_account on uploads (account, created_at);
create index uploads_by_age on uploads (created_at);
create index uploads_by_content on uploads (sha256) where sha256 is not null;

-- What is to be told to somebody else's server.
create table outbox (
    id text primary key,
    job text not null,
    key text not null references keys,
    url text not null,
    body text not null,
    tries integer not null default 0,
    due_at real not null,
    created_at real not null,
    ended_at real,
    ending text check (ending in ('delivered', 'given_up')),
    last_answer text not null default ''
) strict, without rowid;

create index outbox_due on outbox (due_at) where ending is null;
