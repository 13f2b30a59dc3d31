"""Punches (append-only) → attendance day → attendance month; the work calendar and required days; corrections."""

from django.conf import settings
from django.db import models

from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution, Region
from backend.common.fields import ServiceMonthField


class Photo(models.Model):
    """A gate photo kept outside the database; `sha256` finds the same bytes again."""

    path = models.CharField(max_length=200, unique=True)  # below MEDIA_ROOT
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    erased_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "attendance_photo"


class PhotoPrint(models.Model):
    """What is kept of a photo to find its copies again (`domain/fingerprint.py`). No picture can be made from it."""

    photo = models.OneToOneField(Photo, on_delete=models.CASCADE, primary_key=True, related_name="print")
    county = models.ForeignKey(Region, on_delete=models.PROTECT, db_index=False)
    arrived_on = models.DateField()
    version = models.PositiveSmallIntegerField()
    code = models.BinaryField(null=True)  # None: a picture without features, such as a covered lens
    matched_at = models.DateTimeField(null=True)  # None: not yet compared with the others

    class Meta:
        db_table = "attendance_photo_print"
        indexes = [
            models.Index(fields=["county", "arrived_on"], name="attendance_print_arrived"),
            models.Index(fields=["county", "matched_at"], name="attendance_print_matched"),
        ]


class PhotoPair(models.Model):
    """Two photos that are one picture: equal bytes, or a copy that was verified on the pictures. `first` is older."""

    first = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="later_copies", db_index=False)
    second = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="earlier_copies")
    exact = models.BooleanField()
    difference = models.PositiveSmallIntegerField()  # grey levels left over in the worst block, 0 to 255
    found_at = models.DateTimeField()

    class Meta:
        db_table = "attendance_photo_pair"
        constraints = [models.UniqueConstraint(fields=["first", "second"], name="attendance_photo_pair_key")]


class Punch(models.Model):
    """One raw punch (打卡). Natural key: the same child, moment, institution and direction is one punch."""

    append_only = True

    class Direction(models.TextChoices):
        IN = "in", "入园"
        OUT = "out", "离园"

    class Source(models.TextChoices):
        GATE = "gate", "闸机"
        FACE = "face", "人脸"
        ROLL_CALL = "roll_call", "点名"
        MANUAL = "manual", "补录"

    child = models.ForeignKey(Child, on_delete=models.PROTECT, db_index=False)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False)
    happened_at = models.DateTimeField()
    arrived_at = models.DateTimeField()
    direction = models.CharField(max_length=3, choices=Direction)
    source = models.CharField(max_length=16, choices=Source)
    device = models.CharField(max_length=64, blank=True, default="")
    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, null=True, db_index=False)
    idempotency_key = models.CharField(max_length=64, unique=True)

    class Meta:
        db_table = "attendance_punch"
        constraints = [
            models.UniqueConstraint(
                fields=["child", "happened_at", "institution", "direction"],
                name="attendance_punch_key",
            )
        ]
        indexes = [models.Index(fields=["institution", "happened_at"], name="attendance_punch_inst")]


class PhotoUse(models.Model):
    """The punches that carry a photo, found by photo. One punch in 25 does: an index on all punches would cost more."""

    punch = models.OneToOneField(Punch, on_delete=models.CASCADE, primary_key=True, related_name="photo_use")
    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, related_name="uses")

    class Meta:
        db_table = "attendance_photo_use"


class AttendanceDay(models.Model):
    """日考勤: what the punches of one child at one institution on one day amount to. Derived, rebuildable."""

    child = models.ForeignKey(Child, on_delete=models.PROTECT, db_index=False)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False)
    date = models.DateField()
    first_in = models.DateTimeField(null=True)
    last_out = models.DateTimeField(null=True)
    in_count = models.PositiveSmallIntegerField(default=0)
    out_count = models.PositiveSmallIntegerField(default=0)
    manual_count = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "attendance_day"
        constraints = [
            models.UniqueConstraint(fields=["child", "date", "institution"], name="attendance_day_key")
        ]
        indexes = [models.Index(fields=["institution", "date"], name="attendance_day_inst")]


class FeedDay(models.Model):
    """Did an institution's feed deliver on a day? A silent open day is 未采集: neither absence nor presence. Derived."""

    class State(models.TextChoices):
        CAPTURED = "captured", "已采集"
        SILENT = "silent", "未采集"
        PARTIAL = "partial", "部分未采集"  # one device was silent: see FeedGap
        CLOSED = "closed", "非工作日"

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="feed_days")
    date = models.DateField()
    state = models.CharField(max_length=16, choices=State)
    headcount = models.PositiveIntegerField()  # children with at least one entry
    punch_count = models.PositiveIntegerField()

    class Meta:
        db_table = "attendance_feed_day"
        constraints = [
            models.UniqueConstraint(fields=["institution", "date"], name="attendance_feed_day_key")
        ]


class Device(models.Model):
    """A gate or terminal (考勤设备) of an institution; `code` is what its punches carry. Both dates inclusive."""

    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, related_name="devices", db_index=False
    )
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=64, blank=True, default="")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)

    class Meta:
        db_table = "attendance_device"
        constraints = [models.UniqueConstraint(fields=["institution", "code"], name="attendance_device_key")]


class DeviceDay(models.Model):
    """What came from a device on a day: its heartbeats as they arrive, its punches by the fold. No row: nothing came."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="days", db_index=False)
    date = models.DateField()
    punch_count = models.PositiveIntegerField(default=0)
    beats = models.PositiveIntegerField(default=0)
    first_beat_at = models.DateTimeField(null=True)
    last_beat_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "attendance_device_day"
        constraints = [models.UniqueConstraint(fields=["device", "date"], name="attendance_device_day_key")]


class FeedGap(models.Model):
    """A child whose usual device was silent on a day when others delivered: without a punch it is 未采集. Derived."""

    child = models.ForeignKey(Child, on_delete=models.CASCADE)
    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, db_index=False)
    date = models.DateField()

    class Meta:
        db_table = "attendance_feed_gap"
        constraints = [
            models.UniqueConstraint(fields=["institution", "date", "child"], name="attendance_feed_gap_key")
        ]


class FeedSettlement(models.Model):
    """未采集处置: what a silent day of an institution is taken for, with the reason. Append-only; the newest counts."""

    append_only = True

    class Choice(models.TextChoices):
        CLOSED = "closed", "当日未开园"
        PAPER = "paper", "以书面签到为准"
        NOT_CAPTURED = "not_captured", "确认未采集"

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False)
    date = models.DateField()
    choice = models.CharField(max_length=16, choices=Choice)
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=16)  # of the feed day when it was settled
    cause = models.CharField(max_length=16)  # as the system saw it then
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    by_name = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        db_table = "attendance_feed_settle"
        indexes = [models.Index(fields=["institution", "date"], name="attendance_feed_settle_day")]


class AttendanceMonth(models.Model):
    """月考勤 of one child at one institution. Derived, rebuildable."""

    child = models.ForeignKey(Child, on_delete=models.PROTECT, db_index=False)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False)
    month = ServiceMonthField()
    attended_days = models.PositiveSmallIntegerField()  # 实际天数: open days, enrolled, entry and exit
    incomplete_days = models.PositiveSmallIntegerField()  # entry without exit or exit without entry
    uncounted_days = models.PositiveSmallIntegerField()  # closed days, or outside the enrolment
    not_captured_days = models.PositiveSmallIntegerField()  # 未采集
    corrected_days = models.PositiveSmallIntegerField(default=0)  # counted because of an accepted correction
    enrolled_workdays = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "attendance_month"
        constraints = [
            models.UniqueConstraint(fields=["month", "institution", "child"], name="attendance_month_key")
        ]
        indexes = [models.Index(fields=["child", "month"], name="attendance_month_child")]


class WorkCalendarDay(models.Model):
    """The State Council's holidays and make-up workdays, seeded from `chinesecalendar`; a day not listed here has no answer."""

    date = models.DateField(primary_key=True)
    is_workday = models.BooleanField()
    label = models.CharField(max_length=32, blank=True, default="")  # 国庆节, 调休上班 …
    source = models.CharField(max_length=120)

    class Meta:
        db_table = "attendance_work_calendar"


class RequiredDays(models.Model):
    """月度应考勤天数 of a county and month."""

    county = models.ForeignKey(Region, on_delete=models.PROTECT)
    month = ServiceMonthField()
    days = models.PositiveSmallIntegerField()
    default_days = models.PositiveSmallIntegerField(null=True)  # what the calendar said when it was set
    reason = models.CharField(max_length=300, blank=True, default="")
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    set_at = models.DateTimeField()

    class Meta:
        db_table = "attendance_required_days"
        constraints = [
            models.UniqueConstraint(fields=["county", "month"], name="attendance_required_days_key")
        ]


class RequiredDaysOverride(models.Model):
    """Required days of one institution in one month, with the reason."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT)
    month = ServiceMonthField()
    days = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=300)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    set_at = models.DateTimeField()

    class Meta:
        db_table = "attendance_required_ovr"
        constraints = [
            models.UniqueConstraint(fields=["institution", "month"], name="attendance_required_ovr_key")
        ]


class AttendanceCorrection(models.Model):
    """考勤更正: proposed by one person, checked by another; punches stay as they are."""

    class Kind(models.TextChoices):
        PRESENT = "present", "应计为出勤"
        ABSENT = "absent", "不应计为出勤"

    class State(models.TextChoices):
        PROPOSED = "proposed", "待核"
        ACCEPTED = "accepted", "已采纳"
        REJECTED = "rejected", "未采纳"

    child = models.ForeignKey(Child, on_delete=models.PROTECT)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT)
    date = models.DateField()
    kind = models.CharField(max_length=16, choices=Kind)
    state = models.CharField(max_length=16, choices=State, default=State.PROPOSED)
    reason = models.CharField(max_length=300)
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="corrections_made",
    )
    made_at = models.DateTimeField()
    checker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="corrections_checked",
    )
    checked_at = models.DateTimeField(null=True)
    check_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        db_table = "attendance_correction"
        indexes = [models.Index(fields=["institution", "date"], name="attendance_correction_inst")]


class CorrectionFile(models.Model):
    """佐证材料 of a correction: bytes below MEDIA_ROOT under their own hash. Nobody changes or takes one back."""

    append_only = True

    class Kind(models.TextChoices):
        PDF = "pdf", "PDF"
        JPEG = "jpg", "JPEG 图片"
        PNG = "png", "PNG 图片"

    correction = models.ForeignKey(
        AttendanceCorrection, on_delete=models.PROTECT, related_name="files", db_index=False
    )
    kind = models.CharField(max_length=8, choices=Kind)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    added_at = models.DateTimeField()

    class Meta:
        db_table = "attendance_corr_file"
        constraints = [
            models.UniqueConstraint(fields=["correction", "sha256"], name="attendance_corr_file_key")
        ]

    @property
    def path(self) -> str:
        """Below MEDIA_ROOT; the same bytes lie there once."""
        return f"corrections/{self.sha256[:2]}/{self.sha256}.{self.kind}"


class Leave(models.Model):
    """请假 of a child at an institution, both ends inclusive; cancelled rather than deleted."""

    class Kind(models.TextChoices):
        PERSONAL = "personal", "事假"
        SICK = "sick", "病假"
        OTHER = "other", "其他"

    child = models.ForeignKey(Child, on_delete=models.PROTECT, related_name="leaves")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="leaves")
    starts_on = models.DateField()
    ends_on = models.DateField()
    kind = models.CharField(max_length=16, choices=Kind)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="leaves_recorded"
    )
    recorded_at = models.DateTimeField()
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="leaves_cancelled"
    )
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "attendance_leave"
        constraints = [
            models.UniqueConstraint(fields=["child", "institution", "starts_on"], name="attendance_leave_key")
        ]
        indexes = [models.Index(fields=["institution", "starts_on"], name="attendance_leave_inst")]
