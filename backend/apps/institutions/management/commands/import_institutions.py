"""manage.py import_institutions FILE: 托育机构 from CSV or XLSX."""

from backend.apps.institutions.services import institutions_import
from backend.common.sheets.command import ImportCommand


class Command(ImportCommand):
    help = "导入托育机构(CSV 或 XLSX); 模板见 import_template institutions"
    importer = staticmethod(institutions_import)
