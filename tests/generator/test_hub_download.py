"""A Hub model is fetched, here from a small Hub on the loopback that serves the embedded weights."""

import hashlib
import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gguf
import numpy as np
import pytest
from huggingface_hub import constants

from generator import checkpoint, weights
from generator.checkpoint import MARK, Place, find_place
from generator.embedded import WEIGHTS
from generator.fetched import check_sums, kept_models
from generator.models import Z_IMAGE
from generator.weights import UnusableModel, check_folder, find_folder

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {str(path.relative_to(WEIGHTS)): path for path in WEIGHTS.rglob("*") if path.is_file()}
FETCHED = FILES.keys() - {"SHA256SUMS"}


class Hub(BaseHTTPRequestHandler):
    """As much of the Hub as a download asks for; of the models only some/model exists."""

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def log_message(self, *_):
        pass

    def _answer(self, *, body):
        name = self.path.partition("?")[0].partition(f"/some/model/resolve/{COMMIT}/")[2]
        if name in FILES:
            self._send(FILES[name].read_bytes(), body)
        elif self.path.startswith(f"/api/models/some/model/tree/{COMMIT}"):
            self._send(json.dumps([_entry(name) for name in FILES]).encode(), body)
        elif self.path.startswith("/api/models/some/model"):
            self._send(json.dumps({"id": "some/model", "sha": COMMIT, "siblings": []}).encode(), body)
        else:
            code = "GatedRepo" if "gated" in self.path else "RepoNotFound"
            self._send(b"", body, status=403 if code == "GatedRepo" else 404, code=code)

    def _send(self, content, body, status=200, code=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Type", "application/json")
        if code:
            self.send_header("X-Error-Code", code)
        self.end_headers()
        if body:
            self.wfile.write(content)


def _entry(name):
    content = FILES[name].read_bytes()
    return {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}


@pytest.fixture(autouse=True)
def hub(monkeypatch, tmp_path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(weights, "LOOK_SECONDS", 0.001)
    yield server
    server.shutdown()
    server.server_close()


def test_a_hub_model_is_downloaded_with_progress_and_whole():
    told = []

    folder = find_folder("some/model", told.append)

    check_folder(folder)
    assert told == sorted(told)
    assert 0 < max(told) <= 1


def test_every_downloaded_byte_is_checked_and_the_model_is_listed(tmp_path):
    folder = find_folder("some/model", lambda _fraction: None)
    told = []

    assert check_sums(Place(folder), told.append) == len(FETCHED)
    assert told[-1] == pytest.approx(1)
    assert list(kept_models(tmp_path)) == [("some/model", folder)]


def test_a_file_damaged_on_its_way_is_named_deleted_and_fetched_again():
    folder = find_folder("some/model", lambda _fraction: None)
    blob = (folder / "vae" / "diffusion_pytorch_model.safetensors").resolve()
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")

    with pytest.raises(UnusableModel, match="safetensors was damaged on its way and is deleted"):
        check_sums(Place(folder), lambda _fraction: None)

    again = find_folder("some/model", lambda _fraction: None)
    assert check_sums(Place(again), lambda _fraction: None) == len(FETCHED)


def test_a_download_that_was_cut_off_goes_on_where_it_stopped():
    folder = find_folder("some/model", lambda _fraction: None)
    kept = (folder / "transformer" / "diffusion_pytorch_model.safetensors").resolve()
    other = (folder / "vae" / "diffusion_pytorch_model.safetensors").resolve()
    content, untouched = other.read_bytes(), kept.stat().st_mtime_ns
    other.unlink()
    other.with_name(other.name + ".incomplete").write_bytes(content[: len(content) // 2])

    again = find_folder("some/model", lambda _fraction: None)

    assert check_sums(Place(again), lambda _fraction: None) == len(FETCHED)
    assert kept.stat().st_mtime_ns == untouched


def test_a_downloaded_model_needs_no_network(hub):
    folder = find_folder("some/model", lambda _fraction: None)
    hub.shutdown()
    hub.server_close()

    assert find_folder("some/model", lambda _fraction: None) == folder


def test_a_model_that_the_hub_does_not_know_is_named():
    with pytest.raises(UnusableModel, match="neither a folder nor a Hub model called some/other"):
        find_folder("some/other", lambda _fraction: None)


def test_a_model_with_terms_says_where_to_accept_them():
    with pytest.raises(UnusableModel, match="accept its terms"):
        find_folder("some/gated", lambda _fraction: None)


@pytest.mark.parametrize("source", ["some/..model", "some/model--x", "a" * 97 + "/b"])
def test_an_impossible_name_is_refused_in_a_sentence(source):
    with pytest.raises(UnusableModel):
        find_folder(source, lambda _fraction: None)


def test_the_rest_of_a_model_of_one_file_is_downloaded_without_its_transformer():
    folder = find_folder("some/model", lambda _fraction: None, leave_out=["transformer/*.safetensors*"])

    check_folder(folder, whole=False)
    assert [file.name for file in (folder / "transformer").iterdir()] == ["config.json"]


@pytest.fixture
def quantised(tmp_path_factory):
    """A transformer as one file."""
    file = tmp_path_factory.mktemp("file") / "z-image-Q4_K_M.gguf"
    writer = gguf.GGUFWriter(file, "lumina2")
    writer.add_tensor(MARK, np.zeros((4, 4), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def test_a_file_of_the_hub_is_downloaded_with_the_parts_that_it_lacks(monkeypatch, quantised):
    monkeypatch.setitem(FILES, f"small/{quantised.name}", quantised)
    monkeypatch.setattr(checkpoint, "Z_IMAGE", replace(Z_IMAGE, name="some/model"))
    told = []

    place = find_place(f"some/model/small/{quantised.name}", told.append)

    assert place.checkpoint is not None
    assert place.checkpoint.read_bytes() == quantised.read_bytes()
    assert [file.name for file in (place.folder / "transformer").iterdir()] == ["config.json"]
    assert told == sorted(told)
    assert check_sums(place, told.append) == len(FETCHED)


def test_a_file_that_the_hub_does_not_have_is_refused_in_a_sentence():
    with pytest.raises(UnusableModel, match=r"There is no nowhere\.gguf in some/model"):
        find_place("some/model/nowhere.gguf", lambda _fraction: None)


@pytest.mark.parametrize("source", ["some/model/../x.gguf", "some/model/.x.gguf", "some/model/*.gguf"])
def test_a_name_that_leads_elsewhere_is_no_file_of_the_hub(source):
    with pytest.raises(UnusableModel, match="There is no model folder"):
        find_place(source, lambda _fraction: None)


def test_a_file_that_was_downloaded_is_listed_by_what_fetched_it(tmp_path, quantised):
    folder = tmp_path / "models--some--files" / "snapshots" / COMMIT / "small"
    folder.mkdir(parents=True)
    (folder / "z-image-Q4_K_M.gguf").symlink_to(quantised)
    (folder / "text_encoder.gguf").write_bytes(b"GGUF")

    assert [name for name, _ in kept_models(tmp_path)] == ["some/files/small/z-image-Q4_K_M.gguf"]
