"""Outbox topics of attendance; payloads hold codes only."""

DATA_ARRIVED = "attendance.data_arrived"  # of a month that is over
