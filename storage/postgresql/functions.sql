-- The few functions of SQLite's that storage's statements use.

create or replace aggregate total(double precision) (
    sfunc = float8pl, stype = double precision, initcond = '0'
);

create or replace function max(anycompatible, anycompatible) returns anycompatible
language sql immutable as 'select greatest($1, $2)';

create or replace function min(anycompatible, anycompatible) returns anycompatible
language sql immutable as 'select least($1, $2)';

create or replace function json_each(list text) returns table (value text)
language sql immutable as 'select jsonb_array_elements_text(list::jsonb)';

-- Pairs of a path such as $.prompt and a text. jsonb cannot hold the character 0, which text may.
create or replace function json_set(document text, variadic pairs text[]) returns text
language plpgsql immutable as $$
declare
    changed jsonb := replace(document, '\u0000', '\ufffd')::jsonb;
begin
    for i in 1 .. array_length(pairs, 1) by 2 loop
        changed := jsonb_set(
            changed, string_to_array(substr(pairs[i], 3), '.'), coalesce(to_jsonb(pairs[i + 1]), 'null')
        );
    end loop;
    return changed::text;
end $$;
