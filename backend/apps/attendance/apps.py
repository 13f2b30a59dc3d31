from django.apps import AppConfig


class AttendanceConfig(AppConfig):
    name = "backend.apps.attendance"
    label = "attendance"
    verbose_name = "考勤"
