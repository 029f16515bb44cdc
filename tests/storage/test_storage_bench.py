from storage import bench


async def test_the_benchmark_compares_sizes_of_history(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench, "SAMPLES", 16)
    monkeypatch.setattr(bench, "QUEUED", 30)

    await bench.compare([50, 100], tmp_path)

    assert "p50 with 100 rows of history against 50" in capsys.readouterr().out


async def test_the_history_it_fills_in_is_sound(tmp_path):
    prepared = await bench.prepared(tmp_path / "bench.db", 50)

    faults = await prepared.store.ledger_faults()
    await prepared.store.close()

    assert faults == []
