"""Punches from a file: hundreds of thousands of rows, written in chunks, each row judged by itself."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import attrgetter
from typing import Any

from django.db import transaction
from django.utils import timezone

from backend.apps.attendance.domain.punch_key import natural_punch_key, serial_punch_key
from backend.apps.attendance.models import Photo, Punch
from backend.apps.attendance.services.fold import attendance_fold
from backend.apps.attendance.services.punch_layout import PUNCH_LAYOUT
from backend.apps.attendance.services.punch_store import PunchRow, punches_insert
from backend.apps.audit.services import audit_record
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Region
from backend.apps.institutions.selectors import InstitutionUnclear, institution_directory, region_get
from backend.common.crypto import blind_index
from backend.common.service_month import ServiceMonth
from backend.common.sheets import CellInvalid, Column, ImportReport, Raw, Table, Tally
from backend.common.sheets.reading import Grid

CHUNK = 10_000  # rows of one transaction: short enough not to block others, long enough to be fast
CLOCK_TOLERANCE = timedelta(minutes=5)  # gate clocks are a little off
FOLD_CHILDREN = 500  # up to here only these children are folded, beyond it the county's month at once
_SOURCE = Punch.Source.GATE.value
_BATCH = 800
_SHANGHAI_OFFSET = timedelta(hours=8)
_natural_order = attrgetter("happened_at", "child_id", "institution_id", "direction")


@dataclass(slots=True)
class _Memory:
    """Cells seen before and what they mean: 130,000 rows name 3,000 children and 52 institutions."""

    converted: dict[str, dict[Hashable, Any]] = field(default_factory=dict)
    institutions: dict[tuple[str, str], int | str] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    photos: dict[str, int] = field(default_factory=dict)
    serials: dict[str, str] = field(default_factory=dict)  # serial key → natural key
    months: dict[ServiceMonth, set[int]] = field(default_factory=dict)


class _Rollback(Exception):
    """Leaves the transaction of a dry run or of a refused all-or-nothing file."""


def punches_import(
    *,
    grid: Grid,
    county_code: str,
    dry_run: bool = False,
    all_or_nothing: bool = False,
    progress: Callable[[int], None] | None = None,
    actor: Any = None,
) -> ImportReport:
    """Append punches of the county's institutions and bring the attendance days in step.

    A punch that is already there counts as 已存在 and stays as it is. Every chunk is its own transaction, except
    in a dry run and with `all_or_nothing`, where the whole file is one.
    """
    county = region_get(code=county_code, level=Region.Level.COUNTY)
    tally = Tally()
    table = Table.of(PUNCH_LAYOUT, grid, tally)
    if table is not None:
        run = _Run(table, county, tally, progress)
        if dry_run or all_or_nothing:
            try:
                with transaction.atomic():
                    run.chunks()
                    if dry_run or tally.has_errors:
                        raise _Rollback
                    run.close(actor)
            except _Rollback:
                pass
        else:
            run.chunks()
            run.close(actor)
    return tally.report(
        title=PUNCH_LAYOUT.title,
        form=grid.form,
        dry_run=dry_run,
        all_or_nothing=all_or_nothing,
        unchanged_label="已存在(未变化)",
    )


class _Run:
    """One import. Not a service: it only keeps what the functions below would otherwise pass around."""

    def __init__(
        self, table: Table, county: Region, tally: Tally, progress: Callable[[int], None] | None
    ) -> None:
        self.table, self.county, self.tally, self.progress = table, county, tally, progress
        self.directory = institution_directory(county_code=county.code)
        self.memory = _Memory()
        self.columns = [(c, table.positions.get(c.key)) for c in PUNCH_LAYOUT.columns]
        self.now = timezone.now().astimezone(UTC).replace(tzinfo=None)

    def chunks(self) -> None:
        rows = self.table.raw_rows(self.tally)
        while True:
            chunk = list(islice(rows, CHUNK))
            if not chunk:
                return
            values = list(self._values(chunk))
            self._resolve(values)
            ready = [row for row in (self._row(number, v) for number, v in values) if row is not None]
            ready.sort(
                key=_natural_order
            )  # one order for everybody: two imports of the same days wait for each other, never in a ring
            with transaction.atomic():
                created = punches_insert(ready)
            self.tally.created += created
            self.tally.unchanged += len(ready) - created
            if created:
                for row in ready:
                    day = row.happened_at + _SHANGHAI_OFFSET
                    self.memory.months.setdefault(ServiceMonth(day.year, day.month), set()).add(row.child_id)
            if self.progress is not None:
                self.progress(self.tally.rows)

    def close(self, actor: Any) -> None:
        """Fold the months that got new punches; one audit event for the file."""
        for month, children in sorted(self.memory.months.items()):
            attendance_fold(
                county_code=self.county.code,
                month=month,
                child_ids=sorted(children) if len(children) <= FOLD_CHILDREN else None,
            )
        if self.tally.created:
            audit_record(
                actor=actor,
                action="attendance.punch.imported",
                target=self.county,
                county=self.county,
                detail={
                    "created": self.tally.created,
                    "existing": self.tally.unchanged,
                    "rows": self.tally.rows,
                    "months": sorted(str(month) for month in self.memory.months),
                },
            )

    def _values(self, chunk: list[tuple[int, Sequence[Raw]]]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Cells to values, each distinct cell once; moments are the exception, hardly one repeats."""
        tally = self.tally
        plan = [
            (column, place, self.memory.converted.setdefault(column.key, {}))
            for column, place in self.columns
            if place is not None
        ]
        empty = {column.key: None for column, _ in self.columns}
        for number, cells in chunk:
            values: dict[str, Any] = empty.copy()
            width = len(cells)
            fine = True
            for column, place, known in plan:
                raw = cells[place] if place < width else ""
                try:
                    value = known[raw]
                except KeyError:
                    value = _convert(column, raw)
                    if column.key not in ("happened_at", "arrived_at", "serial"):
                        known[raw] = value
                if type(value) is _Bad:
                    tally.error(number, column.name, value.reason)
                    fine = False
                else:
                    values[column.key] = value
            if fine and values["code"] is None and values["id_number"] is None:
                tally.error(number, "婴幼儿编号", "婴幼儿编号和证件号码至少填一项")
                fine = False
            if fine:
                yield number, values

    def _resolve(self, values: list[tuple[int, dict[str, Any]]]) -> None:
        """Children and photos of the chunk that were not met before, in a few queries."""
        memory = self.memory
        codes = {v["code"] for _, v in values if v["code"] is not None} - memory.codes.keys()
        for batch in _batches(sorted(codes)):
            memory.codes |= dict(Child.objects.filter(code__in=batch).values_list("code", "pk"))
        numbers = {
            v["id_number"].value for _, v in values if v["id_number"] is not None
        } - memory.numbers.keys()
        indexes = {blind_index("id_number", number): number for number in numbers}
        for batch in _batches(sorted(indexes)):
            found = Child.objects.filter(id_number_index__in=batch).values_list("id_number_index", "pk")
            memory.numbers |= {indexes[index]: pk for index, pk in found}
        photos = {v["photo"] for _, v in values if v["photo"] is not None} - memory.photos.keys()
        for batch in _batches(sorted(photos)):
            memory.photos |= dict(Photo.objects.filter(path__in=batch).values_list("path", "pk"))
        serials = {
            serial_punch_key(institution_id=pk, serial=v["serial"])
            for _, v in values
            if v["serial"] is not None and isinstance(pk := self._institution(v), int)
        } - memory.serials.keys()
        for batch in _batches(sorted(serials)):
            for punch in Punch.objects.filter(idempotency_key__in=batch).only(
                "idempotency_key", "child_id", "institution_id", "happened_at", "direction"
            ):
                memory.serials[punch.idempotency_key] = natural_punch_key(
                    child_id=punch.child_id,
                    institution_id=punch.institution_id,
                    happened_at_utc=punch.happened_at.astimezone(UTC).replace(tzinfo=None),
                    direction=punch.direction,
                )

    def _institution(self, values: dict[str, Any]) -> int | str:
        """Id, or the reason why there is none."""
        key = (values["institution_name"] or "", values["credit_code"] or "")
        found = self.memory.institutions.get(key)
        if found is None:
            try:
                found = self.directory.find(name=key[0], credit_code=key[1])
            except InstitutionUnclear as problem:
                found = str(problem)
            self.memory.institutions[key] = found
        return found

    def _child(self, number: int, values: dict[str, Any]) -> int | None:
        code, id_number = values["code"], values["id_number"]
        by_code = self.memory.codes.get(code) if code is not None else None
        by_number = self.memory.numbers.get(id_number.value) if id_number is not None else None
        if code is not None and by_code is None:
            self.tally.error(number, "婴幼儿编号", "没有登记这名婴幼儿")
        elif id_number is not None and by_number is None:
            self.tally.error(number, "证件号码", "没有登记这名婴幼儿")
        elif by_code is not None and by_number is not None and by_code != by_number:
            self.tally.error(number, "婴幼儿编号", "婴幼儿编号与证件号码属于不同的婴幼儿")
        else:
            return by_code if by_code is not None else by_number
        return None

    def _row(self, number: int, values: dict[str, Any]) -> PunchRow | None:
        """A row ready to be written, or None with the reason in the tally."""
        tally = self.tally
        institution_id = self._institution(values)
        if isinstance(institution_id, str):
            tally.error(number, "机构名称", institution_id)
            return None
        child_id = self._child(number, values)
        if child_id is None:
            return None
        happened_at: datetime = values["happened_at"]
        arrived_at: datetime | None = values["arrived_at"]
        if happened_at > self.now + CLOCK_TOLERANCE:
            tally.error(number, "打卡时间", "打卡时间在将来, 请检查设备时钟")
            return None
        if arrived_at is None:
            arrived_at = max(self.now, happened_at)
        elif arrived_at > self.now + CLOCK_TOLERANCE:
            tally.error(number, "到达时间", "到达时间在将来")
            return None
        elif arrived_at < happened_at - CLOCK_TOLERANCE:
            tally.error(number, "到达时间", "到达时间早于打卡时间, 请检查设备时钟")
            return None
        photo_id = None
        if values["photo"] is not None:
            photo_id = self.memory.photos.get(values["photo"])
            if photo_id is None:
                tally.remark(number, "照片", "没有入库这张照片, 打卡已按无照片保存")
        direction = values["direction"]
        natural = natural_punch_key(
            child_id=child_id,
            institution_id=institution_id,
            happened_at_utc=happened_at,
            direction=direction,
        )
        key = natural
        if values["serial"] is not None:
            key = serial_punch_key(institution_id=institution_id, serial=values["serial"])
            if self.memory.serials.setdefault(key, natural) != natural:
                tally.error(number, "流水号", "这个流水号已用于另一条内容不同的打卡")
                return None
        return PunchRow(
            child_id,
            institution_id,
            happened_at,
            arrived_at,
            direction,
            values["source"] or _SOURCE,
            values["device"] or "",
            photo_id,
            key,
        )


@dataclass(frozen=True, slots=True)
class _Bad:
    reason: str


def _convert(column: Column, raw: Raw) -> Any:
    """The value, None for a blank cell, or `_Bad` with the reason."""
    if raw == "" or (isinstance(raw, str) and not raw.strip()):
        return _Bad("必填, 不能为空") if column.required else None
    try:
        value = column.convert(raw)
    except CellInvalid as problem:
        return _Bad(str(problem))
    return None if value == "" else value


def _batches(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]
