"""`pip install .` gives all that the server needs: files beside the code are in the wheel, and it starts from there."""

import shutil
import site
import subprocess
import sys
import urllib.request
import zipfile

import pytest

from tests.house.tree import PACKAGE, ROOT
from whimbrel import __version__


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy so that nothing of an older build gets in."""
    source = tmp_path_factory.mktemp("source")
    shutil.copytree(PACKAGE, source / "whimbrel", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(source / "dist"),
        str(source),
    ]
    built = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = (source / "dist").glob("*.whl")
    return path


def test_every_file_of_the_package_is_in_the_wheel(wheel):
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("whimbrel/")}
    files = {path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert packed == {str(path.relative_to(ROOT)) for path in files}
    assert any(name.endswith(".sql") for name in packed)
    assert any(name.endswith(".html") for name in packed)


def test_the_wheel_says_its_licence_and_version(wheel):
    archive = zipfile.ZipFile(wheel)
    folder = f"whimbrel-{__version__}.dist-info"
    metadata = archive.read(f"{folder}/METADATA").decode()
    assert "License-Expression: Apache-2.0" in metadata
    assert f"Version: {__version__}" in metadata
    assert f"{folder}/licenses/LICENSE" in archive.namelist()


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """An environment with nothing of the checkout in it: the wheel, and the libraries that this one has."""
    environment = tmp_path_factory.mktemp("installed") / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True, timeout=120)
    python = environment / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, timeout=120)
    (packages,) = environment.glob("lib/python3.*/site-packages")
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()), "utf-8")
    return environment


def test_the_installed_command_runs_away_from_the_checkout(installed, tmp_path):
    where = [str(installed / "bin" / "python"), "-c", "import whimbrel; print(whimbrel.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, env={}, capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.startswith(str(installed))
    command = [str(installed / "bin" / "whimbrel"), "--version"]
    said = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == __version__


def test_the_installed_server_starts_and_shows_its_front_page(installed, tmp_path):
    command = [str(installed / "bin" / "whimbrel"), "serve", "--data", str(tmp_path / "data"), "--port", "0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, env={}, **pipes) as server:
        try:
            ready, url, beside, status_url = server.stdout.readline().split()
            fronts = []
            for address in (url, status_url):
                with urllib.request.urlopen(f"{address}/", timeout=30) as page:
                    fronts.append(page.read().decode())
        finally:
            server.terminate()
        assert server.wait(timeout=30) == 0
    assert (ready, beside) == ("ready:", "status:")
    assert all("<h1" in front for front in fronts)
