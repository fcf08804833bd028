"""One comment per scope: found on every page, ours only, edited in place, gone when reverted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drstate.ci.comments import LONGEST, Did, Poster, marked, scope_named, scope_of
from drstate.ci.http import PERMISSION, Api
from drstate.errors import ConfigError, CredentialsError, OperationError, TimedOutError, UsageError
from tests.aws.clocks import FakeClock
from tests.ci.github_standin import TOKEN, GitHub, serving

PRODUCTION = scope_named("acme/production")
STAGING = scope_named("acme/staging")
OURS = "github-actions[bot]"


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serving(GitHub()) as served:
        yield served


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def poster(github: GitHub, clock: FakeClock, *, name: str = "drstate", **more: str) -> Poster:
    return Poster(Api(github.url, TOKEN, clock), github.repository, 7, name=name, **more)


def test_a_comment_is_made_edited_in_place_left_alone_and_removed(github, clock):
    made = poster(github, clock).keep({PRODUCTION: "first", STAGING: "other"})
    assert [one.did for one in made] == [Did.CREATED, Did.CREATED]
    numbers = list(github.comments)

    again = poster(github, clock).keep({PRODUCTION: "second", STAGING: "other"})
    assert [one.did for one in again] == [Did.UPDATED, Did.UNCHANGED]
    assert github.writes == ["POST", "POST", "PATCH"]
    assert list(github.comments) == numbers
    assert github.comments[numbers[0]]["body"].endswith("second\n")

    gone = poster(github, clock).keep({STAGING: "other"})
    assert {one.scope: one.did for one in gone} == {
        PRODUCTION: Did.REMOVED,
        STAGING: Did.UNCHANGED,
    }
    assert list(github.comments) == numbers[1:]


def test_the_marker_is_the_first_line_and_shows_nothing(github, clock):
    poster(github, clock).keep({PRODUCTION: "text"})
    (body,) = github.bodies()
    first, rest = body.split("\n", 1)
    assert first.startswith("<!--")
    assert first.endswith("-->")
    assert rest == "text\n"
    assert scope_of("drstate", body) == PRODUCTION


def test_a_comment_on_the_last_of_many_pages_is_found(github, clock):
    github.per_page = 3
    for number in range(8):
        github.add("alice", f"remark {number}")
    ours = github.add(OURS, marked("drstate", PRODUCTION, "old"))
    (done,) = poster(github, clock).keep({PRODUCTION: "new"})
    assert done.did is Did.UPDATED
    assert github.comments[ours]["body"] == marked("drstate", PRODUCTION, "new")
    assert [path for method, path in github.requests if "page=3" in path and method == "GET"]


def test_a_marker_that_somebody_copied_is_not_ours(github, clock):
    copied = github.add("mallory", marked("drstate", PRODUCTION, "approve me"))
    quoted = github.add(OURS, "> " + marked("drstate", PRODUCTION, "quoted"))
    (done,) = poster(github, clock).keep({PRODUCTION: "true"})
    assert done.did is Did.CREATED
    poster(github, clock).keep({})
    assert sorted(github.comments) == [copied, quoted]


def test_two_projects_of_a_repository_do_not_touch_each_other(github, clock):
    poster(github, clock, name="east").keep({PRODUCTION: "east"})
    poster(github, clock, name="west").keep({PRODUCTION: "west"})
    poster(github, clock, name="west").keep({})
    assert github.bodies() == [marked("east", PRODUCTION, "east")]


def test_of_two_that_jobs_beside_each_other_made_one_stays(github, clock):
    older = github.add(OURS, marked("drstate", PRODUCTION, "a"))
    github.add(OURS, marked("drstate", PRODUCTION, "b"))
    poster(github, clock).keep({PRODUCTION: "b"})
    assert list(github.comments) == [older]
    assert github.bodies() == [marked("drstate", PRODUCTION, "b")]


def test_one_scope_alone_leaves_the_others(github, clock):
    poster(github, clock).keep({PRODUCTION: "p", STAGING: "s"})
    poster(github, clock).keep({}, [STAGING])
    assert [scope_of("drstate", body) for body in github.bodies()] == [PRODUCTION]


def test_line_ends_that_github_changed_are_no_change(github, clock):
    github.add(OURS, marked("drstate", PRODUCTION, "a\nb").replace("\n", "\r\n"))
    (done,) = poster(github, clock).keep({PRODUCTION: "a\nb"})
    assert done.did is Did.UNCHANGED
    assert not github.writes


def test_a_persons_token_writes_as_that_person(github, clock):
    github.is_user, github.login = True, "alice"
    github.add(OURS, marked("drstate", PRODUCTION, "of the workflow"))
    poster(github, clock).keep({PRODUCTION: "one"})
    poster(github, clock).keep({PRODUCTION: "two"})
    assert [one["user"]["login"] for one in github.comments.values()] == [OURS, "alice"]


def test_an_apps_token_leaves_one_comment_also_where_nobody_says_who_it_is(github, clock):
    github.login = "acme-dr[bot]"
    poster(github, clock).keep({PRODUCTION: "one"})
    poster(github, clock).keep({PRODUCTION: "two"})
    assert github.bodies() == [marked("drstate", PRODUCTION, "two")]
    (done,) = poster(github, clock, author="acme-dr[bot]").keep({PRODUCTION: "three"})
    assert done.did is Did.UPDATED


def test_failures_are_tried_again_on_the_clock(github, clock):
    github.fail("GET", 502, times=2)
    github.fail("GET", None)
    github.add(OURS, marked("drstate", PRODUCTION, "old"))
    (done,) = poster(github, clock, author=OURS).keep({PRODUCTION: "new"})
    assert done.did is Did.UPDATED
    assert clock.slept == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("lost", [502, None])
def test_a_comment_whose_answer_was_lost_is_not_made_twice(github, clock, lost):
    github.fail("POST", lost, after=True)
    (done,) = poster(github, clock).keep({PRODUCTION: "text"})
    assert done.did is Did.CREATED
    assert done.url
    assert len(github.comments) == 1


def test_a_comment_that_was_not_made_is_made(github, clock):
    github.fail("POST", 503, times=2)
    poster(github, clock).keep({PRODUCTION: "text"})
    assert len(github.comments) == 1


def test_github_that_stays_away_is_told(github, clock):
    github.fail("GET", 500, times=9)
    with pytest.raises(OperationError, match="did not answer GET"):
        poster(github, clock, author=OURS).keep({PRODUCTION: "text"})
    assert not github.comments


def test_limits_are_waited_for_as_long_as_github_says(github, clock):
    reset = int(clock.now().timestamp()) + 40
    primary = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
    github.fail("GET", 403, headers=primary, message="API rate limit exceeded")
    github.fail("POST", 429, headers={"Retry-After": "17"})
    github.fail("POST", 403, message="You have exceeded a secondary rate limit")
    poster(github, clock, author=OURS).keep({PRODUCTION: "text"})
    assert clock.slept == [41.0, 17.0, 120.0]
    assert len(github.comments) == 1


def test_a_limit_that_lasts_too_long_is_not_waited_for(github, clock):
    github.fail("GET", 403, headers={"Retry-After": "3000"}, message="rate limit")
    with pytest.raises(TimedOutError) as told:
        poster(github, clock, author=OURS).keep({PRODUCTION: "text"})
    assert "12:50:00 UTC" in told.value.why
    assert clock.slept == []


def test_a_missing_permission_names_the_line_of_the_workflow(github, clock):
    github.may_write = False
    with pytest.raises(CredentialsError) as told:
        poster(github, clock).keep({PRODUCTION: "text"})
    assert told.value.hint == PERMISSION
    assert "pull-requests: write" in told.value.hint
    assert "not accessible by integration" in told.value.why


def test_a_repository_that_the_token_cannot_see_names_it_too(github, clock):
    api = Api(github.url, TOKEN, clock)
    with pytest.raises(CredentialsError) as told:
        Poster(api, "acme/other", 7, name="drstate").keep({PRODUCTION: "text"})
    assert "acme/other" in told.value.what


def test_the_token_is_in_no_error(github, clock):
    github.fail("GET", 422, message=f"who sent {TOKEN}?")
    with pytest.raises(OperationError) as told:
        poster(github, clock, author=OURS).keep({PRODUCTION: "text"})
    assert TOKEN not in " ".join(told.value.as_dict().values())
    assert "who sent ***?" in told.value.why
    with pytest.raises(CredentialsError) as wrong:
        Api(github.url, "ghs_wrong", clock).get("/user")
    assert "ghs_wrong" not in " ".join(wrong.value.as_dict().values())


def test_the_token_goes_to_the_api_only(github, clock):
    github.fail("GET", 302, headers={"Location": "https://elsewhere.example/repos/x"})
    with pytest.raises(OperationError, match=r"elsewhere\.example"):
        poster(github, clock, author=OURS).keep({PRODUCTION: "text"})
    with pytest.raises(ConfigError, match="GITHUB_API_URL"):
        Api("http://github.example/api/v3", TOKEN, clock)


def test_a_renamed_repository_is_followed(github, clock):
    moved = f"/repos/{github.repository}/issues/7/comments?per_page=100"
    github.fail("GET", 301, headers={"Location": f"{github.url}{moved}"})
    (done,) = poster(github, clock, author=OURS).keep({PRODUCTION: "text"})
    assert done.did is Did.CREATED


def test_an_enterprise_server_has_its_api_under_a_path(clock):
    with serving(GitHub(per_page=1), prefix="/api/v3") as github:
        github.add("alice", "a")
        github.add("alice", "b")
        poster(github, clock).keep({PRODUCTION: "text"})
        assert github.url.endswith("/api/v3")
        assert len(github.comments) == 3


def test_what_github_would_not_take_is_refused_before_anything_is_sent(github, clock):
    with pytest.raises(ConfigError, match="characters"):
        poster(github, clock).keep({PRODUCTION: "x" * LONGEST})
    with pytest.raises(ConfigError, match="--name"):
        poster(github, clock, name="a b").keep({PRODUCTION: "x"})
    assert not github.requests


@pytest.mark.parametrize("text", ["acme", "acme/", "/production", "acme/live", "a b/production"])
def test_what_is_no_scope_is_refused(text):
    with pytest.raises(UsageError, match="names no scope"):
        scope_named(text)
