"""Encrypted columns and their blind index on a real table."""

from __future__ import annotations

import pytest
from django.core.exceptions import FieldError
from django.db import connection, transaction

from backend.apps.enrolment.models import Child
from backend.common.crypto import Ciphertext, DecryptionFailed, blind_index
from tests.factories import make_child

pytestmark = pytest.mark.django_db


def stored(child: Child, column: str = "name") -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM enrolment_child WHERE id = %s", [child.pk])
        return cursor.fetchone()[0]


def test_plain_text_never_reaches_the_table() -> None:
    child = make_child(name="王小明")
    assert stored(child).startswith("1.t1.")
    assert child.name == "王小明"
    assert Child.objects.get(pk=child.pk).name == "王小明"


def test_values_give_ciphertext_only() -> None:
    make_child(name="王小明")
    value = Child.objects.values_list("name", flat=True).get()
    assert isinstance(value, Ciphertext)
    assert str(value) == "[已加密]"


def test_empty_stays_empty() -> None:
    child = make_child(guardian_name="")
    assert stored(child, "guardian_name") == ""
    assert Child.objects.get(pk=child.pk).guardian_name == ""


def test_saving_an_unread_row_keeps_its_ciphertext() -> None:
    child = make_child(name="王小明")
    before = stored(child)
    loaded = Child.objects.get(pk=child.pk)
    loaded.sex = "male"
    loaded.save()
    assert stored(child) == before
    assert Child.objects.get(pk=child.pk).id_number_index == child.id_number_index


def test_deferred_name_is_loaded_on_demand() -> None:
    child = make_child(name="王小明")
    loaded = Child.objects.only("code").get(pk=child.pk)
    assert loaded.name == "王小明"


def test_refresh_forgets_the_decrypted_text() -> None:
    child = make_child(name="王小明")
    other = Child.objects.get(pk=child.pk)
    other.name = "李四"
    other.save()
    child.refresh_from_db()
    assert child.name == "李四"


def test_bulk_create_encrypts_and_indexes() -> None:
    made = make_child()
    child = Child(
        code="BULK", name="张三", id_number="110101202401011237", sex="male", birth_date=made.birth_date
    )
    Child.objects.bulk_create([child])
    found = Child.objects.get(id_number_index=blind_index("id_number", "110101202401011237"))
    assert (found.name, found.id_number) == ("张三", "110101202401011237")
    assert stored(found).startswith("1.t1.")


def test_index_follows_its_source() -> None:
    child = make_child()
    child.id_number = "110101202401011237"
    child.save(update_fields=["id_number"])
    index = blind_index("id_number", "110101202401011237")
    assert Child.objects.get(id_number_index=index).pk == child.pk
    child.id_number = ""
    child.save()
    assert Child.objects.get(pk=child.pk).id_number_index is None


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: Child.objects.filter(name="王小明").exists(),
        lambda: Child.objects.filter(name__contains="王").exists(),
        lambda: Child.objects.update(name="李四"),
    ],
)
def test_searching_or_bulk_updating_is_refused(attempt: object) -> None:
    child = make_child(name="王小明")
    with pytest.raises(FieldError, match="encrypted text is written by save"), transaction.atomic():
        attempt()  # type: ignore[operator]  # a parameter without a type
    assert Child.objects.get(pk=child.pk).name == "王小明"


def test_a_name_moved_to_another_row_is_noticed() -> None:
    one, two = make_child(name="王小明"), make_child(name="李四")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE enrolment_child SET name = %s WHERE id = %s", [stored(one), two.pk])
    with pytest.raises(DecryptionFailed):
        _ = Child.objects.get(pk=two.pk).name
    assert Child.objects.get(pk=one.pk).name == "王小明"
