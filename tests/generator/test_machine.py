import subprocess
import sys
import time

from generator.machine import free_memory, own_mib, resident_mib

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


def test_what_a_process_has_of_its_own_is_a_part_of_what_it_has_in_memory():
    assert 0 < own_mib() < resident_mib() <= resident_mib(most=True)


def test_a_process_that_has_ended_has_nothing_of_its_own():
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as child:
        child.stdout.read()
        deadline = time.monotonic() + 60
        while own_mib(child.pid) and time.monotonic() < deadline:
            time.sleep(0.01)

        assert own_mib(child.pid) == 0
