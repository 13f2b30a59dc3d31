"""Regions, childcare institutions (托育机构) and their effective-dated facts: only start dates are stored."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models

from backend.common.fields import BlindIndexField, EncryptedTextField, RowKeyModel


class ClassType(models.TextChoices):
    """Class types of 国卫人口发〔2019〕58号."""

    INFANT = "infant", "乳儿班"
    YOUNGER_TODDLER = "younger_toddler", "托小班"
    OLDER_TODDLER = "older_toddler", "托大班"
    MIXED = "mixed", "混龄班"


class CareMode(models.TextChoices):
    FULL_DAY = "full_day", "全日托"
    HALF_DAY = "half_day", "半日托"
    HOURLY = "hourly", "计时托"


class Region(models.Model):
    """行政区划 by 12-digit statistical code."""

    class Level(models.TextChoices):
        PROVINCE = "province", "省"
        CITY = "city", "市"
        COUNTY = "county", "县(市、区)"
        TOWNSHIP = "township", "乡镇/街道"

    code = models.CharField(max_length=12, primary_key=True)
    name = models.CharField(max_length=64)
    level = models.CharField(max_length=16, choices=Level)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")

    class Meta:
        db_table = "institutions_region"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class RegionAlias(models.Model):
    """Another list's code for the same region (Tencent's list differs from the statistics bureau's in four townships)."""

    code = models.CharField(max_length=12, primary_key=True)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="aliases")

    class Meta:
        db_table = "institutions_region_alias"


class Grade(models.Model):
    """等级: a table, because every city has its own ladder. `rank` 1 is the highest."""

    code = models.CharField(
        max_length=32, primary_key=True
    )  # city_model, level_1, level_2, level_3, ungraded
    name = models.CharField(max_length=32)
    rank = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "institutions_grade"
        ordering = ["rank"]

    def __str__(self) -> str:
        return self.name


class Institution(RowKeyModel):
    """A childcare institution or campus. The credit code belongs to the legal entity and is not unique."""

    class LegalForm(models.TextChoices):
        PUBLIC = "public", "事业单位"
        NONPROFIT = "nonprofit", "非营利性"
        FOR_PROFIT = "for_profit", "营利性"

    class Setting(models.TextChoices):
        INDEPENDENT = "independent", "独立托育机构"
        KINDERGARTEN = "kindergarten", "幼儿园托育部"

    county = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="county_institutions")
    township = models.ForeignKey(
        Region,
        on_delete=models.PROTECT,
        null=True,
        related_name="township_institutions",
    )
    name = models.CharField(max_length=120)
    alias = models.CharField(max_length=120, blank=True, default="")
    credit_code = models.CharField(max_length=18, blank=True, default="", db_index=True)
    legal_form = models.CharField(max_length=16, choices=LegalForm)
    setting = models.CharField(max_length=16, choices=Setting)
    address = models.CharField(max_length=300)
    longitude_wgs84 = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    latitude_wgs84 = models.DecimalField(max_digits=8, decimal_places=6, null=True)
    contact_name = EncryptedTextField(blank=True, default="")
    contact_phone = EncryptedTextField(blank=True, default="")
    filed_on = models.DateField(null=True)  # 备案完成日期
    closed_on = models.DateField(null=True)

    class Meta:
        db_table = "institutions_institution"
        constraints = [
            models.UniqueConstraint(
                fields=["county", "name", "credit_code"],
                name="institutions_institution_key",
            )
        ]
        indexes = [models.Index(fields=["township", "id"], name="institutions_inst_township")]

    def __str__(self) -> str:
        return self.name


class InstitutionGrade(models.Model):
    """Grade of an institution from a date on."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="grades")
    grade = models.ForeignKey(Grade, on_delete=models.PROTECT)
    starts_on = models.DateField()
    document_number = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        db_table = "institutions_inst_grade"
        constraints = [
            models.UniqueConstraint(fields=["institution", "starts_on"], name="institutions_inst_grade_key")
        ]


class AffordableStatus(models.Model):
    """普惠 recognition from a date on; `affordable=False` ends it."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="affordable_statuses")
    affordable = models.BooleanField()
    starts_on = models.DateField()
    document_number = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        db_table = "institutions_affordable"
        constraints = [
            models.UniqueConstraint(fields=["institution", "starts_on"], name="institutions_affordable_key")
        ]


class InstitutionPlaces(models.Model):
    """托位 and 普惠托位 per class type from a date on."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="places")
    class_type = models.CharField(max_length=16, choices=ClassType)
    places = models.PositiveIntegerField()
    affordable_places = models.PositiveIntegerField(default=0)
    starts_on = models.DateField()

    class Meta:
        db_table = "institutions_places"
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "class_type", "starts_on"],
                name="institutions_places_key",
            )
        ]


class InstitutionFee(models.Model):
    """月保育费 an institution charges for a care mode from a date on, in yuan; a child's own fee goes before it."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="fees")
    care_mode = models.CharField(max_length=16, choices=CareMode)
    monthly_fee = models.DecimalField(
        max_digits=10, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    starts_on = models.DateField()
    document_number = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        db_table = "institutions_fee"
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "care_mode", "starts_on"], name="institutions_fee_key"
            )
        ]


class Staff(RowKeyModel):
    """A person working at an institution."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="staff")
    name = EncryptedTextField()
    id_number = EncryptedTextField(blank=True, default="")
    id_number_index = BlindIndexField(of="id_number", db_index=True)
    phone = EncryptedTextField(blank=True, default="")
    position = models.CharField(max_length=32)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)

    class Meta:
        db_table = "institutions_staff"
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "id_number_index", "starts_on"],
                name="institutions_staff_key",
            )
        ]
