"""Reports count what the log holds."""

from appliance.audit.events import AnswerGiven, QuestionRefused
from appliance.audit.log import AuditLog
from appliance.audit.report import UNFINISHED, Row, questions

from .conftest import asked


def test_questions_are_counted_by_person_purpose_and_outcome_with_the_records_that_prove_it(log: AuditLog) -> None:
    for status in ("answered", "answered", "abstained"):
        intent = log.append(asked(), actor="ann")
        log.append(AnswerGiven(intent=intent.record, status=status), actor="ann")
    log.append(asked(), actor="ben")
    intent = log.append(asked(), actor="ben")
    log.append(QuestionRefused(step=5, reason="no grant", intent=intent.record), actor="ben")
    middle = log.append(QuestionRefused(step=2, reason="no purpose", purpose="research"), actor="cat")
    rows = questions(log.records(opened=False))
    assert rows == [
        Row("ann", "treatment", "abstained", (4,)),
        Row("ann", "treatment", "answered", (0, 2)),
        Row("ben", "treatment", UNFINISHED, (6,)),
        Row("ben", "treatment", "refused", (7,)),
        Row("cat", "research", "refused", (9,)),
    ]
    assert sum(row.questions for row in rows) == 6
    assert questions(log.records(opened=False), since=middle.time) == [rows[-1]]
    assert questions(log.records(opened=False), until=middle.time) == rows[:-1]
