-- People. The sums are a cache of the ledger, moved by its trigger alone.
create table accounts (
    id integer primary key autoincrement,
    name text not null,
    weight real not null default 1.0 check (weight > 0),
    blocked integer not null default 0,
    available integer not null default 0 check (available >= 0),
    held integer not null default 0 check (held >= 0),
    allowed_on text not null default '',    -- UTC date of the last look at the daily allowance
    finish real not null default 0.0        -- virtual time at which the next job may start
) strict;

create table identities (
    platform text not null,
    "user" text not null,
    account integer not null references accounts,
    primary key (platform, "user")
) strict, without rowid;

create table clock (
    id integer primary key check (id = 1),
    now real not null                       -- virtual time of the last claim
) strict;

insert into clock (id, now) values (1, 0.0);

create table jobs (
    seq integer primary key autoincrement,
    id text not null unique,
    key text not null,
    account integer not null references accounts,
    recipe text not null,
    count integer not null check (count >= 1),
    format text not null,
    price integer not null check (price >= 0),
    cost_seconds real not null check (cost_seconds >= 0),
    parent text,
    state text not null default 'queued'
        check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    attempt integer not null default 0,
    losses integer not null default 0,
    lease text,
    cancel_asked_at real,                   -- set while a running job is to be stopped
    tag real not null,                      -- virtual time at which the job starts
    charge real not null,                   -- virtual time it was charged with
    fault text,
    created_at real not null,
    ended_at real,
    draw_seconds real,
    deleted_at real,
    unique (account, key)
) strict;

-- Every hot query stays within a partial index of unfinished jobs, so history costs nothing.
-- The state stands in each index too: only so are they covering.
create index jobs_in_line on jobs (tag, seq, cost_seconds, state) where state = 'queued';
create index jobs_running on jobs (seq, cost_seconds, state) where state = 'running';
create index jobs_unfinished on jobs (account, tag, seq, state) where state in ('queued', 'running');
create index jobs_of_account on jobs (account, created_at, seq) where deleted_at is null;

create trigger jobs_move_along_moves before update of state on jobs
when old.state <> new.state and not (
    (old.state = 'queued' and new.state in ('running', 'cancelled', 'failed'))
    or (old.state = 'running' and new.state in ('succeeded', 'failed', 'cancelled', 'queued'))
)
begin
    select raise(abort, 'a job cannot move there');
end;

create table ledger (
    seq integer primary key autoincrement,
    key text not null unique,
    account integer not null references accounts,
    kind text not null
        check (kind in ('grant', 'allowance', 'hold', 'capture', 'release', 'refund')),
    available integer not null,
    held integer not null,
    job text references jobs (id),
    note text not null,
    created_at real not null
) strict;

create index ledger_of_account on ledger (account, seq);
create index ledger_of_job on ledger (job, seq) where job is not null;

create trigger ledger_moves_sums after insert on ledger
begin
    update accounts set available = available + new.available, held = held + new.held
    where id = new.account;
end;

create trigger ledger_is_never_changed before update on ledger
begin
    select raise(abort, 'the ledger is only added to');
end;

create trigger ledger_is_never_cut before delete on ledger
begin
    select raise(abort, 'the ledger is only added to');
end;

create table posts (
    id integer primary key autoincrement,
    job text not null unique references jobs (id),
    platform text not null,
    address text not null,
    language text not null,
    rung text                               -- null until the end was confirmed as shown
) strict;

create index posts_unconfirmed on posts (id, job) where rung is null;

create table pictures (
    job text not null references jobs (id),
    place integer not null,
    sha256 text not null,
    format text not null,
    width integer not null,
    height integer not null,
    size_bytes integer not null,
    truncated integer not null,
    secret text not null unique,
    primary key (job, place)
) strict, without rowid;

create index pictures_by_content on pictures (sha256);

-- Learned seconds on the card by shape: a moving average.
create table measurements (
    shape text primary key,
    seconds real not null,
    samples integer not null
) strict, without rowid;
