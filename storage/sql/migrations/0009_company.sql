-- Bots that share this database, each by the names under which it holds posts and jobs.
create table holders (
    name text primary key,
    until real not null                     -- without another word of it by then, it is gone
) strict, without rowid;

alter table posts add column holder text;   -- the bot that shows the job's end

-- Rates that all bots keep together: when each bucket will be full again.
create table buckets (
    key text primary key,
    full_at real not null
) strict, without rowid;

create index buckets_by_age on buckets (full_at);
