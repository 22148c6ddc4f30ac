"""Routes that an owner writes by hand into a service, following the examples of its AGENTS.md."""

import httpx2
import pytest
from support.api.exercise import is_problem
from support.running import environments, projects
from support.services.renderings import BLUEPRINTS, CORE, Renderings

SITE = "https://www.example.com"
SERVICES = {name: CORE[name] for name in ("async-sqlalchemy-sqlite", "sync-sqlmodel-sqlite")}

SCHEMAS = """

class PostWithAuthor(PostRead):
    author: UserRead


class PostSearch(PostQuery):
    word: fields.Text = Field(min_length=1, max_length=200)
    statuses: list[PostStatus] = []
"""

SERVICE = """

async def publish_post(session: AsyncSession, post_id: Id, if_match: str | None) -> Post:
    post = await get_post_for_update(session, post_id, if_match)
    post.status = PostStatus.PUBLISHED
    await session.flush()
    return post


async def get_post_with_author(session: AsyncSession, post_id: Id) -> Post:
    options = [selectinload(Post.author)]
    post = await session.get(Post, post_id, options=options)
    if post is None:
        raise NotFoundError("There is no post with this id.")
    return post


async def search_posts(session: AsyncSession, query: PostSearch) -> pagination.Page[PostRead]:
    select = sa.select(Post).where(Post.title.icontains(query.word, autoescape=True))
    if query.statuses:
        select = select.where(Post.status.in_(query.statuses))
    return await pagination.fetch_page(session, select, query, PostRead)
"""

SEARCH = """

@router.get("/posts/search", responses=PAGE | problems())
async def search_posts(
    query: Annotated[PostSearch, Query()],
    session: ReadDep,
    request: Request,
    response: Response,
) -> list[PostRead]:
    pagination.refuse_repeated(request, lists=["statuses"])
    page = await service.search_posts(session, query)
    return pagination.with_next_link(request, response, page)
"""

ROUTES = """

@router.post(
    "/posts/{post_id}/publish",
    response_model=PostRead,
    responses=ROW | problems(404, 412),
)
async def publish_post(
    post_id: Id,
    session: SessionDep,
    response: Response,
    if_match: etags.IfMatch = None,
) -> models.Post:
    post = await service.publish_post(session, post_id, if_match)
    response.headers["ETag"] = etags.etag(post.version)
    return post


@router.get("/posts/{post_id}/with-author", response_model=PostWithAuthor, responses=problems(404))
async def get_post_with_author(post_id: Id, session: ReadDep) -> models.Post:
    return await service.get_post_with_author(session, post_id)
"""

IMPORTS = {
    "schemas.py": "from app.users.schemas import UserRead",
    "service.py": """\
import sqlmodel
from app.posts.models import PostStatus
from app.posts.schemas import PostSearch
from sqlalchemy.orm import selectinload
""",
    "router.py": "from app.posts.schemas import PostSearch, PostWithAuthor",
}

# Changes of these examples for a synchronous service, and for SQLModel.
SYNC = {"async def ": "def ", "await ": "", "AsyncSession": "Session"}
SQLMODEL = {
    "[selectinload(Post.author)]": "[selectinload(Post.author)]  # type: ignore[arg-type]",
    "sa.select(": "sqlmodel.select(",
    "Post.title.": "sqlmodel.col(Post.title).",
    "Post.status.": "sqlmodel.col(Post.status).",
}

# Logs each statement that the service sends to its database.
COUNTED = """
import sys

from sqlalchemy import Engine, event

from app.main import app as app


@event.listens_for(Engine, "before_cursor_execute")
def log_statement(connection, cursor, statement, *_):
    print("STATEMENT", " ".join(statement.split()), file=sys.stderr, flush=True)
"""


@pytest.fixture(scope="module", params=SERVICES)
def server(request, shared_environment, tmp_path_factory):
    choices = SERVICES[request.param]
    version = {"python_version": environments.running_version()}
    blueprint = BLUEPRINTS["blog"] | choices | version
    folder = Renderings(tmp_path_factory.mktemp("by_hand"))(blueprint).path
    (folder / ".venv").symlink_to(shared_environment / ".venv")
    write_routes(folder / "app/posts", choices)
    env = environments.environment(
        CORS_ORIGINS=SITE,
        ENVIRONMENT="development",
        MYPY_CACHE_DIR=str(shared_environment / "mypy"),
        UV_NO_SYNC="1",
    )
    project = projects.Project(folder, blueprint, env)
    project.run("make", "format")  # sorts the imports
    project.run("make", "lint", "types", "migrate")
    (folder / "counted.py").write_text(COUNTED, encoding="utf-8")
    with environments.running(folder, env, "counted:app") as running:
        yield running


def write_routes(posts, choices):
    twins = SYNC if choices["api"] == "sync" else {}
    twins = twins | (SQLMODEL if choices["orm"] == "sqlmodel" else {})
    for name, code in (("schemas.py", SCHEMAS), ("service.py", SERVICE), ("router.py", ROUTES)):
        old = (posts / name).read_text(encoding="utf-8")
        docstring, rest = old.split("\n", 1)
        imports = IMPORTS[name]
        if choices["orm"] == "sqlalchemy":
            imports = imports.replace("import sqlmodel\n", "")
        text, search = replaced(code, twins), replaced(SEARCH, twins)
        # The route must stand above the routes with an id in their path.
        start = 'router = APIRouter(tags=["posts"])\n'
        rest = rest.replace(start, start + search)
        (posts / name).write_text(f"{docstring}\n{imports}\n{rest}{text}", encoding="utf-8")


def replaced(text, words):
    for word, other in words.items():
        text = text.replace(word, other)
    return text


@pytest.fixture(scope="module")
def client(server):
    with httpx2.Client(base_url=server.address, timeout=60) as made:
        yield made


@pytest.fixture(scope="module")
def author(client):
    answer = client.post("/users", json={"email": "ada@example.com", "name": "Ada"})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
def create(client, author):
    def create_post(**changes):
        data = {"title": "Title", "body": "Body", "author_id": author["id"], **changes}
        answer = client.post("/posts", json=data)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return create_post


def test_a_post_is_published(client, create):
    post = create()
    url = f"/posts/{post['id']}"

    outdated = client.post(f"{url}/publish", headers={"If-Match": '"7"'})
    assert client.get(url).json()["status"] == "draft"
    published = client.post(f"{url}/publish", headers={"If-Match": client.get(url).headers["ETag"]})

    is_problem(outdated, 412)
    assert published.status_code == 200
    assert published.json()["status"] == "published"
    assert client.get(url).json() == published.json()
    assert client.get(url).headers["ETag"] == published.headers["ETag"]
    is_problem(client.post(f"/posts/{2**62}/publish"), 404)


def test_a_post_is_read_with_its_author(server, client, create, author):
    post = create()
    before = statements(server)

    read = client.get(f"/posts/{post['id']}/with-author")

    assert read.status_code == 200
    assert read.json() == {**post, "author": author}
    assert 1 <= len(statements(server)) - len(before) <= 2
    is_problem(client.get(f"/posts/{2**62}/with-author"), 404)


def statements(server):
    """The statements of the requests so far, without BEGIN, COMMIT and those for locks."""
    lines = server.log.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("STATEMENT SELECT")]


@pytest.mark.parametrize("sort", ["id", "-id", "status", "-status"])
def test_posts_are_searched(client, create, sort):
    word = f"100% {sort}."
    posts = [
        create(title=f"Saying {word} {number}", status=status)
        for number, status in enumerate(["draft", "published"] * 3)
    ]
    create(title=f"1000 {sort}.")
    descending = sort.startswith("-")
    key = sort.removeprefix("-")
    posts.sort(key=lambda post: (post[key], post["id"]), reverse=descending)
    query = {"word": word.upper(), "sort": sort, "limit": 2}

    assert pages(client, query) == posts
    assert pages(client, query | {"statuses": ["draft", "published"]}) == posts
    drafts = [post for post in posts if post["status"] == "draft"]
    assert pages(client, query | {"statuses": ["draft"]}) == drafts
    assert pages(client, query | {"statuses": ["draft", "draft"], "offset": 1}) == drafts[1:]


def pages(client, query):
    """The rows of all pages, following the Link headers."""
    found, answer = [], client.get("/posts/search", params=query)
    while True:
        assert answer.status_code == 200, (answer.url, answer.text)
        found += answer.json()
        if "next" not in answer.links:
            return found
        answer = client.get(answer.links["next"]["url"])


@pytest.mark.parametrize(
    "query",
    ["", "word=", "word=a&word=b", "word=a&statuses=lost", "word=a&limit=1&limit=2", "word=a&x=1"],
)
def test_a_search_that_is_not_valid_is_refused(client, query):
    is_problem(client.get(f"/posts/search?{query}"), 422)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_page_of_another_site_may_call(client, create, method):
    url = f"/posts/{create()['id']}/publish"
    headers = {"Authorization": "Bearer token", "If-Match": client.get(url[:-8]).headers["ETag"]}

    preflight = {
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,if-match",
    }
    asked = client.options(url, headers={"Origin": SITE, **preflight})
    called = client.request(method, url, headers={"Origin": SITE, **headers})
    foreign = client.options(url, headers={"Origin": "https://example.org", **preflight})

    assert asked.status_code == 200
    assert asked.headers["Access-Control-Allow-Origin"] == SITE
    assert method in listed(asked, "Access-Control-Allow-Methods")
    assert {"authorization", "content-type", "if-match"} <= listed(
        asked, "Access-Control-Allow-Headers"
    )
    assert called.status_code == (200 if method == "POST" else 405)
    assert called.headers["Access-Control-Allow-Origin"] == SITE
    assert {"ETag", "Link"} <= listed(called, "Access-Control-Expose-Headers")
    assert "Access-Control-Allow-Origin" not in foreign.headers


def listed(answer, name):
    return {item.strip() for item in answer.headers[name].split(",")}
