-- What people prefer, and which accounts became part of another.
alter table accounts add column preferences text not null default '{}';  -- only what is not as usual
alter table accounts add column joined integer references accounts;      -- the account this one is part of
alter table accounts add column link_misses integer not null default 0;  -- wrong codes lately
alter table accounts add column link_missed_at real not null default 0.0;

create index accounts_joined on accounts (joined) where joined is not null;
create index identities_of_account on identities (account);

-- Codes that join two accounts: one for each account, used once.
create table links (
    account integer primary key references accounts,
    code text not null unique,
    ends_at real not null
) strict;

-- The rules of servers and chats.
create table places (
    platform text not null,
    id text not null,
    rules text not null,
    primary key (platform, id)
) strict, without rowid;

alter table jobs add column weight real not null default 1.0 check (weight > 0);  -- times the account's
alter table jobs add column private integer not null default 0;

-- The ledger learns of transfers: a check cannot be changed in place.
create table new_ledger (
    seq integer primary key autoincrement,
    key text not null unique,
    account integer not null references accounts,
    kind text not null
        check (kind in ('grant', 'allowance', 'hold', 'capture', 'release', 'refund', 'transfer')),
    available integer not null,
    held integer not null,
    job text references jobs (id),
    note text not null,
    created_at real not null
) strict;

insert into new_ledger select * from ledger order by seq;
drop table ledger;
alter table new_ledger rename to ledger;

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

-- How pictures look: 64 bits, of which alike pictures differ in few. Each stands in the index by its four
-- quarters, because two looks that differ in at most seven bits have a quarter that differs in at most one.
alter table pictures add column look integer;
alter table pictures add column colours blob;   -- RGB of 8 by 8 cells: tells apart what has the same shapes

create table looks (
    quarter integer not null,
    bits integer not null,
    job text not null references jobs (id),
    place integer not null,
    look integer not null,
    primary key (quarter, bits, job, place)
) strict, without rowid;

create trigger a_new_picture_can_be_found after insert on pictures when new.look is not null
begin
    insert into looks (quarter, bits, job, place, look) values
        (0, new.look & 65535, new.job, new.place, new.look),
        (1, (new.look >> 16) & 65535, new.job, new.place, new.look),
        (2, (new.look >> 32) & 65535, new.job, new.place, new.look),
        (3, (new.look >> 48) & 65535, new.job, new.place, new.look);
end;

create trigger a_deleted_picture_cannot_be_found after delete on pictures when old.look is not null
begin
    delete from looks where quarter = 0 and bits = old.look & 65535
        and job = old.job and place = old.place;
    delete from looks where quarter = 1 and bits = (old.look >> 16) & 65535
        and job = old.job and place = old.place;
    delete from looks where quarter = 2 and bits = (old.look >> 32) & 65535
        and job = old.job and place = old.place;
    delete from looks where quarter = 3 and bits = (old.look >> 48) & 65535
        and job = old.job and place = old.place;
end;
