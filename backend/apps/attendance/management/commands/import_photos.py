"""manage.py import_photos FOLDER: gate pictures, before the punches that name them."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backend.apps.attendance.services import PhotoFile, photos_ingest, photos_match
from backend.apps.attendance.services.photo_reading import FORMATS
from backend.apps.institutions.models import Region
from backend.apps.institutions.selectors import region_get
from backend.common.errors import DomainError
from backend.common.sheets.command import DEFAULT_COUNTY, county_code_of


class Command(BaseCommand):
    help = "导入打卡照片: 文件夹内的相对路径即打卡表“照片”一列; 入库时计算指纹并查找重复照片"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER", help="照片文件夹(JPEG、PNG 或 WebP)")
        parser.add_argument("--county", default=DEFAULT_COUNTY, help="县(市、区)代码, 默认 %(default)s")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise CommandError(f"没有这个文件夹: {folder}")
        county_code = county_code_of(options["county"])
        try:
            region_get(code=county_code, level=Region.Level.COUNTY)
        except DomainError as problem:
            raise CommandError(problem.message) from None
        done = photos_ingest(county_code=county_code, files=_files(folder))
        matched = photos_match(county_code=county_code)
        for path, reason in done.refused:
            self.stderr.write(f"{path}: {reason}")
        self.stdout.write(
            f"照片入库 {done.created} 张, 已存在 {done.existing} 张, 未入库 {len(done.refused)} 张;"
            f" 比对 {matched.photos} 张, 重复 {matched.pairs} 对"
        )
        if done.refused:
            raise CommandError("有照片没有入库, 见上面的清单", returncode=1)


def _files(folder: Path) -> Iterator[PhotoFile]:
    wanted = {*FORMATS.values(), ".jpeg"}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in wanted and path.is_file() and not path.is_symlink():
            yield PhotoFile(path.relative_to(folder).as_posix(), path.read_bytes())
