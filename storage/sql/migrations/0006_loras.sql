-- Jobs with the LoRAs that are on already are drawn together, a little out of line.
alter table jobs add column loras text not null default '';   -- what the recipe wears, shortened; '' is nothing

create index jobs_wearing on jobs (loras, tag, seq) where state = 'queued';
