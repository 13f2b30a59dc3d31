"""manage.py import_leaves FILE: leaves from CSV or XLSX."""

from backend.apps.attendance.services.leave_import import leaves_import
from backend.common.sheets.command import ImportCommand


class Command(ImportCommand):
    help = "导入请假记录(CSV 或 XLSX); 模板见 import_template leaves"
    importer = staticmethod(leaves_import)
