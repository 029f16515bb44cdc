from generator.machine import free_memory

MEMINFO = "MemTotal:       24000000 kB\nMemFree:         1000000 kB\nMemAvailable:   20000000 kB\n"


def test_what_the_system_could_free_can_be_had(tmp_path):
    (tmp_path / "meminfo").write_text(MEMINFO)

    assert free_memory(tmp_path / "meminfo", tmp_path / "none") == 20_000_000 * 1024


def test_a_container_may_have_less(tmp_path):
    (tmp_path / "meminfo").write_text(MEMINFO)
    (tmp_path / "memory.max").write_text("4294967296\n")

    assert free_memory(tmp_path / "meminfo", tmp_path / "memory.max") == 2**32


def test_a_container_without_a_limit_may_have_all(tmp_path):
    (tmp_path / "meminfo").write_text(MEMINFO)
    (tmp_path / "memory.max").write_text("max\n")

    assert free_memory(tmp_path / "meminfo", tmp_path / "memory.max") == 20_000_000 * 1024


def test_where_the_system_does_not_say_nothing_is_known(tmp_path):
    assert free_memory(tmp_path / "none", tmp_path / "none") is None
