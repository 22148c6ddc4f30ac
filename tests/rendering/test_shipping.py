"""Dockerfile, compose.yaml and dependency bots, and no mention of them if they are off."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.running import environments
from support.services.parsing import dockerfile
from support.services.renderings import BLUEPRINTS, COVERING, combinations

TOOLS = Path(sys.executable).parent
# All combinations of `docker`, `ci` and `database`, with varying other choices.
CASES = {
    f"{ci}-{docker}-{database}": {"ci": ci, "docker": docker, "database": database}
    for ci in ("github", "gitlab", "none")
    for docker in (True, False)
    for database in ("sqlite", "postgres")
}
ALL = CASES | COVERING | combinations()
TRACES = {
    "docker": r"docker|container|compose\b|hadolint|/data\b",
    "ci": r"\bCI\b|github|gitlab|workflow|pipeline|pull request|merge request|"
    r"dependabot|renovate|TEMPLATE_TOKEN",
}


@pytest.fixture(scope="module")
def services(rendered):
    return {name: rendered(BLUEPRINTS["blog"], choices) for name, choices in ALL.items()}


@pytest.fixture(scope="module")
def stages(services):
    """The stages of every Dockerfile."""
    found = {name: one.files.get("Dockerfile") for name, one in services.items()}
    return {name: dockerfile(text) for name, text in found.items() if text}


@pytest.fixture(scope="module")
def composed(services):
    found = {name: one.files.get("compose.yaml") for name, one in services.items()}
    return {name: yaml.safe_load(text) for name, text in found.items() if text}


@pytest.mark.skipif(not (TOOLS / "hadolint").exists(), reason="hadolint has no wheel for this")
def test_a_linter_finds_nothing_in_the_dockerfile(services):
    paths = [one.path / "Dockerfile" for one in services.values() if "Dockerfile" in one.files]

    passes("hadolint", *paths)


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("compose-spec", "compose.yaml"),
        ("dependabot", ".github/dependabot.yml"),
        ("gitlab-ci", ".gitlab-ci.yml"),
        ("renovate", "renovate.json"),
    ],
)
def test_files_of_other_tools_fit_their_schemas(schema, file, services):
    paths = [one.path / file for one in services.values() if file in one.files]

    assert paths
    passes("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *paths)


def test_bases_of_images_are_pinned_to_a_version(stages, composed):
    bases = {stage.base for found in stages.values() for stage in found}
    bases |= {
        service["image"]
        for document in composed.values()
        for service in document["services"].values()
        if "image" in service
    }

    assert {base.partition(":")[0] for base in bases} == {
        "ghcr.io/astral-sh/uv",
        "postgres",
        "python",
    }
    assert [base for base in bases if not re.search(r":\d+(\.\d+)?(-slim)?(-trixie)?$", base)] == []


def test_an_image_has_what_the_lock_says_and_nobody_s_tools(stages):
    for name, (_, build, final) in stages.items():
        synced = [words for word, words in build.instructions if word == "RUN"]
        copied = [words for word, words in final.instructions if word == "COPY"]

        assert "uv sync --locked --no-dev" in synced[0], name
        assert [words for words in copied if "--from" in words] == [
            "--from=build /srv/.venv .venv"
        ], name


def test_an_image_runs_as_a_number_and_gets_its_signals_itself(stages):
    for name, (*_, final) in stages.items():
        words = dict(final.instructions)

        assert words["USER"].isdecimal(), name
        assert json.loads(words["CMD"])[:2] == ["uvicorn", "app.main:app"], name
        assert "HEALTHCHECK" in words, name
        # The trusted proxies are a setting, not part of the image.
        assert "forwarded" not in words["CMD"], name


def test_every_container_is_confined(composed):
    for name, document in composed.items():
        for service in document["services"].values():
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name


def test_the_database_comes_first_then_the_migrations_then_the_service(composed):
    for name, document in composed.items():
        services = document["services"]
        after = {key: one.get("depends_on", {}) for key, one in services.items()}

        assert after["app"] == {"migrate": {"condition": "service_completed_successfully"}}, name
        assert services["migrate"]["command"] == ["alembic", "upgrade", "head"], name
        if "database" in services:
            assert after["migrate"] == {"database": {"condition": "service_healthy"}}, name
            # The socket is open too early, while the first start creates the database.
            assert "--host=127.0.0.1" in services["database"]["healthcheck"]["test"], name


def test_no_password_has_a_default(services):
    for name, service in services.items():
        text = service.files.get("compose.yaml", "")
        given = re.findall(r"\$\{POSTGRES_PASSWORD(.*?)\}", text)

        assert len(given) == (2 if service.blueprint["database"] == "postgres" and text else 0)
        assert all(one.startswith(":?") for one in given), name


def test_bots_wait_a_week(services):
    for name, service in services.items():
        if text := service.files.get(".github/dependabot.yml"):
            waits = [one["cooldown"]["default-days"] for one in yaml.safe_load(text)["updates"]]
            assert set(waits) == {7}, name
        if text := service.files.get("renovate.json"):
            assert json.loads(text)["minimumReleaseAge"] == "7 days", name


def test_every_kind_of_dependency_has_its_bot(services):
    for name, service in services.items():
        if text := service.files.get(".github/dependabot.yml"):
            found = {one["package-ecosystem"] for one in yaml.safe_load(text)["updates"]}
            images = set()
            if "Dockerfile" in service.files:
                images = {"docker"}
            if "image:" in service.files.get("compose.yaml", ""):
                images = {"docker", "docker-compose"}
            assert found == {"uv", "github-actions"} | images, name


@pytest.mark.parametrize("choice", TRACES)
def test_what_is_off_leaves_no_trace(choice, services):
    off = {"docker": False, "ci": "none"}[choice]
    trace = re.compile(TRACES[choice], re.IGNORECASE if choice == "docker" else 0)
    found = {
        (name, file, match[0])
        for name, service in services.items()
        if service.blueprint[choice] == off
        for file, text in service.files.items()
        # .copier-answers.yml has `docker: false`; pipelines run jobs in images.
        if file not in {".copier-answers.yml", ".gitlab-ci.yml", "renovate.json"}
        for match in [trace.search(text)]
        if match
    }

    assert found == set()


def test_an_auditor_finds_nothing_in_the_code(services):
    folders = [one.path / name for one in services.values() for name in ("app", "migrations")]

    passes("ruff", "check", "--isolated", "--no-cache", "--quiet", "--select=S", *folders)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_nothing_known_is_wrong_with_what_services_depend_on(database, rendered, tmp_path):
    """Skipped if the database of vulnerabilities cannot be reached."""
    choices = {"database": database, "python_version": environments.running_version()}
    service = rendered(BLUEPRINTS["blog"], choices)
    for name in ("Makefile", "pyproject.toml"):
        shutil.copyfile(service.path / name, tmp_path / name)
    try:
        environments.run(tmp_path, "uv", "lock", env=environments.environment())
        environments.run(tmp_path, "make", "audit", env=environments.environment())
    except environments.CommandError as error:
        if re.search(r"dns error|error sending request|[Oo]ffline|timed out", str(error)):
            pytest.skip(str(error))
        raise


def passes(tool, *words):
    command = [str(TOOLS / tool), *map(str, words)]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr
