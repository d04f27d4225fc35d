"""The questions: answerable from the stated page, free of identifiers, and with the right people allowed."""

from collections import Counter

SECTORS = ("hospital", "bank", "defence")


def _text(source, pages_of, truth):
    """The page's text; of a scan the quote itself, as it was drawn from it."""
    return source["quote"] if source["document"].endswith("-scan.pdf") else pages_of(source["document"])[source["page"]]


def test_each_collection_has_forty_questions_and_a_quarter_without_answer(truth):
    assert len({q["id"] for q in truth["questions"]}) == 120
    for sector in SECTORS:
        questions = [q for q in truth["questions"] if q["collection"] == sector]
        assert len(questions) == 40
        assert sum(not q["answerable"] for q in questions) == 10
        assert len({q["kind"] for q in questions}) >= 5
        assert 1 <= sum(q["needs_identity"] for q in questions) <= 3


def test_every_quote_stands_on_its_page(truth, pages_of):
    wrong = [
        (q["id"], s["quote"])
        for q in truth["questions"]
        for s in q["sources"]
        if s["quote"] not in _text(s, pages_of, truth)
    ]
    assert wrong == []


def test_every_answer_stands_on_a_source_page(truth, pages_of):
    wrong = []
    for q in truth["questions"]:
        text = " ".join(_text(s, pages_of, truth) for s in q["sources"]).lower()
        present = [a.lower() in text for a in q["answers"] if a not in ("yes", "no")]
        needed = all(present) if q["match"] == "all" else any(present)
        if q["answerable"] and not needed:
            wrong.append((q["id"], q["answers"]))
    assert wrong == []


def test_questions_without_answer_name_no_source_and_no_answer(truth):
    for q in truth["questions"]:
        assert bool(q["answers"]) == bool(q["sources"]) == q["answerable"], q["id"]


def test_answers_and_quotes_hold_no_identifier_so_that_they_survive_redaction(truth):
    wrong = []
    for q in truth["questions"]:
        words = " ".join([*q["answers"], *(s["quote"] for s in q["sources"])])
        documents = {s["document"] for s in q["sources"]}
        planted = {i["value"] for i in truth["identifiers"] if i["document"] in documents}
        wrong += [(q["id"], value) for value in planted if value in words]
    assert wrong == []


def test_questions_are_not_copied_from_the_documents(truth, pages_of):
    copied = [
        q["id"]
        for q in truth["questions"]
        for d in truth["collections"][q["collection"]]["documents"]
        if any(q["question"].rstrip("?").lower() in page.lower() for page in pages_of(d))
    ]
    assert copied == []


def test_readers_may_see_and_users_of_other_collections_may_not(truth):
    groups = {u["login"]: set(u["groups"]) for u in truth["users"]}
    for q in truth["questions"]:
        readers = set(truth["collections"][q["collection"]]["readers"])
        assert q["may_see"], q["id"]
        assert all(groups[login] & readers for login in q["may_see"]), q["id"]
        assert all(not groups[login] & readers for login in q["may_not_see"]), q["id"]
        assert "admin" in q["may_not_see"]
        assert len(q["may_not_see"]) >= 4


def test_every_group_of_readers_has_a_demo_user_and_no_password_is_written_down(truth):
    groups = Counter(g for u in truth["users"] for g in u["groups"])
    for facts in truth["collections"].values():
        assert all(groups[g] for g in facts["readers"])
    assert all("password" not in key for u in truth["users"] for key in u)
