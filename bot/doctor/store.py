"""Whether what is kept fits together: credits, contents, and jobs that nobody draws."""

import time
from collections.abc import Sequence

from bot.doctor.verdicts import Check, Verdict
from bot.settings import Settings
from storage.pictures import Pictures
from storage.store import Store

AT_ONCE = 500
YOUNG_SECONDS = 3600.0  # what is younger may be about to be referred to
LONG_SECONDS = 3600.0


async def ledger_check(store: Store) -> Check:
    """Every credit is accounted for."""
    faults = await store.ledger_faults()
    if faults:
        finding = f"the ledger has {len(faults)} faults; the first: {faults[0]}"
        return Check("database", Verdict.BAD, finding, "restore the database from a backup, or report this.")
    return Check("database", Verdict.GOOD, "readable, and every credit is accounted for")


async def jobs_check(store: Store, *, is_running: bool) -> Check:
    """No job is left lying, and every end is shown."""
    now, running, backlog = time.time(), await store.oversight.running(), await store.oversight.backlog()
    if running and not is_running:
        finding = f"{len(running)} jobs were being drawn when Pinxit ended; they wait to be drawn again"
        return Check("jobs", Verdict.NOTE, finding, "start Pinxit: it takes them up by itself.")
    waited = max((now - each.oldest_at for each in backlog.waiting), default=0.0)
    if is_running and waited > LONG_SECONDS:
        finding = f"the oldest order has waited {waited / 60:.0f} minutes"
        fix = "look at the painter: its log, and whether one card is enough."
        return Check("jobs", Verdict.NOTE, finding, fix)
    if backlog.undelivered and is_running:
        finding = f"{backlog.undelivered} ends are not shown yet"
        return Check("jobs", Verdict.NOTE, finding, 'look for "showing failed" in the log if they stay.')
    return Check("jobs", Verdict.GOOD, f"{sum(each.jobs for each in backlog.waiting)} wait, none is stuck")


async def company_checks(settings: Settings, store: Store) -> Sequence[Check]:
    """Bots that share a database keep their pictures in one place."""
    if settings.database_url is None or settings.pictures is not None:
        return []
    if (bots := await store.oversight.bots(time.time())) <= 1:
        return []
    finding = f"{bots} bots share the database, but this one's pictures lie in its own folder"
    return [Check("pictures", Verdict.BAD, finding, "set PINXIT_PICTURES to one place for all of them.")]


async def contents_check(store: Store, pictures: Pictures) -> Check:
    """Every picture that is referred to is there, and nothing else is."""
    there = set(await pictures.hashes())
    missing = await _missing(store, there)
    orphans = await _orphans(store, await pictures.hashes(time.time() - YOUNG_SECONDS))
    if missing:
        finding = f"{len(missing)} files are gone that pictures refer to; the first: {missing[0]}"
        return Check("contents", Verdict.BAD, finding, "restore the pictures from a backup.")
    if orphans:
        finding = f"{len(orphans)} files belong to nothing"
        return Check("contents", Verdict.NOTE, finding, "start Pinxit again: it sweeps them away.")
    return Check("contents", Verdict.GOOD, f"all {len(there)} files belong to something")


async def _missing(store: Store, there: set[str]) -> Sequence[str]:
    missing: list[str] = []
    after = ""
    while names := await store.oversight.contents(after, AT_ONCE):
        missing += [name for name in names if name not in there]
        after = names[-1]
    return missing


async def _orphans(store: Store, kept: Sequence[str]) -> Sequence[str]:
    found: list[str] = []
    for first in range(0, len(kept), AT_ONCE):
        found += await store.unreferenced(kept[first : first + AT_ONCE])
    return found
