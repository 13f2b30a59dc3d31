"""manage.py import_punches FILE: punches from CSV or XLSX."""

from backend.apps.attendance.services.punch_import import punches_import
from backend.common.sheets.command import ImportCommand


class Command(ImportCommand):
    help = "导入打卡记录(CSV 或 XLSX), 并更新日考勤; 模板见 import_template punches"
    importer = staticmethod(punches_import)
