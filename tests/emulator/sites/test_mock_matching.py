"""The choice of the example: each documented step, and properties of all choices."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postman_async.emulator.sites.mocks.examples import Example, Segment, canonical_body
from postman_async.emulator.sites.mocks.matching import (
    Match,
    MockRequest,
    NoMatch,
    Rules,
    choose,
    path_fit,
    query_share,
)


def segments(path: str) -> tuple[Segment, ...]:
    """Return the segments of a path; ``:name`` is a wildcard."""
    parts = path.removeprefix("/").split("/")
    return tuple(Segment("", p[1:]) if p.startswith(":") else Segment(p) for p in parts)


def example(path: str = "/pets", identifier: str = "a", **fields: Any) -> Example:
    """Return an example of a GET."""
    known: dict[str, Any] = {
        "id": identifier,
        "name": identifier,
        "code": 200,
        "headers": (),
        "body": "",
        "method": "GET",
        "paths": (segments(path),),
        "query": (),
        "sent_headers": {},
        "sent_body": ("", ""),
    }
    return Example(**{**known, **fields})


def request(path: str = "/pets", method: str = "GET", **fields: Any) -> MockRequest:
    """Return a request."""
    return MockRequest(method, path.removeprefix("/").split("/"), **fields)


def chosen(*examples: Example, asked: MockRequest | None = None, **rules: Any) -> str:
    """Return the id of the chosen example."""
    return choose(examples, asked or request(), Rules(**rules)).example.id


def asking(**headers: str) -> MockRequest:
    """Return a request with headers; underscores in names become hyphens."""
    return request(headers={name.replace("_", "-"): value for name, value in headers.items()})


# -- methods and paths ----------------------------------------------------------------------


def test_the_method_must_be_the_same() -> None:
    assert chosen(example(method="POST"), example(identifier="b")) == "b"
    with pytest.raises(NoMatch, match="method"):
        chosen(example(method="POST"))


@pytest.mark.parametrize(
    ("saved", "asked", "score"),
    [
        ("/pets", "/pets", 100),
        ("/", "/", 100),
        ("/pets/", "/pets", 95),
        ("/pets", "/pets/", 95),
        ("/Pets", "/pets", 90),
        ("/pets/:id", "/pets/rex", 84),
        ("/:kind/:id", "/pets/rex", 83),
        ("/pets/1", "/pets/2", 75),
        (
            "/pets/6f1b2c3d-0000-4000-8000-00000000000a",
            "/pets/6f1b2c3d-0000-4000-8000-00000000000b",
            75,
        ),
        ("/pets", "/owners", None),
        ("/pets", "/pets/1", None),
        ("/pets/:id", "/pets/", None),
        ("/v1/pets", "/v2/pets", None),
        ("/pets/1", "/pets/rex", None),
    ],
)
def test_a_looser_fit_of_the_path_scores_less(saved: str, asked: str, score: int | None) -> None:
    fit = path_fit(segments(saved), request(asked).path, wildcards=True)
    assert (fit and fit[0]) == score


def test_wildcards_can_be_turned_off() -> None:
    with pytest.raises(NoMatch, match="path"):
        chosen(example("/pets/:id"), asked=request("/pets/rex"), wildcards=False)


def test_what_a_wildcard_stands_for_is_told() -> None:
    match = choose([example("/:kind/:id")], request("/pets/rex"), Rules())
    assert match.captured == {"kind": "pets", "id": "rex"}


def test_a_path_variable_with_a_value_fits_it_exactly() -> None:
    usual = example(paths=((Segment("pets"), Segment("rex", "id")),), identifier="usual")
    assert chosen(usual, example("/pets/:id"), asked=request("/pets/rex")) == "usual"
    assert choose([usual], request("/pets/tom"), Rules()).captured == {"id": "tom"}


@pytest.mark.parametrize("order", [1, -1])
def test_the_closest_path_wins(order: int) -> None:
    saved = [example("/pets/rex", "z"), example("/pets/:id", "b"), example("/:kind/:id", "a")]
    assert chosen(*saved[::order], asked=request("/pets/rex")) == "z"
    assert chosen(*saved[::order], asked=request("/pets/tom")) == "b"


def test_the_path_behind_the_base_fits_as_well_but_a_whole_one_goes_before() -> None:
    """Clients replace the base URL by the mock's URL, or only the host."""
    both = example(paths=(segments("/v1/pets"), segments("/pets")), identifier="both")
    assert chosen(both, asked=request("/v1/pets")) == "both"
    assert chosen(both, asked=request("/pets")) == "both"
    assert chosen(both, example(identifier="z"), asked=request("/pets")) == "z"


# -- query parameters -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("saved", "sent", "share"),
    [
        ({}, {}, 1.0),
        ({"a": "1"}, {"a": "1"}, 1.0),
        ({"a": "1"}, {"a": "2"}, 0.0),
        ({"a": "1", "b": "1"}, {"a": "1", "b": "2"}, 0.5),
        ({"a": "1"}, {"a": "1", "b": "2"}, 0.5),
        ({}, {"b": "2"}, 0.0),
    ],
)
def test_the_share_of_equal_parameters(saved: Any, sent: Any, share: float) -> None:
    assert query_share(tuple(saved.items()), tuple(sent.items())) == share


def test_the_example_with_the_same_parameters_wins() -> None:
    cats = example(query=(("kind", "cat"),), identifier="b")
    assert chosen(example(), cats, asked=request(query=(("kind", "cat"),))) == "b"
    assert chosen(example(), cats, asked=request()) == "a"
    assert chosen(example(), cats, asked=request(query=(("kind", "cat"),)), query=False) == "a"


# -- the headers that pick an example -------------------------------------------------------


def test_a_status_can_be_asked_for() -> None:
    saved = [example(), example(identifier="b", code=404)]
    assert chosen(*saved, asked=asking(x_mock_response_code="404")) == "b"
    with pytest.raises(NoMatch, match="x-mock-response-code"):
        chosen(*saved, asked=asking(x_mock_response_code="500"))


@pytest.mark.parametrize("identifier", ["b-1", "20413871-b-1"])
def test_an_id_can_be_asked_for_bare_or_with_the_user_in_front(identifier: str) -> None:
    saved = [example(), example(identifier="b-1"), example(identifier="1")]
    assert chosen(*saved, asked=asking(x_mock_response_id=identifier)) == "b-1"


def test_an_id_that_is_not_there_answers_nothing() -> None:
    with pytest.raises(NoMatch, match="x-mock-response-id"):
        chosen(example(), asked=asking(x_mock_response_id="c"))


def test_a_name_can_be_asked_for() -> None:
    saved = [example(), example(identifier="b", name="gone", code=410)]
    assert chosen(*saved, asked=asking(x_mock_response_name="gone")) == "b"
    with pytest.raises(NoMatch, match="x-mock-response-name"):
        chosen(*saved, asked=asking(x_mock_response_name="lost"))


def test_of_several_with_the_name_the_one_for_the_path_wins() -> None:
    saved = [example("/owners", "a", name="ok"), example("/pets", "b", name="ok")]
    assert chosen(*saved, asked=asking(x_mock_response_name="ok")) == "b"


def test_a_name_of_other_paths_picks_the_first_by_id_that_answers_200() -> None:
    saved = [
        example("/c", "c", name="ok"),
        example("/a", "a", name="ok", code=404),
        example("/b", "b", name="ok"),
    ]
    assert chosen(*saved, asked=asking(x_mock_response_name="ok")) == "b"
    assert chosen(*saved[1:2], asked=asking(x_mock_response_name="ok")) == "a"


def test_of_equals_the_first_by_id_that_answers_200_wins() -> None:
    saved = [example(identifier="c"), example(identifier="b"), example(identifier="a", code=404)]
    assert chosen(*saved) == "b"
    assert chosen(example(identifier="z", code=500), example(identifier="y", code=404)) == "y"
    assert chosen(example(identifier="a", code=None), example(identifier="b")) == "b"


# -- headers and bodies that must fit -------------------------------------------------------


def test_headers_must_fit_where_that_is_wanted() -> None:
    german = example(sent_headers={"accept-language": "DE"}, identifier="b")
    asked = request(headers={"accept-language": "de"})
    assert chosen(example(), german, asked=asked) == "a"
    assert chosen(example(), german, asked=asked, headers=["Accept-Language"]) == "b"


def test_a_request_can_want_it_itself() -> None:
    german = example(sent_headers={"accept-language": "de"}, identifier="b")
    headers = {"accept-language": "de", "x-mock-match-request-headers": "Accept-Language, X-No"}
    assert chosen(example(), german, asked=request(headers=headers)) == "b"
    assert chosen(example(), german, asked=request(headers=headers), headers=["X-Other"]) == "b"


def posted(raw: str, content_type: str = "application/json", **headers: str) -> MockRequest:
    """Return a POST with a body."""
    sent = {"content-type": content_type, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return request(method="POST", headers=sent, body=raw.encode())


def saved_post(raw: str, identifier: str, content_type: str = "application/json") -> Example:
    """Return an example of a POST with a body."""
    body = canonical_body(content_type, raw.encode())
    return example(identifier=identifier, method="POST", sent_body=body)


def test_the_body_must_fit_where_that_is_wanted() -> None:
    saved = [saved_post('{"a": 1}', "a"), saved_post('{"b": 2, "c": 3}', "b")]
    assert chosen(*saved, asked=posted('{"c":3,"b":2}'), body=True) == "b"
    assert chosen(*saved, asked=posted('{"c":3,"b":2}')) == "a"
    assert chosen(*saved, asked=posted('{"c":3,"b":2}', x_mock_match_request_body="true")) == "b"
    with pytest.raises(NoMatch):
        chosen(*saved, asked=posted('{"b": 2}'), body=True)


def test_the_request_has_the_last_word_on_bodies() -> None:
    asked = posted("{}", x_mock_match_request_body="false")
    assert chosen(saved_post('{"a": 1}', "a"), asked=asked, body=True) == "a"


def test_the_kind_of_the_body_must_fit_too() -> None:
    with pytest.raises(NoMatch):
        chosen(saved_post("1", "a"), asked=posted("1", "text/plain"), body=True)


@pytest.mark.parametrize(
    ("content_type", "left", "right", "equal"),
    [
        ("application/json; charset=utf-8", '{"a": [1, 2]}', '{ "a":[1,2] }', True),
        ("application/json", "[1, 2]", "[2, 1]", False),
        ("application/json", "{broken", "{broken ", True),
        ("application/x-www-form-urlencoded", "a=1&b=2", "b=2&a=1", True),
        ("application/x-www-form-urlencoded", "a=1", "a=2", False),
        ("text/plain", "hello\n", "hello", True),
        ("text/plain", "hello", "Hello", False),
    ],
)
def test_bodies_that_say_the_same_are_the_same(
    content_type: str, left: str, right: str, equal: bool
) -> None:
    bodies = [canonical_body(content_type, side.encode()) for side in (left, right)]
    assert (bodies[0] == bodies[1]) is equal


# -- for any examples and requests ----------------------------------------------------------

PARTS = st.sampled_from(["pets", "Pets", "1", "2", ":id", ":x", ""])
PATHS = st.lists(PARTS, min_size=1, max_size=3).map("/".join)
CODES = st.sampled_from([200, 201, 404, None])
PAIRS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("12")), max_size=2).map(tuple)
SAVED = st.lists(
    st.builds(
        lambda path, code, query, method: example(path, code=code, query=query, method=method),
        PATHS,
        CODES,
        PAIRS,
        st.sampled_from(["GET", "POST"]),
    ),
    max_size=6,
).map(lambda found: [each._replace(id=str(n), name=str(n)) for n, each in enumerate(found)])
ASKED = st.builds(lambda path, query: request(path, query=query), PATHS, PAIRS)


def outcome(examples: list[Example], asked: MockRequest) -> Match | None:
    """Return the match, or None."""
    try:
        return choose(examples, asked, Rules())
    except NoMatch:
        return None


@given(SAVED, ASKED, st.randoms(use_true_random=False))
def test_the_order_of_the_examples_has_no_say(
    examples: list[Example], asked: MockRequest, random: Any
) -> None:
    shuffled = [*examples]
    random.shuffle(shuffled)
    assert outcome(examples, asked) == outcome(shuffled, asked)


@given(SAVED, ASKED)
def test_an_answer_has_the_method_and_fits_the_path(
    examples: list[Example], asked: MockRequest
) -> None:
    match = outcome(examples, asked)
    fitting = [e for e in examples if e.method == asked.method]
    fits = [e for e in fitting if path_fit(e.paths[0], asked.path, wildcards=True)]
    assert (match is None) == (not fits)
    assert match is None or match.example in fits


@given(SAVED, ASKED)
def test_an_exact_example_is_never_passed_over(examples: list[Example], asked: MockRequest) -> None:
    """With any other examples, the one that was saved for exactly this request answers it."""
    own = example("/".join(asked.path), "own", query=asked.query)._replace(
        paths=(tuple(Segment(part) for part in asked.path),)
    )
    match = outcome([*examples, own], asked)
    assert match is not None
    fit = path_fit(match.example.paths[0], asked.path, wildcards=True)
    assert fit is not None
    assert fit[0] == 100
    assert query_share(match.example.query, asked.query) == 1


@given(PATHS)
def test_a_path_fits_itself_and_its_wildcards_are_told(path: str) -> None:
    parts = path.removeprefix("/").split("/")
    fit = path_fit(segments(path), [part.removeprefix(":") for part in parts], wildcards=True)
    assert fit is not None
    assert fit[1] == {part[1:]: part[1:] for part in parts if part.startswith(":")}
