"""Ingest of real products of every kind at once, as they lie in an archive."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from radar_products import NAME, write_strip_map

from function.catalogue.pool import CataloguePool

WHOLE = NAME
RADAR = "S1A_IW_GRDH_1SDV_20180716T004042_20180716T004107_022812_02792A_FD5B"
LEVEL_2A = "S2A_MSIL2A_20221005T115411_N0400_R023_T29UNU_20221005T164454"
LEVEL_1C = "S2A_MSIL1C_20180101T105441_N0206_R051_T31TDH_20180101T124911"
# Their images are not in the folder.
METADATA_ALONE = {
    "S1A_IW_GRDH_1SDV_20210809T173953_20210809T174018_039156_049F13_6FF8",
    "S1A_EW_GRDM_1SDH_20221130T014342_20221130T014446_046117_058549_BB15",
}


def ingest(url: str, *sources: Path) -> tuple[int, list[dict[str, Any]]]:
    done = subprocess.run(
        [sys.executable, "-m", "function.command", "ingest", *map(str, sources)],
        env=os.environ | {"SENTINEL_OWS_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_products_of_every_kind(
    shared: Path, tmp_path: Path, catalogue_url: str, catalogue_pool: CataloguePool
) -> None:
    write_strip_map(tmp_path)
    sources = (shared / "data" / "sentinel-1", shared / "data" / "sentinel-2", tmp_path)
    code, (*lines, last) = ingest(catalogue_url, *sources)
    told = {Path(line["product"]).name.removesuffix(".SAFE"): line for line in lines}
    assert code == 1
    assert {name: line["outcome"] for name, line in told.items()} == {
        **dict.fromkeys((WHOLE, RADAR, LEVEL_2A, LEVEL_1C), "new"),
        **dict.fromkeys(METADATA_ALONE, "refused"),
    }
    for name in METADATA_ALONE:
        assert told[name]["reason"].startswith("all images of ")
    assert {name for name, line in told.items() if "warnings" in line} == {
        RADAR, LEVEL_2A, LEVEL_1C,
    }  # fmt: skip
    counts = {"new": 4, "refused": 2, "partial": 3}
    assert {name: last["summary"][name] for name in counts} == counts
    held = catalogue_pool.fetch("SELECT collection, scene_count FROM collections ORDER BY 1")
    assert held == [("sentinel-1-grd", 2), ("sentinel-2-l1c", 1), ("sentinel-2-l2a", 1)]

    code, (*lines, last) = ingest(catalogue_url, *sources)
    assert code == 1
    counts = {"new": 0, "unchanged": 4, "refused": 2}
    assert {name: last["summary"][name] for name in counts} == counts
