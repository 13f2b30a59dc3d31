"""再次确认身份 as rows: one proof is spent by one evaluation, whoever holds a copy of the session."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from backend.apps.accounts.domain.identity import COMMAND, IdentityProof
from backend.apps.accounts.models import IdentityConfirmation, User
from backend.apps.accounts.selectors import identity_open
from backend.apps.accounts.services import (
    identity_confirm,
    identity_drop,
    identity_signed_in,
    identity_spend,
)
from backend.common.errors import DomainError, Forbidden
from tests.factories import PASSWORD, make_user
from tests.support.races import together

pytestmark = pytest.mark.django_db

SESSION, OCTOBER, NOVEMBER = "session-key-1", 10, 11


def evaluator() -> User:
    return make_user("evaluator", region_code="330683000000")


def typed(actor: User, *, session: str = SESSION, cycle: int = OCTOBER) -> IdentityProof:
    return identity_confirm(
        actor=actor, password=PASSWORD, address="10.0.0.1", session_key=session, cycle_id=cycle
    )


def found(actor: User, *, session: str = SESSION, cycle: int = OCTOBER) -> IdentityProof | None:
    return identity_open(actor=actor, session_key=session, cycle_ids=[cycle])


def refused(actor: User, proof: IdentityProof | None, cycle: int = OCTOBER) -> bool:
    with pytest.raises(Forbidden) as refusal:
        identity_spend(actor=actor, cycle_id=cycle, proof=proof)
    return refusal.value.code == "identity_required"


def test_a_proof_is_spent_once() -> None:
    actor = evaluator()
    proof = typed(actor)
    assert found(actor) == proof
    identity_spend(actor=actor, cycle_id=OCTOBER, proof=proof)
    assert found(actor) is None
    assert refused(actor, proof)


def test_it_belongs_to_a_person_a_session_and_a_month() -> None:
    actor, other = evaluator(), evaluator()
    proof = typed(actor)
    assert found(other) is None
    assert found(actor, session="session-key-2") is None
    assert found(actor, cycle=NOVEMBER) is None
    assert refused(other, proof)
    assert refused(actor, proof, cycle=NOVEMBER)
    assert refused(actor, None)
    identity_spend(actor=actor, cycle_id=OCTOBER, proof=proof)


def test_what_a_caller_says_about_it_is_held_against_the_row() -> None:
    """A proof made up in the program: no row, another method, another moment."""
    actor = evaluator()
    proof = typed(actor)
    now = timezone.now()
    assert refused(actor, IdentityProof("password", now))
    assert refused(actor, IdentityProof("oidc", proof.at, proof.row))
    assert refused(actor, IdentityProof("password", now + timedelta(seconds=-1), proof.row))
    assert IdentityConfirmation.objects.get().spent_at is None
    identity_spend(actor=actor, cycle_id=OCTOBER, proof=IdentityProof(COMMAND, timezone.now()))


def test_it_ends_with_its_session_and_with_the_minutes() -> None:
    actor = evaluator()
    old = typed(actor)
    IdentityConfirmation.objects.update(at=old.at - timedelta(minutes=5, seconds=1))
    stale = found(actor)
    assert stale is not None
    assert refused(actor, stale)
    typed(actor, session="session-key-2")
    identity_drop(session_key="session-key-2")
    assert found(actor, session="session-key-2") is None
    assert found(actor) == stale  # another session is not touched


def test_a_stale_password_hides_no_fresh_outside_sign_in() -> None:
    actor = evaluator()
    typed(actor)
    IdentityConfirmation.objects.update(at=timezone.now() - timedelta(minutes=30))
    fresh = identity_signed_in(actor=actor, method="oidc", session_key=SESSION)
    assert found(actor) == fresh
    assert found(actor, cycle=NOVEMBER) == fresh  # an outside provider knows no month
    identity_spend(actor=actor, cycle_id=OCTOBER, proof=fresh)
    assert refused(actor, fresh, cycle=NOVEMBER)


def test_the_table_names_no_session() -> None:
    typed(evaluator())
    (row,) = IdentityConfirmation.objects.values()
    assert SESSION not in str(row)


def test_what_was_never_used_does_not_pile_up() -> None:
    actor = evaluator()
    typed(actor)
    identity_spend(actor=actor, cycle_id=OCTOBER, proof=found(actor))
    typed(actor)
    IdentityConfirmation.objects.update(at=timezone.now() - timedelta(days=2))
    typed(actor)
    rows = IdentityConfirmation.objects.order_by("at").values_list("spent_at", flat=True)
    assert [spent is None for spent in rows] == [False, True]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fails", [False, True])
def test_two_evaluations_at_once_spend_one_proof(fails: bool) -> None:
    """The one that comes second waits; it has the proof only when the first evaluation did not happen."""
    actor = evaluator()
    proof = identity_signed_in(actor=actor, method="oidc", session_key=SESSION)

    def act(cycle: int) -> Any:
        with transaction.atomic():
            identity_spend(actor=actor, cycle_id=cycle, proof=proof)
            if fails and cycle == OCTOBER:
                raise RuntimeError
        return cycle

    for _ in range(5):
        IdentityConfirmation.objects.update(spent_at=None)
        results = together(partial(act, OCTOBER), partial(act, NOVEMBER))
        done = [one for one in results if isinstance(one, int)]
        refusals = [one.code for one in results if isinstance(one, DomainError)]
        if fails:
            assert (done, refusals) in (([NOVEMBER], []), ([NOVEMBER], ["identity_required"]))
        else:
            assert (len(done), refusals) == (1, ["identity_required"])
        spent = IdentityConfirmation.objects.get().spent_at
        assert spent is not None
