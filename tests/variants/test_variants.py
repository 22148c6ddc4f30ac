"""The core variants × the four blueprints: setup, checks, migrations and requests to a server.

`--variant ID` (see support/matrix.py) tests another variant instead. CI tests all of them.
"""

import httpx2
import pytest
from support.api import exercise, fuzzing, hostility, races, versions
from support.api.payloads import Rows
from support.running import environments, projects
from support.services import agreement
from support.services.renderings import BLUEPRINTS, CORE, COVERING, copy_of_template

# The slowest first, so that no worker starts it last.
ORDER = sorted(BLUEPRINTS, key=lambda name: -len(BLUEPRINTS[name]["resources"]))


def pytest_generate_tests(metafunc):
    if "project" not in metafunc.fixturenames:
        return
    known = CORE | COVERING
    wanted = metafunc.config.getoption("variant") or CORE
    marker = metafunc.definition.get_closest_marker("blueprints")
    blueprints = marker.args if marker else ORDER
    names = [(variant, blueprint) for blueprint in blueprints for variant in wanted]
    params = [
        pytest.param((blueprint, known[variant]), id=f"{variant}-{blueprint}")
        for variant, blueprint in names
    ]
    metafunc.parametrize("project", params, indirect=True, scope="module")


@pytest.fixture(scope="module")
def plain_template(tmp_path_factory):
    return copy_of_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="module")
def project(request, copie_session, plain_template, shared):
    """A service in an environment that uv makes from its pyproject.toml."""
    name, choices = request.param
    blueprint = BLUEPRINTS[name] | choices | {"python_version": environments.running_version()}

    result = copie_session.copy(extra_answers=blueprint, template_dir=plain_template)

    assert result.exception is None
    assert {key: result.answers[key] for key in blueprint} == blueprint
    with projects.set_up(result.project_dir, result.answers, shared) as made:
        yield made


@pytest.fixture(scope="module")
def address(project):
    """The address of a running server with a migrated database."""
    project.run("make", "migrate")
    with environments.served(project.folder, project.env) as served_at:
        yield served_at


@pytest.fixture
def client(address):
    with httpx2.Client(base_url=address, timeout=30) as made:
        yield made


@pytest.fixture
def rows(client, project):
    return Rows(client, project.blueprint["resources"])


def test_its_own_check_passes(project):
    said = project.run("make", "check")

    assert "All checks passed!" in said
    assert "Success: no issues found" in said
    assert " passed" in said


def test_its_migrations_lead_up_down_and_up_again(project):
    project.alembic("upgrade", "head")
    built = project.tables()
    project.alembic("check")
    project.alembic("downgrade", "base")
    left = project.tables()
    project.alembic("upgrade", "head")

    assert list(left) == ["alembic_version"]
    assert project.tables() == built
    assert len(built) == 1 + len(project.blueprint["resources"])


def test_its_migrations_can_be_read_as_sql(project):
    sql = project.alembic("upgrade", "head", "--sql")

    assert sql.count("CREATE TABLE") == 1 + len(project.blueprint["resources"])


def test_all_variants_have_the_same_tables(project, shared, request):
    project.alembic("upgrade", "head")

    agrees(shared, request, "tables", project.tables())


def test_all_variants_have_the_same_api(client, shared, request):
    agrees(shared, request, "openapi", client.get("/openapi.json").json())


def test_it_is_alive_and_documented(client, project):
    exercise.is_alive_and_documented(client, project.blueprint["resources"])


def test_it_answers_every_fault_with_a_problem(client):
    exercise.answers_with_problems(client)


def test_rows_are_created_read_changed_and_deleted(client, rows, project):
    for resource in project.blueprint["resources"]:
        exercise.stores_rows(client, rows, resource)


def test_lists_are_paged(client, rows, project):
    for resource in project.blueprint["resources"]:
        exercise.lists_in_pages(client, rows, resource)


def test_lists_are_filtered_and_sorted(client, rows, project):
    for resource in project.blueprint["resources"]:
        exercise.filters_and_sorts(client, rows, resource)


def test_bad_queries_are_refused(client, rows, project):
    for resource in project.blueprint["resources"]:
        exercise.refuses_bad_queries(client, rows, resource)


def test_bad_rows_are_refused(client, rows, project):
    for resource in project.blueprint["resources"]:
        exercise.refuses_bad_rows(client, rows, resource)
        exercise.empties_what_is_optional(client, rows, resource)


def test_bodies_that_are_too_large_are_refused(client, rows):
    for path in rows.paths.values():
        exercise.refuses_large_bodies(client, path)


def test_references_are_guarded(client, rows, project):
    for resource in project.blueprint["resources"]:
        exercise.guards_references(client, rows, resource)


def test_every_version_of_a_row_has_its_own_tag(client, rows, project):
    for resource in project.blueprint["resources"]:
        versions.tags_every_version(client, rows, resource)
        versions.tells_rows_apart(client, rows, resource)
        versions.sends_nothing_twice(client, rows, resource)


def test_no_change_is_lost(client, rows, project):
    for resource in project.blueprint["resources"]:
        versions.refuses_outdated_changes(client, rows, resource)
        versions.lets_one_of_many_changes_through(client, rows, resource)
        versions.stores_changes_one_after_the_other(client, rows, resource)


@pytest.mark.blueprints("shop", "blog")
def test_what_is_made_and_deleted_at_once_stays_whole(client, rows, project):
    for resource in project.blueprint["resources"]:
        races.one_of_many_that_want_the_same_wins(client, rows, resource)
        races.no_child_outlives_its_parent(client, rows, resource)


# The following tests store hostile values in the database: see support/hostility.py.


@pytest.mark.blueprints("shop", "blog")
def test_schemathesis_finds_nothing(address, project):
    examples = {"shop": 15, "blog": 160}[blueprint_of(project)]

    assert fuzzing.fuzz(address, examples) >= 2_000


@pytest.mark.blueprints("shop", "blog")
def test_hostile_values_are_refused_or_stored(client, rows, project):
    for resource in project.blueprint["resources"]:
        hostility.hostile_values(client, rows, resource)


@pytest.mark.blueprints("shop", "blog")
def test_hostile_bodies_are_refused(client, rows, project):
    for resource in project.blueprint["resources"]:
        hostility.hostile_bodies(client, rows, resource)


@pytest.mark.blueprints("shop", "blog")
def test_hostile_paths_queries_and_headers_are_refused(address, client, rows):
    document = client.get("/openapi.json").json()
    for path in rows.paths.values():
        hostility.hostile_paths(address, path)
        hostility.hostile_queries(address, path, hostility.parameters(document, path))
        hostility.hostile_headers(address, path)


@pytest.mark.blueprints("shop", "blog")
def test_an_id_has_one_form(client, rows, project):
    for resource in project.blueprint["resources"]:
        hostility.padded_ids_are_refused(client, rows, resource)


@pytest.mark.blueprints("shop", "blog")
def test_hostile_tags_and_cursors_are_refused(address, client, rows, project):
    for resource in project.blueprint["resources"]:
        hostility.hostile_tags(address, client, rows, resource)
        hostility.hostile_cursors(client, rows, resource)


@pytest.mark.blueprints("shop", "blog")
def test_what_is_said_twice_is_refused_or_said_last(client, rows, project):
    for resource in project.blueprint["resources"]:
        hostility.repeated_parameters_are_refused(client, rows.path(resource))
        hostility.the_last_of_a_key_counts(client, rows, resource)


@pytest.mark.blueprints("shop", "blog")
def test_the_limit_of_bodies_holds_whatever_is_said_of_their_length(address, rows):
    for path in rows.paths.values():
        hostility.bodies_past_the_limit(address, path, 262_144)


def blueprint_of(project):
    return {BLUEPRINTS[name]["project_name"]: name for name in BLUEPRINTS}[
        project.blueprint["project_name"]
    ]


def agrees(shared, request, kind, value):
    """Compares with the first variant of the same blueprint and primary key."""
    blueprint, choices = request.node.callspec.params["project"]
    topic = f"{kind}-{blueprint}-{choices['primary_key']}"
    variant = request.node.callspec.id

    first, said = agreement.standard(shared, topic, variant, value)

    assert value == said, f"{variant} and {first} do not have the same {kind}"
