"""manage.py import_staff FILE: 从业人员 from CSV or XLSX."""

from backend.apps.institutions.services import staff_import
from backend.common.sheets.command import ImportCommand


class Command(ImportCommand):
    help = "导入从业人员(CSV 或 XLSX); 模板见 import_template staff"
    importer = staticmethod(staff_import)
