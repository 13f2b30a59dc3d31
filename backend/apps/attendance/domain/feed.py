"""Why nothing came from an institution or a device on a day: pure, over punches and heartbeats per device and day."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

USUAL_SHARE: Final = 2  # a device is usual when it delivered on at least one in this many captured days
BUSY: Final = 6  # punches a day from which on an empty day is strange although the device was alive


class Cause(StrEnum):
    """As far as the system can see; it never settles anything by itself."""

    OFFLINE = "device_offline"
    NOT_SENT = "feed_not_sent"
    UNKNOWN = "unknown"

    @property
    def text(self) -> str:
        return {
            Cause.OFFLINE: "设备离线: 当日没有心跳",
            Cause.NOT_SENT: "设备在线, 但当日没有送来打卡",
            Cause.UNKNOWN: "原因不明: 没有登记设备, 或设备从不上报心跳",
        }[self]


@dataclass(frozen=True, slots=True)
class DeviceMonth:
    """One device over a month: punches by day, days with a heartbeat, days on which it was in use."""

    code: str
    punches: Mapping[date, int]
    alive: Collection[date]
    in_use: Collection[date]

    def usual(self, captured: Sequence[date]) -> bool:
        """Does the institution rely on it? A spare one may be silent."""
        days = [day for day in captured if day in self.in_use]
        return bool(days) and sum(day in self.punches for day in days) * USUAL_SHARE >= len(days)

    @property
    def busy(self) -> bool:
        return bool(self.punches) and sum(self.punches.values()) >= BUSY * len(self.punches)

    def silent_on(self, day: date, captured: Sequence[date]) -> bool:
        """No punch although it should have: it was dead, or alive and is never that quiet."""
        if day in self.punches or day not in self.in_use or not self.usual(captured):
            return False
        beats = bool(self.alive)
        return self.busy or (beats and day not in self.alive)


def cause_on(day: date, devices: Collection[DeviceMonth]) -> Cause:
    """Of a day on which none of `devices` delivered; devices that never beat say nothing.

    >>> day = date(2026, 10, 9)
    >>> cause_on(day, [DeviceMonth("A", {}, [date(2026, 10, 8)], [day])]).value
    'device_offline'
    >>> cause_on(day, [DeviceMonth("A", {}, [day], [day])]).value
    'feed_not_sent'
    """
    telling = [device for device in devices if day in device.in_use and device.alive]
    if not telling:
        return Cause.UNKNOWN
    return Cause.NOT_SENT if any(day in device.alive for device in telling) else Cause.OFFLINE
