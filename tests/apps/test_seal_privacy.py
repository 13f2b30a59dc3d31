"""What an institution's files tell about others, what is left when pictures and identities are erased, and how small a proof is."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from backend.apps.attendance.models import Photo, Punch
from backend.apps.attendance.services import photo_ingest
from backend.apps.enrolment.models import Child
from backend.apps.seals.domain.proofs import row_proof
from backend.apps.seals.domain.tree import leaf_hash
from backend.apps.seals.models import Seal, SealErasure, SealPrivate
from backend.apps.seals.selectors.keys import trusted_keys
from backend.apps.seals.selectors.openings import openings_of
from backend.apps.seals.services import (
    institution_rows,
    line_proof,
    seal_backup,
    seal_package,
    seal_verify,
)
from backend.common.canonical import canonical_bytes
from tests.apps.sealed import Sealed, make_sealed, tamper
from tests.apps.test_alerts_photo_reused import shot
from tests.factories import make_punch
from tests.factories.places import COUNTY
from tests.verifier.test_page import ask_page

pytestmark = pytest.mark.django_db
FILE = Path(__file__).resolve().parents[2] / "verifier" / "zhishan_verify.py"
INSTITUTIONS, LINES, HEADERS, MONTHS = 150, 42, 400, 12
PROOF_BYTES = 2_048


@pytest.fixture
def sealed() -> Sealed:
    return make_sealed()


def verifier() -> ModuleType:
    spec = importlib.util.spec_from_file_location("zhishan_verify", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- nothing of another institution -----------------------------------------------------------------------
def files_of(seal: Seal, institution_id: int) -> list[str]:
    """All an institution can take home: its rows with and without openings, and the proof of each of them."""
    tree = seal.trees.get(institution_id=institution_id)
    files = [
        institution_rows(seal, institution_id=institution_id, with_openings=openings)
        for openings in (False, True)
    ]
    files += [line_proof(seal, institution_id=institution_id, leaf=leaf) for leaf in range(tree.leaves)]
    return [data.decode() for data in files]


def documents_of(seal: Seal, institution_id: int) -> list[dict[str, Any]]:
    """Every document about one institution, the one that names its tree included."""
    own = seal.trees.get(institution_id=institution_id)
    texts = own.documents.splitlines() + [
        line
        for line in seal.trees.get(number=0).documents.splitlines()
        if json.loads(line)["kind"] == "institution" and json.loads(line)["tree"] == own.number
    ]
    return [json.loads(text) for text in texts]


def texts_in(value: Any) -> set[str]:
    """Every text in a value, and in the documents that stand in it as texts."""
    if isinstance(value, dict):
        return set().union(*map(texts_in, value.values()))
    if isinstance(value, list):
        return set().union(*map(texts_in, value))
    if isinstance(value, str) and value.startswith("{"):
        return texts_in(json.loads(value))
    return {value} if isinstance(value, str) and value else set()


def telling(seal: Seal, institution_id: int) -> set[str]:
    """Texts that would tell something of an institution: every text of its documents, salts and plain values."""
    found = texts_in(dict(openings_of(seal, seal.trees.get(institution_id=institution_id).number)))
    for document in documents_of(seal, institution_id):
        found |= texts_in(
            {"blind": document["blind"], "columns": document["columns"], "key": document["key"]}
        )
    return found


def hashes_in(file: str) -> set[bytes]:
    found = json.loads(file)
    paths = [base64.b64decode(found[name]["path"]) for name in ("row", "month", "log") if name in found]
    return {path[at : at + 32] for path in paths for at in range(0, len(path), 32)}


def test_files_of_one_institution_hold_nothing_of_another(sealed: Sealed) -> None:
    """Names, row codes, credit codes, amounts, child codes, hashes, blinds, salts, commitments: none that is not its own."""
    institutions = [tree.institution_id for tree in sealed.seal.trees.exclude(number=0)]
    own = {pk: telling(sealed.seal, pk or 0) for pk in institutions}
    for a in institutions:
        files = files_of(sealed.seal, a or 0)
        for b in set(institutions) - {a}:
            foreign = own[b] - own[a]
            assert len(foreign) > 20
            for file in files:
                assert foreign & texts_in(json.loads(file)) == set()
                assert [text for text in foreign if len(text) > 8 and text in file] == []
                assert f'institution_id\\":{b},' not in file


def test_no_row_of_another_can_be_confirmed_by_guessing(sealed: Sealed) -> None:
    """The hashes in a file are those of others' rows; with every column known, 16 random bytes are still missing."""
    trees = list(sealed.seal.trees.exclude(number=0))
    seen, real = set(), set()
    for a in trees:
        hashes = set().union(*map(hashes_in, files_of(sealed.seal, a.institution_id or 0)))
        for b in trees:
            if a.number == b.number:
                continue
            for document in documents_of(sealed.seal, b.institution_id or 0):
                real.add(leaf_hash(canonical_bytes(document)) in hashes)
                for blind in ("", "0" * 32, None):
                    guess = {**document, "blind": blind}
                    if blind is None:
                        del guess["blind"]
                    seen.add(leaf_hash(canonical_bytes(guess)) in hashes)
    assert seen == {False}
    assert True in real  # the neighbour's document is a sister: without its blind the guess would have hit


def test_blinds_are_random_and_never_twice(sealed: Sealed) -> None:
    blinds = [
        json.loads(line)["blind"] for tree in sealed.seal.trees.all() for line in tree.documents.splitlines()
    ]
    assert len(set(blinds)) == len(blinds)
    assert {len(bytes.fromhex(blind)) for blind in blinds} == {16}


# --- a proof is small ---------------------------------------------------------------------------------------
def test_a_proof_in_a_county_of_6300_rows(sealed: Sealed) -> None:
    """Real documents, trees as large as a county's. What proves (paths, the two documents above, checkpoint) without the row."""
    tree = sealed.seal.trees.get(institution_id=sealed.month.cast.jasmine.pk)
    line = tree.documents.splitlines()[1]
    month = sealed.seal.trees.get(number=0).documents.splitlines()
    own = [line.replace(json.loads(line)["blind"], os.urandom(16).hex()) for _ in range(LINES)]
    others = [os.urandom(16).hex() for _ in range(HEADERS + INSTITUTIONS - 1)]
    log = seal_package(sealed.seal).log.splitlines()
    proof = row_proof(
        documents=own,
        index=LINES // 2,
        month=[*others, month[-1]],
        institution_index=len(others),
        log=[*([log[-1]] * MONTHS), log[-1]],
        entry_index=MONTHS - 1,
        checkpoint=sealed.seal.checkpoint,
        keys=[],
    )
    assert INSTITUTIONS * LINES >= 6_000
    paths = {name: proof[name] for name in ("row", "month", "log")}
    whole = {name: value for name, value in proof.items() if name not in ("document", "keys")}
    sizes = (len(canonical_bytes(paths)), len(canonical_bytes(whole)))
    assert sizes[0] < PROOF_BYTES // 2
    assert sizes[1] <= PROOF_BYTES


# --- erased -------------------------------------------------------------------------------------------------
def with_photos(month: Sealed) -> list[Path]:
    """Gate photos of the month's children, on disk and in the database."""
    files = []
    for number, child in enumerate(Child.objects.order_by("pk")[:3]):
        photo = photo_ingest(
            county_code=COUNTY,
            path=f"{number}.jpg",
            content=shot(number),
            arrived_on=datetime(2026, 10, 8, tzinfo=UTC).date(),
        )
        make_punch(
            child,
            month.month.cast.jasmine,
            datetime(2026, 10, 8, tzinfo=UTC).date(),
            "08:00",
            "in",
            photo=photo,
        )
        files.append(Path(settings.MEDIA_ROOT) / photo.path)
    return files


def verdicts(seal: Seal) -> tuple[Any, Any, Any]:
    """Product, single file and page about the month."""
    data = seal_package(seal).archive()
    single = verifier()
    found = single.Package(data, [single.Key(str(key)) for key in trusted_keys()])
    page = ask_page([data], keys=[str(key) for key in trusted_keys()])["files"][0]
    return seal_verify(seal).findings, found.faults, page["faults"]


def test_without_photos_the_seal_is_valid(sealed: Sealed) -> None:
    files = with_photos(sealed)
    seal_backup(seal_id=sealed.seal.pk)
    for file in files:
        file.unlink()
    Photo.objects.update(erased_at=datetime(2030, 1, 1, tzinfo=UTC))
    assert verdicts(sealed.seal) == ((), [], [])
    tamper("UPDATE attendance_punch SET photo_id = NULL")
    Photo.objects.all().delete()
    assert (Photo.objects.count(), Punch.objects.filter(photo__isnull=False).count()) == (0, 0)
    assert verdicts(sealed.seal) == ((), [], [])


def test_without_identities_the_seal_is_valid(sealed: Sealed) -> None:
    """After retention: openings, names of the snapshot and of the children gone, in the backup location as well."""
    seal_backup(seal_id=sealed.seal.pk)
    for private in SealPrivate.objects.all():
        SealErasure.objects.create(
            private=private, reason="保存期满", by_name="系统", at=datetime(2030, 1, 1, tzinfo=UTC)
        )
    SealPrivate.objects.update(ciphertext="")
    seal_backup(seal_id=sealed.seal.pk)
    tamper("UPDATE subsidy_snap_line SET child_name = ''")
    with connection.cursor() as cursor:
        cursor.execute("SELECT CAST(header AS text) FROM subsidy_snapshot")
        header = json.loads(cursor.fetchone()[0])
    for alert in header["alerts"]:
        alert["reason"] = ""
    tamper("UPDATE subsidy_snapshot SET header = %s", json.dumps(header))
    for child in Child.objects.all():
        child.name = "已清除"
        child.save()
    data = seal_package(sealed.seal).archive().decode("latin-1")
    assert "private.jsonl" not in data
    assert verdicts(sealed.seal) == ((), [], [])
