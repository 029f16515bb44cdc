-- What bots that share this database tell one another for a moment. A crash of the server may forget it.

-- How pictures look while another bot draws them.
create /*pg: unlogged*/ table previews (
    job text not null,
    place integer not null,
    jpeg blob not null,
    shown_at real not null,
    primary key (job, place)
) strict, without rowid;

create index previews_by_age on previews (shown_at);

-- Contents that somebody is about to refer to, so nobody may remove them.
create /*pg: unlogged*/ table arrivals (
    keeper text not null,                   -- one deed of keeping
    sha256 text not null,
    until real not null,                    -- by then it has failed
    primary key (keeper, sha256)
) strict, without rowid;

create index arrivals_by_content on arrivals (sha256);

-- Counting is worth no disk: forgotten, every bucket is full.
drop table buckets;

create /*pg: unlogged*/ table buckets (
    key text primary key,
    full_at real not null
) strict, without rowid;

create index buckets_by_age on buckets (full_at);
