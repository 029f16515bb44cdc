-- What was paid for credits, each charge once. It outlives what people delete: money was moved.
create table payments (
    charge text primary key,                -- the payment system's own number
    account integer not null references accounts,
    platform text not null,
    "user" text not null,                     -- who paid, as the platform knows them
    credits integer not null check (credits > 0),
    stars integer not null check (stars > 0),
    paid_at real not null,
    refunded_at real
) strict, without rowid;

create index payments_of_account on payments (account, paid_at);
