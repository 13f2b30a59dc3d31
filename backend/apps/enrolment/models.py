"""Children (婴幼儿) and their enrolments (在托登记). A child is a person once, however many institutions."""

from django.db import models

from backend.apps.institutions.models import CareMode as CareMode
from backend.apps.institutions.models import ClassType, Institution
from backend.common.fields import BlindIndexField, EncryptedTextField, RowKeyModel


class Child(RowKeyModel):
    """A child. The ID number is normalised (NFKC, 15 to 18 digits, GB 11643 check) before it gets here."""

    class Sex(models.TextChoices):
        MALE = "male", "男"
        FEMALE = "female", "女"

    code = models.CharField(max_length=16, unique=True)  # 婴幼儿编号, printed in place of the ID number
    name = EncryptedTextField()
    id_number = EncryptedTextField(blank=True, default="")
    id_number_index = BlindIndexField(of="id_number", unique=True)
    sex = models.CharField(max_length=8, choices=Sex)
    birth_date = models.DateField()
    local_registration = models.BooleanField(null=True)  # 本地户籍
    guardian_name = EncryptedTextField(blank=True, default="")
    guardian_phone = EncryptedTextField(blank=True, default="")

    class Meta:
        db_table = "enrolment_child"


class Enrolment(models.Model):
    """A child in care at an institution; both ends inclusive. A change of class or mode is a new row."""

    child = models.ForeignKey(Child, on_delete=models.PROTECT, related_name="enrolments")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="enrolments")
    class_type = models.CharField(max_length=16, choices=ClassType)
    care_mode = models.CharField(max_length=16, choices=CareMode)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    household_order = models.PositiveSmallIntegerField(null=True)  # 孩次
    monthly_fee = models.DecimalField(max_digits=10, decimal_places=2, null=True)  # yuan

    class Meta:
        db_table = "enrolment_enrolment"
        constraints = [
            models.UniqueConstraint(
                fields=["child", "institution", "starts_on"],
                name="enrolment_enrolment_key",
            )
        ]
        indexes = [models.Index(fields=["institution", "starts_on"], name="enrolment_by_institution")]
