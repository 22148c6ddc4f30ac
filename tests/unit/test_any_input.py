"""Any command line is executed, or refused in at most five lines; no other file is written."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# No operating system passes NUL in an argument.
words = st.text(st.characters(exclude_characters="\0"), max_size=12)
flags = st.sampled_from(["--name", "--author-name", "--python", "--api", "--database", "-r", "-d"])
shorthand = st.from_regex(
    r"[a-z_]{1,8}( [a-z_]{1,8}:[a-z]{2,8}(:[a-z0-9,=.]{0,9}){0,3}){0,3}"
).filter(lambda text: "\0" not in text)
keys = st.sampled_from(["api", "resources", "docker", "project_name", "slug", "_commit", "x"])
values = words | st.sampled_from(["[]", "{}", "null", "[3]", "[{name: 3}]", "&a [*a]", "!!set {a}"])
options = st.one_of(
    st.tuples(flags, words),
    st.tuples(st.just("-r"), shorthand),
    st.tuples(st.just("-d"), st.tuples(keys, values).map("=".join)),
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(min_size=1, max_size=10) | st.just("blog"), st.lists(options, max_size=3))
def test_any_input_is_accepted_or_refused(trellis, work, destination, given_options):
    words = [word for option in given_options for word in option]

    result = trellis("new", "--dry-run", "--yes", *words, "--", destination)

    assert result.code in {0, 2, 4, 5}, result.err
    assert (result.code == 0) == (result.err == "")
    assert len(result.err.splitlines()) <= 5
    assert all(ord(character) >= 32 or character == "\n" for character in result.err)
    assert list(work.iterdir()) == []
