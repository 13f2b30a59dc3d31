"""manage.py photos_match: prints of photos from before there were any, and the comparison of what has not been compared."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from backend.apps.attendance.services import photos_match, photos_reprint
from backend.common.sheets.command import DEFAULT_COUNTY, county_code_of


class Command(BaseCommand):
    help = "为还没有指纹的照片补算指纹, 并查找重复照片; 可重复运行"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--county", default=DEFAULT_COUNTY, help="县(市、区)代码, 默认 %(default)s")

    def handle(self, *args: Any, **options: Any) -> None:
        county_code = county_code_of(options["county"])
        printed = photos_reprint(county_code=county_code)
        matched = photos_match(county_code=county_code)
        self.stdout.write(
            f"补算指纹 {printed.printed} 张, 文件已不在 {printed.unreadable} 张;"
            f" 比对 {matched.photos} 张, 看图 {matched.looked} 次, 重复 {matched.pairs} 对"
        )
