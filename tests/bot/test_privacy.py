"""A person can have everything that is kept about them, or have it deleted."""

import asyncio
import json

from stage import ScriptedGenerator, playing, waits_for

from bot.commands import ChangeSettings, DeleteMine, ExportMine, MakeKey, ShowHistory
from bot.refusals import NoSuchJob, StillPainting
from bot.updates import Cancelled, DeletionAsked, Erased, Exported, Refused
from storage.records import Identity, Preferences


async def delete(stage, by="Ada", *, confirmed=True):
    return await stage.service.answer(DeleteMine(stage.person(by), confirmed))


def files(tmp_path) -> list[str]:
    return [path.name for path in tmp_path.glob("??/??/*")]


async def test_the_export_holds_everything_that_is_kept(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await stage.service.answer(ChangeSettings(by=stage.person(), language="ru"))
        delivered = await stage.drawn("a red фокс")
        deleted = await stage.drawn("a secret")
        await stage.delete(deleted.job)
        await stage.drawn("somebody else's", by="Bob")

        answer = await stage.service.answer(ExportMine(stage.person()))

        assert isinstance(answer, Exported)
        kept = json.loads(answer.file)
        assert [account["name"] for account in kept["accounts"]] == ["Ada"]
        assert kept["accounts"][0]["preferences"] == {"language": "ru"}
        assert kept["identities"] == [{"platform": "stage", "user": "Ada"}]
        assert [picture["job"] for picture in kept["pictures"]] == [delivered.job.id]
        assert [job["id"] for job in kept["jobs"]] == [delivered.job.id, deleted.job.id]
        assert kept["jobs"][0]["recipe"]["prompt"] == "a red фокс"
        assert {entry["kind"] for entry in kept["ledger"]} == {"allowance", "hold", "capture"}
        assert b"somebody" not in answer.file


async def test_deletion_is_asked_back_first(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await stage.drawn()

        answer = await delete(stage, confirmed=False)

        assert answer == DeletionAsked(jobs=1, credits=999)
        assert len(files(tmp_path)) == 1


async def test_after_deletion_nothing_is_left_but_sums(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await stage.service.answer(ChangeSettings(by=stage.person(), count=2))
        job = (await stage.drawn("a secret wish without crowds")).job
        await stage.until_confirmed()
        other = await stage.drawn("a star", by="Bob")
        balance = await stage.balance()

        answer = await delete(stage)

        assert isinstance(answer, Erased)
        assert files(tmp_path) == [picture.sha256 for picture in other.pictures]
        kept = await stage.store.job(job.id)
        assert "secret" not in repr(kept)
        assert "crowds" not in repr(kept)
        assert await stage.store.post(job.id) is None
        assert (await stage.store.account(Identity("stage", "Ada"), "Ada")).name == ""
        assert stage.people.preferences(Identity("stage", "Ada")) == Preferences()
        assert (await stage.service.answer(ShowHistory(stage.person()))).items == ()
        assert isinstance((await stage.info(job)).refusal, NoSuchJob)
        assert await stage.balance() == balance
        assert await stage.store.ledger_faults() == []


async def test_a_file_that_somebody_else_has_too_stays(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await stage.drawn("a star --seed 7", by="Ada")
        await stage.drawn("a star --seed 7", by="Bob")

        await delete(stage)

        assert len(files(tmp_path)) == 1


async def test_what_waits_is_cancelled_and_paid_back(tmp_path):
    gate = asyncio.Event()
    async with playing(ScriptedGenerator(waits_for(gate)), tmp_path) as stage:
        blocking = [await stage.accepted(by="Bob") for _ in range(2)]
        job = await stage.accepted()
        await stage.until_claimed(blocking[1])

        answer = await delete(stage)

        assert (answer.jobs, answer.cancelled) == (1, 1)
        assert isinstance(await stage.audience.sees(job.id, Cancelled), Cancelled)
        assert await stage.balance() == (1000, 0)
        assert await stage.store.ledger_faults() == []
        gate.set()


async def test_while_a_picture_is_painted_nothing_is_deleted(tmp_path):
    gate = asyncio.Event()
    async with playing(ScriptedGenerator(waits_for(gate)), tmp_path) as stage:
        job = await stage.accepted()
        await stage.until_claimed(job)
        waiting = await stage.accepted()

        answer = await delete(stage)

        assert isinstance(answer, Refused)
        assert isinstance(answer.refusal, StillPainting)
        assert not (await stage.store.job(waiting.id)).deleted
        gate.set()
        await stage.end(job)


async def test_a_block_is_not_got_rid_of_by_deleting(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        account = await stage.store.account(Identity("stage", "Ada"), "Ada")
        await stage.store.set_account(account.id, blocked=True)

        await delete(stage)

        assert isinstance(await stage.imagine(), Refused)


async def test_the_export_holds_every_table_that_names_an_account_and_no_secret(tmp_path):
    async with playing(ScriptedGenerator(), tmp_path) as stage:
        await stage.drawn()
        key = await stage.service.answer(MakeKey(stage.person()))

        kept = await stage.store.kept((await stage.store.account(Identity("stage", "Ada"), "Ada")).id)

        tables = await stage.store._db.read(lambda db: db.rows("select name, sql from sqlite_master"))
        named = {row["name"] for row in tables if row["sql"] and "account integer" in row["sql"]}
        assert named - {"links"} <= set(kept)  # a code that joins is a secret
        assert [each["name"] for each in kept["keys"]] == ["chat"]
        assert key.text not in json.dumps(kept)
        assert not {"secret", "digest", "webhook_secret", "ticket"} & {
            name for rows in kept.values() for row in rows for name in row
        }
