"""Punches from a file: hundreds of thousands of rows, written in chunks, each row judged by itself."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice, repeat
from operator import attrgetter
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from backend.apps.attendance.domain.punch_key import natural_punch_key, serial_punch_key
from backend.apps.attendance.models import Photo, Punch
from backend.apps.attendance.services.arrivals import data_arrived
from backend.apps.attendance.services.fold import attendance_fold
from backend.apps.attendance.services.punch_layout import PUNCH_LAYOUT
from backend.apps.attendance.services.punch_store import PunchRow, punches_insert
from backend.apps.audit.services import audit_record
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Region
from backend.apps.institutions.selectors import InstitutionUnclear, institution_directory, region_get
from backend.common.batches import batched
from backend.common.crypto import blind_index
from backend.common.id_number import IdNumber
from backend.common.service_month import ServiceMonth
from backend.common.sheets import CellInvalid, Column, ImportReport, Raw, Table, Tally
from backend.common.sheets.reading import Grid

CHUNK = 10_000  # rows of one transaction: short enough not to block others, long enough to be fast
CLOCK_TOLERANCE = timedelta(minutes=5)  # gate clocks are a little off
FOLD_CHILDREN = 500  # up to here only these children are folded, beyond it the county's month at once
_SOURCE = Punch.Source.GATE.value
_RARELY_REPEATED = frozenset({"happened_at", "arrived_at", "serial"})
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


class _Values(NamedTuple):
    """Converted cells of a row, in the order of PUNCH_LAYOUT; None for a blank or absent one."""

    code: str | None
    id_number: IdNumber | None
    institution_name: str | None
    credit_code: str | None
    happened_at: datetime
    direction: str
    source: str | None
    device: str | None
    arrived_at: datetime | None
    photo: str | None
    serial: str | None


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
            values = self._values(chunk)
            self._resolve([v for _, v in values])
            ready = [row for row in (self._row(number, v) for number, v in values) if row is not None]
            # One order for everybody: two imports of the same days wait for each other, never in a ring.
            ready.sort(key=_natural_order)
            with transaction.atomic():
                created = punches_insert(ready)
            self.tally.created += created
            self.tally.unchanged += len(ready) - created
            if created:
                self._note_months(ready)
            if self.progress is not None:
                self.progress(self.tally.rows)

    def _note_months(self, rows: Sequence[PunchRow]) -> None:
        """Children by month of the business day; `rows` are in order of time."""
        months = self.memory.months
        first, last = (
            ServiceMonth.of((row.happened_at + _SHANGHAI_OFFSET).date()) for row in (rows[0], rows[-1])
        )
        if first == last:  # nearly always
            months.setdefault(first, set()).update(row.child_id for row in rows)
            return
        for row in rows:
            month = ServiceMonth.of((row.happened_at + _SHANGHAI_OFFSET).date())
            months.setdefault(month, set()).add(row.child_id)

    def close(self, actor: Any) -> None:
        """Fold the months that got new punches; one audit event for the file."""
        for month, children in sorted(self.memory.months.items()):
            attendance_fold(
                county_code=self.county.code,
                month=month,
                child_ids=sorted(children) if len(children) <= FOLD_CHILDREN else None,
            )
            data_arrived(county_code=self.county.code, month=month)
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

    def _values(self, chunk: list[tuple[int, Sequence[Raw]]]) -> list[tuple[int, _Values]]:
        """Cells to values, column by column: a cell that repeats is converted once, and looking up is fast."""
        tally = self.tally
        last = max((place for _, place in self.columns if place is not None), default=0)
        rows = [
            cells if len(cells) > last else [*cells, *[""] * (last + 1 - len(cells))] for _, cells in chunk
        ]
        numbers = [number for number, _ in chunk]
        columns: list[Iterable[Any]] = [numbers]
        for column, place in self.columns:
            if place is None:
                columns.append(repeat(None))
                continue
            raws = [cells[place] for cells in rows]
            if column.key in _RARELY_REPEATED:
                values = [_convert(column, raw) for raw in raws]
            else:
                known = self.memory.converted.setdefault(column.key, {})
                known.update((raw, _convert(column, raw)) for raw in set(raws) - known.keys())
                values = [known[raw] for raw in raws]
            if _Bad in set(map(type, values)):
                for number, value in zip(numbers, values, strict=True):
                    if type(value) is _Bad:
                        tally.error(number, column.name, value.reason)
            columns.append(values)
        good = []
        for number, *cells in zip(*columns, strict=False):  # absent columns repeat None without end
            row = _Values(*cells)
            if tally.is_bad(number):
                continue
            if row.code is None and row.id_number is None:
                tally.error(number, "婴幼儿编号", "婴幼儿编号和证件号码至少填一项")
                continue
            good.append((number, row))
        return good

    def _resolve(self, values: list[_Values]) -> None:
        """Children and photos of the chunk that were not met before, in a few queries."""
        memory = self.memory
        codes = {v.code for v in values if v.code is not None} - memory.codes.keys()
        for batch in batched(sorted(codes), _BATCH):
            memory.codes |= dict(Child.objects.filter(code__in=batch).values_list("code", "pk"))
        numbers = {v.id_number.value for v in values if v.id_number is not None} - memory.numbers.keys()
        indexes = {blind_index("id_number", number): number for number in numbers}
        for batch in batched(sorted(indexes), _BATCH):
            found = Child.objects.filter(id_number_index__in=batch).values_list("id_number_index", "pk")
            memory.numbers |= {indexes[index]: pk for index, pk in found}
        photos = {v.photo for v in values if v.photo is not None} - memory.photos.keys()
        for batch in batched(sorted(photos), _BATCH):
            memory.photos |= dict(Photo.objects.filter(path__in=batch).values_list("path", "pk"))
        serials = {
            serial_punch_key(institution_id=pk, serial=v.serial)
            for v in values
            if v.serial is not None and isinstance(pk := self._institution(v), int)
        } - memory.serials.keys()
        for batch in batched(sorted(serials), _BATCH):
            for punch in Punch.objects.filter(idempotency_key__in=batch).only(
                "idempotency_key", "child_id", "institution_id", "happened_at", "direction"
            ):
                memory.serials[punch.idempotency_key] = natural_punch_key(
                    child_id=punch.child_id,
                    institution_id=punch.institution_id,
                    happened_at_utc=punch.happened_at.astimezone(UTC).replace(tzinfo=None),
                    direction=punch.direction,
                )

    def _institution(self, values: _Values) -> int | str:
        """Id, or the reason why there is none."""
        key = (values.institution_name or "", values.credit_code or "")
        found = self.memory.institutions.get(key)
        if found is None:
            try:
                found = self.directory.find(name=key[0], credit_code=key[1])
            except InstitutionUnclear as problem:
                found = str(problem)
            self.memory.institutions[key] = found
        return found

    def _child(self, number: int, values: _Values) -> int | None:
        code, id_number = values.code, values.id_number
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

    def _row(self, number: int, values: _Values) -> PunchRow | None:
        """A row ready to be written, or None with the reason in the tally."""
        tally = self.tally
        institution_id = self._institution(values)
        if isinstance(institution_id, str):
            tally.error(number, "机构名称", institution_id)
            return None
        child_id = self._child(number, values)
        if child_id is None:
            return None
        happened_at, arrived_at = values.happened_at, values.arrived_at
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
        if values.photo is not None:
            photo_id = self.memory.photos.get(values.photo)
            if photo_id is None:
                tally.remark(number, "照片", "没有入库这张照片, 打卡已按无照片保存")
        direction = values.direction
        natural = natural_punch_key(
            child_id=child_id,
            institution_id=institution_id,
            happened_at_utc=happened_at,
            direction=direction,
        )
        key = natural
        if values.serial is not None:
            key = serial_punch_key(institution_id=institution_id, serial=values.serial)
            if self.memory.serials.setdefault(key, natural) != natural:
                tally.error(number, "流水号", "这个流水号已用于另一条内容不同的打卡")
                return None
        return PunchRow(
            child_id,
            institution_id,
            happened_at,
            arrived_at,
            direction,
            values.source or _SOURCE,
            values.device or "",
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
