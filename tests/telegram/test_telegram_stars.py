"""Credits for Stars: offered, checked, paid once, given back once."""

import pytest
from writing import running

from storage.records import Identity
from storage.store import StorageError
from tests.platforms.telegram import supergroup
from tests.platforms.telegram_faults import down, flood

PACKS = ((500, 50), (3000, 250))


async def invoiced(town):
    """Ann has chosen the smaller pack."""
    town.says("/buy")
    await town.until(lambda: town.answers() and "500 credits · 50 ⭐" in town.last.buttons)
    town.presses(town.last, "500 credits · 50 ⭐")
    await town.until(lambda: town.last.invoice)
    return town.last


async def entries(bot, town):
    account = await bot.store.account(Identity("telegram", str(town.ann.id)), "Ann")
    return [entry for entry in await bot.store.entries(account.id) if entry.kind.value == "grant"]


async def test_credits_are_bought_and_given_once(town, tmp_path):
    async with running(town, tmp_path, packs=PACKS) as bot:
        invoice = await invoiced(town)
        query = town.checks_out(invoice)
        await town.until(lambda: town.world.checkouts[query])
        town.pays(invoice, "charge1", again=True)
        await town.until(lambda: len([m for m in town.answers() if "500 credits are yours" in m.text]) == 2)
        given = await entries(bot, town)
        faults = await bot.store.ledger_faults()

    assert invoice.invoice["currency"] == "XTR"
    assert invoice.invoice["prices"] == [{"label": "500 credits", "amount": 50}]
    assert town.world.checkouts[query]["ok"] is True
    assert [entry.available for entry in given] == [500]
    assert faults == []


async def test_a_checkout_is_answered_though_the_chat_is_flooded(town, tmp_path):
    async with running(town, tmp_path, packs=PACKS):
        invoice = await invoiced(town)
        town.fault(flood(rf"\w+ {town.ann.id}", 30, times=None))
        town.says("/help")
        query = town.checks_out(invoice)
        await town.until(lambda: town.world.checkouts[query])

    assert town.world.checkouts[query]["ok"] is True


async def test_nothing_is_given_before_the_payment(town, tmp_path):
    async with running(town, tmp_path, packs=PACKS) as bot:
        query = town.checks_out(await invoiced(town))
        await town.until(lambda: town.world.checkouts[query])

        assert await entries(bot, town) == []


@pytest.mark.parametrize(
    "forged",
    [
        {"total_amount": 1},
        {"currency": "EUR"},
        {"invoice_payload": "pack:9999:50:1001"},
        {"invoice_payload": "anything"},
        {"invoice_payload": ""},
    ],
)
async def test_a_forged_checkout_is_turned_down(town, tmp_path, forged):
    async with running(town, tmp_path, packs=PACKS):
        query = town.checks_out(await invoiced(town), **forged)
        await town.until(lambda: town.world.checkouts[query])

    assert town.world.checkouts[query]["ok"] is False
    assert "does not stand any more" in town.world.checkouts[query]["error_message"]


async def test_somebody_elses_invoice_cannot_be_paid(town, tmp_path):
    async with running(town, tmp_path, packs=PACKS):
        query = town.checks_out(await invoiced(town), by=town.bob)
        await town.until(lambda: town.world.checkouts[query])

    assert town.world.checkouts[query]["ok"] is False


async def test_a_late_checkout_of_a_pack_that_is_gone_is_turned_down_but_what_was_paid_counts(town, tmp_path):
    async with running(town, tmp_path, packs=PACKS):
        invoice = await invoiced(town)
    async with running(town, tmp_path, packs=PACKS[1:]) as bot:
        query = town.checks_out(invoice)
        await town.until(lambda: town.world.checkouts[query])
        town.pays(invoice, "charge1")
        await town.until(lambda: "500 credits are yours" in town.last.text)

        assert town.world.checkouts[query]["ok"] is False
        assert [entry.available for entry in await entries(bot, town)] == [500]


async def test_a_payment_that_fits_no_offer_gives_nothing(town, tmp_path):
    async with running(town, tmp_path, packs=PACKS) as bot:
        invoice = await invoiced(town)
        invoice.invoice["payload"] = f"pack:999999:50:{town.bob.id}"
        town.pays(invoice, "charge1")
        town.says("/help")
        await town.until(lambda: "/imagine" in town.last.text)

        assert await entries(bot, town) == []


async def test_a_payment_survives_storage_in_trouble(town, tmp_path, monkeypatch):
    monkeypatch.setattr("bot.adapters.telegram.stars.FIRST_PAUSE_SECONDS", 0.05)
    async with running(town, tmp_path, packs=PACKS) as bot:
        invoice = await invoiced(town)
        pay, failures = bot.store.pay, iter([StorageError("the disk is full")] * 3)

        async def troubled(payment):
            if (failure := next(failures, None)) is not None:
                raise failure
            return await pay(payment)

        monkeypatch.setattr(bot.store, "pay", troubled)
        town.pays(invoice, "charge1")
        await town.until(lambda: "500 credits are yours" in town.last.text)

        assert [entry.available for entry in await entries(bot, town)] == [500]


async def test_an_administrator_gives_stars_back_and_takes_the_credits_once(town, tmp_path):
    bobs = town.private(town.bob)
    async with running(town, tmp_path, packs=PACKS, admins=frozenset({town.bob.id})) as bot:
        town.pays(await invoiced(town), "charge1")
        await town.until(lambda: "are yours" in town.last.text)
        town.says("/refund charge1")
        await town.until(lambda: "for the people who manage" in town.last.text)
        for _ in range(2):
            before = len(town.answers(bobs))
            town.says("/refund charge1", by=town.bob)
            await town.until(lambda before=before: len(town.answers(bobs)) > before)
        taken = await entries(bot, town)
        payment = await bot.store.payment("charge1")

    assert town.world.refunds == [(town.ann.id, "charge1")]
    assert sorted(entry.available for entry in taken) == [-500, 500]
    assert payment.refunded_at is not None
    assert "50 Stars went back" in town.answers(bobs)[-1].text


async def test_where_telegram_does_not_return_the_stars_the_credits_stay(town, tmp_path):
    town.fault(down("refundStarPayment"))
    bobs = town.private(town.bob)
    async with running(town, tmp_path, packs=PACKS, admins=frozenset({town.bob.id})) as bot:
        town.pays(await invoiced(town), "charge1")
        await town.until(lambda: "are yours" in town.last.text)
        town.says("/refund charge1", by=town.bob)
        await town.until(lambda: town.answers(bobs) and "did not return" in town.answers(bobs)[-1].text)

        assert [entry.available for entry in await entries(bot, town)] == [500]


async def test_an_unknown_charge_is_told_kindly(town, tmp_path):
    async with running(town, tmp_path, packs=PACKS, admins=frozenset({town.ann.id})):
        town.says("/refund nothing-like-it")
        await town.until(town.answers)

    assert "no payment with this number" in town.last.text


async def test_without_packs_nothing_is_for_sale_and_no_menu_says_so(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.says("/buy")
        await town.until(town.answers)
        await town.until(lambda: len(town.world.menus) == 9)

        assert await entries(bot, town) == []
    assert "Nothing is for sale" in town.last.text
    assert not any(each["command"] == "buy" for menu in town.world.menus.values() for each in menu)


async def test_offers_asked_for_in_a_group_come_privately(town, tmp_path):
    chat = town.founds(supergroup())
    async with running(town, tmp_path, packs=PACKS):
        town.says("/buy", chat=chat)
        await town.until(town.answers)
        await town.until(lambda: len(town.world.menus) == 9)

    assert not town.answers(chat)
    assert any(each["command"] == "paysupport" for menu in town.world.menus.values() for each in menu)
