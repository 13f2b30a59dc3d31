"""manage.py import_children FILE: children and enrolments from CSV or XLSX."""

from backend.apps.enrolment.services import children_import
from backend.common.sheets.command import ImportCommand


class Command(ImportCommand):
    help = "导入婴幼儿与在托登记(CSV 或 XLSX); 模板见 import_template children"
    importer = staticmethod(children_import)
