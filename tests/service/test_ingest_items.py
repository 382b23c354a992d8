"""``sentinel-ows ingest`` of STAC items: files, lines, searches; killed, doubled, cut off."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from serving import free_port
from stac_items import item
from stac_server import CONFORMANCE, QUERY, StacApi, stac_api

COMMAND = (sys.executable, "-m", "function.command")
# Everything that a catalogue holds, but for numbers that depend on who came first.
CONTENT = (
    """
    SELECT name, acquired, generated, cell, superseded, footprint::text, assets
    FROM scenes ORDER BY name
    """,
    """
    SELECT
        collection, cell, west, south, east, north, first_acquired, last_acquired, scene_count,
        st_astext(reach)
    FROM cell_extents ORDER BY collection, cell
    """,
    "SELECT cell FROM grid_cells ORDER BY 1",
    """
    SELECT scenes.name, held.fingerprint
    FROM scene_fingerprints AS held INNER JOIN scenes USING (scene_id) ORDER BY scenes.name
    """,
)


def start(url: str, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, *words],
        env=os.environ | {"SENTINEL_OWS_DATABASE_URL": url, "NO_PROXY": "*"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(url: str, *words: str, given: str = "") -> tuple[int, list[dict[str, Any]], str]:
    """Run a command; give its exit code, the lines of JSON and standard error."""
    with start(url, *words) as process:
        output, errors = process.communicate(given, timeout=120)
    return process.returncode, [json.loads(line) for line in output.splitlines()], errors


def ingest(url: str, *words: str, given: str = "") -> tuple[int, dict[str, int]]:
    """Run ingest; give its exit code and those figures of the summary that are not 0."""
    code, lines, _ = run(url, "ingest", *words, given=given)
    return code, {name: count for name, count in lines[-1]["summary"].items() if count}


def content(url: str) -> list[list[tuple[object, ...]]]:
    with psycopg.connect(url) as connection:
        return [connection.execute(query).fetchall() for query in CONTENT]


def emptied(url: str) -> str:
    with psycopg.connect(url) as connection:
        connection.execute("DELETE FROM scenes")
        connection.execute("DELETE FROM grid_cells")
    return url


def items(count: int) -> list[dict[str, Any]]:
    """Items of one cell, one a minute."""
    stamps = [f"20240601T{10 + number // 60:02}{number % 60:02}51" for number in range(count)]
    return [
        item(f"S2A_MSIL2A_{stamp}_N0510_R123_T29UNU_20240602T170000", f"https://data/{stamp}")
        for stamp in stamps
    ]


def write_lines(path: Path, found: Sequence[object]) -> Path:
    """Write the lines; who reads the file meanwhile sees those of before or all of these."""
    written = path.with_suffix(".part")
    written.write_text("".join(json.dumps(each) + "\n" for each in found))
    return written.rename(path)


def test_an_item_a_collection_and_lines_of_them(catalogue_url: str, tmp_path: Path) -> None:
    one, *others = items(4)
    (tmp_path / "one.json").write_text(json.dumps(one))
    collection = {"type": "FeatureCollection", "features": others[:2]}
    (tmp_path / "two.geojson").write_text(json.dumps(collection))
    lines = write_lines(tmp_path / "all.ndjson", [one, *others])
    sources = [str(tmp_path / name) for name in ("one.json", "two.geojson")]
    assert ingest(catalogue_url, *sources) == (0, {"new": 3})
    assert ingest(catalogue_url, *sources) == (0, {"unchanged": 3})
    assert ingest(catalogue_url, "-", given=lines.read_text()) == (0, {"unchanged": 3, "new": 1})


def test_what_is_no_item_is_refused_and_the_others_go_in(
    catalogue_url: str, tmp_path: Path
) -> None:
    good, impossible = items(2)
    impossible["properties"]["s2:datatake_id"] = "a\0b"
    path = write_lines(tmp_path / "mixed.jsonl", [good, impossible])
    with path.open("ab") as file:
        file.write(b"\n" + b"[" * 5000 + b"\nNaN\n" + b'{"x": "' + b"y" * (5 << 20) + b'"}\n')
    code, lines, errors = run(catalogue_url, "ingest", str(path))
    assert (code, errors) == (1, "")
    assert [(line["product"], line["outcome"]) for line in lines[:-1]] == [
        (f"{path}:1", "new"),
        (f"{path}:2", "refused"),
        (f"{path}:4", "refused"),
        (f"{path}:5", "refused"),
        (f"{path}:6", "refused"),
    ]
    assert sum(lines[-1]["reasons"].values()) == 4


def test_generations_supersede_each_other_across_sources_in_any_order(
    catalogue_url: str, tmp_path: Path
) -> None:
    old = item("S2A_MSIL2A_20240601T114351_N0500_R123_T29UNU_20240601T170000")
    new = item("S2A_MSIL2A_20240601T114351_N0510_R123_T29UNU_20250601T170000")
    late = write_lines(tmp_path / "late.ndjson", [old])
    soon = write_lines(tmp_path / "soon.ndjson", [new])
    assert ingest(catalogue_url, str(soon)) == (0, {"new": 1})
    assert ingest(catalogue_url, str(late)) == (0, {"new": 1, "superseded": 1})
    name = new["properties"]["s2:product_uri"].removesuffix(".SAFE")
    code, (removed, restored, summary), _ = run(catalogue_url, "remove", name, "--yes")
    assert code == 0
    assert (removed["product"], removed["change"]) == (name, "removed")
    assert restored["change"] == "restored"
    assert summary == {"summary": {"removed": 1, "restored": 1}}
    assert ingest(catalogue_url, str(soon)) == (0, {"new": 1, "superseding": 1})


def test_sources_of_one_product_do_not_take_turns(catalogue_url: str, tmp_path: Path) -> None:
    (found,) = items(1)
    other = json.loads(json.dumps(found).replace("https://data", "https://mirror"))
    other["id"] = "another service's"
    one = write_lines(tmp_path / "one.ndjson", [found])
    two = write_lines(tmp_path / "two.ndjson", [other])
    assert ingest(catalogue_url, str(one)) == (0, {"new": 1})
    assert ingest(catalogue_url, str(two)) == (0, {"updated": 1})
    before = content(catalogue_url)
    assert ingest(catalogue_url, str(one), str(two)) == (0, {"unchanged": 2})
    # Without a datatake it lacks something, and counts less than what another source told whole.
    del found["properties"]["s2:datatake_id"]
    write_lines(one, [found])
    assert ingest(catalogue_url, str(one)) == (0, {"updated": 1, "partial": 1})
    assert ingest(catalogue_url, str(two)) == (0, {"updated": 1})
    assert ingest(catalogue_url, str(one), str(two)) == (0, {"unchanged": 2, "partial": 1})
    assert content(catalogue_url)[0] == before[0]


def test_a_run_that_is_killed_goes_on_where_it_was(
    catalogue_url: str, module_catalogue_url: str, tmp_path: Path
) -> None:
    found = items(600)
    path = str(write_lines(tmp_path / "many.ndjson", found))
    assert ingest(emptied(module_catalogue_url), path) == (0, {"new": 600})
    with start(catalogue_url, "ingest", "--products-at-once", "1", path) as process:
        assert process.stdout is not None
        process.stdout.readline()  # the first chunk is written
        process.kill()
    with psycopg.connect(catalogue_url) as connection:
        (held,) = connection.execute("SELECT count(*) FROM scenes").fetchone() or (0,)
    assert held % 100 == 0, "a chunk is written or not"
    assert held >= 100
    code, counts = ingest(catalogue_url, path)
    assert (code, sum(counts.values())) == (0, 600)
    assert counts["unchanged"] >= held
    assert content(catalogue_url) == content(module_catalogue_url)


def test_a_signal_lets_what_is_in_hand_be_finished(catalogue_url: str, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "first.ndjson", items(1))
    with start(catalogue_url, "ingest", "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(path.read_text() * 100)
        process.stdin.flush()
        first = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        # Standard input stays open: the end comes by the signal alone.
        lines = process.stdout.read().splitlines()
        assert process.wait(60) == 128 + signal.SIGTERM
    assert first["outcome"] == "new"
    assert json.loads(lines[-1])["summary"]["new"] == 1


def test_two_runs_over_the_same_products_at_once(
    catalogue_url: str, module_catalogue_url: str, tmp_path: Path
) -> None:
    found = items(300)
    alone = str(write_lines(tmp_path / "alone.ndjson", found))
    there = str(write_lines(tmp_path / "there.ndjson", found[:200]))
    back = str(write_lines(tmp_path / "back.ndjson", found[:99:-1]))
    with (
        start(catalogue_url, "ingest", there) as one,
        start(catalogue_url, "ingest", back) as other,
    ):
        told = [process.communicate(timeout=120) for process in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0), told
    counts = [json.loads(output.splitlines()[-1])["summary"] for output, _ in told]
    assert sum(each["new"] for each in counts) == 300
    assert ingest(emptied(module_catalogue_url), alone) == (0, {"new": 300})
    # Fingerprints tell the document too, and so differ.
    assert content(catalogue_url)[:-1] == content(module_catalogue_url)[:-1]


def test_a_search_of_a_stac_api(catalogue_url: str) -> None:
    found = items(5)
    found[3]["properties"]["eo:cloud_cover"] = 90
    search = ("--collection", "sentinel-2-l2a", "--bbox", "-10", "50", "-8", "54")
    with stac_api(StacApi(found, conformance=[QUERY])) as api:
        words = ("--stac-api", api.url, *search, "--datetime", "2024-06", "--max-cloud", "50")
        assert ingest(catalogue_url, *words) == (0, {"new": 4})
        assert ingest(catalogue_url, *words) == (0, {"unchanged": 4})
    first = api.asked[0]
    assert first["collections"] == ["sentinel-2-l2a"]
    assert first["bbox"] == [-10, 50, -8, 54]
    assert first["datetime"] == "2024-06-01T00:00:00Z/2024-06-30T23:59:59.999999Z"
    assert first["query"] == {"eo:cloud_cover": {"lte": 50}}
    with stac_api(StacApi(found)) as api:
        limited = ("--stac-api", api.url, *search, "--limit", "3")
        assert ingest(catalogue_url, *limited) == (0, {"unchanged": 3})
    assert "query" not in api.asked[0]


def test_a_search_that_breaks_off_is_told_and_gone_on_with(catalogue_url: str) -> None:
    words = ("--collection", "sentinel-2-l2a")
    with stac_api(StacApi(items(5))) as api:
        api.pages = 1
        code, lines, errors = run(catalogue_url, "ingest", "--stac-api", api.url, *words)
        assert (code, errors) == (3, "")
        assert [line["outcome"] for line in lines[:-1]] == ["new", "new", "unreachable"]
        assert "busy" in lines[2]["reason"]
        api.pages = 1000
        counts = {"new": 3, "unchanged": 2}
        assert ingest(catalogue_url, "--stac-api", api.url, *words) == (0, counts)


@pytest.mark.parametrize("source", ["absent.json", "absent.ndjson", "api", "hostile", "unfit"])
def test_a_source_that_cannot_be_reached_does_not_keep_the_others_out(
    catalogue_url: str, tmp_path: Path, source: str
) -> None:
    good = str(write_lines(tmp_path / "good.ndjson", items(1)))
    with stac_api(StacApi(["item", 7, None])) as api:
        if source == "unfit":
            api.conformance = [CONFORMANCE[0]]
        unreachable = f"http://127.0.0.1:{free_port()}"
        searched = {"api": unreachable, "hostile": api.url, "unfit": api.url}.get(source)
        words = (
            [str(tmp_path / source), good]
            if searched is None
            else [good, "--stac-api", searched, "--collection", "x", "--max-cloud", "5"]
        )
        code, counts = ingest(catalogue_url, *words)
    assert (code, counts) == (3, {"new": 1, "unreachable": 1})


def test_watching_finds_what_comes_later(catalogue_url: str, tmp_path: Path) -> None:
    found = items(2)
    path = write_lines(tmp_path / "growing.ndjson", found[:1])
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    words = ("--watch", "0.05", str(broken), str(path))
    with start(catalogue_url, "ingest", *words) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["outcome"] == "refused"
        assert json.loads(process.stdout.readline())["outcome"] == "new"
        write_lines(path, found)
        line = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        lines = process.stdout.read().splitlines()
        assert process.wait(60) == 0
    assert (line["product"], line["outcome"]) == (f"{path}:2", "new")
    counts = json.loads(lines[-1])["summary"]
    # What is refused as it was before is told, and counted, once.
    assert (counts["new"], counts["refused"]) == (2, 1)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--collection", "x", "a.json"],
        ["--stac-api", "http://127.0.0.1:9"],
        ["--stac-api", "http://[", "--collection", "x"],
        ["--stac-api", "catalog.json", "--collection", "x"],
        ["--watch", "5", "-"],
        ["--watch", "0", "a.json"],
        ["--stac-api", "http://127.0.0.1:9", "--collection", "x", "--datetime", "yesterday"],
        ["--stac-api", "http://127.0.0.1:9", "--collection", "x", "--datetime", "2024-13"],
        ["--products-at-once", "none", "a.json"],
        ["--again", "--watch", "1", "a.json"],
        ["s3://"],
        ["s3:///prefix"],
        ["s3://buck et/X.SAFE"],
        ["ftp://host/X.SAFE"],
        ["https://[::1/X.SAFE"],
        ["https://host/items.json?sig=secret"],
        ["s3://bucket/items.ndjson"],
    ],
)
def test_arguments_that_do_not_go_together_are_misuse(catalogue_url: str, words: list[str]) -> None:
    code, lines, errors = run(catalogue_url, "ingest", *words)
    assert (code, [line for line in lines if "summary" not in line]) == (2, [])
    assert "Traceback" not in errors
    assert "secret" not in errors
    assert errors


@pytest.mark.parametrize("words", [["ingest", "-"], ["list"]])
def test_a_reader_that_has_gone_ends_a_command_quietly(
    catalogue_url: str, words: list[str]
) -> None:
    given = "".join(json.dumps(each) + "\n" for each in items(1))
    assert ingest(catalogue_url, "-", given=given) == (0, {"new": 1})
    with start(catalogue_url, *words) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, errors = process.communicate(given, timeout=60)
    assert (process.returncode, errors) == (141, "")


def test_listing_showing_and_removing(catalogue_url: str, tmp_path: Path) -> None:
    found = items(3)
    names = [each["properties"]["s2:product_uri"].removesuffix(".SAFE") for each in found]
    ingest(catalogue_url, str(write_lines(tmp_path / "three.ndjson", found)))

    def listed(*words: str) -> list[str]:
        code, lines, _ = run(catalogue_url, "list", *words)
        assert code == 0
        return [line["name"] for line in lines]

    assert listed() == names[::-1]
    assert listed("--limit", "2") == names[:0:-1]
    assert listed("--cell", "29UNU", "--collection", "sentinel-2-l2a") == names[::-1]
    assert listed("--cell", "29UPU") == []
    assert listed("--time", "2024-06-01T10:01") == [names[1]]
    assert listed("--before", "2024-06-01T10:01:51Z") == [names[0]]
    assert listed("--bbox", "-9.5", "52.5", "-8.995", "53.5") == names[::-1]
    assert listed("--bbox", "5", "52.5", "6", "53.5") == []
    shown = subprocess.run(
        [*COMMAND, "show", names[0], f"{names[1]}.SAFE"],
        env=os.environ | {"SENTINEL_OWS_DATABASE_URL": catalogue_url},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    document, end = json.JSONDecoder().raw_decode(shown)
    assert document["name"] == names[0]
    assert document["images"] == len(document["assets"]["assets"]) == 2
    assert document["root"] == document["assets"]["root"]
    assert run(catalogue_url, "list", "--limit", "1")[1][0]["root"].startswith("https://data/")
    assert document["footprint"]["type"] == "MultiPolygon"
    assert json.loads(shown[end:])["name"] == names[1]
    code, _, errors = run(catalogue_url, "show", "nothing")
    assert (code, errors) == (1, "sentinel-ows: the catalogue holds no scene nothing\n")
    code, lines, _ = run(catalogue_url, "remove", "--before", "2024-06-01T10:02")
    assert [line.get("change") for line in lines] == ["would be removed"] * 2 + [None]
    assert listed() == names[::-1]
    code, lines, _ = run(catalogue_url, "remove", "--before", "2024-06-01T10:02", "--yes")
    assert (code, lines[-1]) == (0, {"summary": {"removed": 2, "restored": 0}})
    assert listed() == [names[2]]
    code, lines, errors = run(catalogue_url, "remove", "nothing", names[2], "--yes")
    assert (code, lines[-1]) == (1, {"summary": {"removed": 1, "restored": 0}})
    assert errors == "sentinel-ows: the catalogue holds no scene nothing\n"
    assert run(catalogue_url, "remove", "--yes")[0] == 2
    assert run(catalogue_url, "remove", "a", "--cell", "29UNU")[0] == 2
    with psycopg.connect(catalogue_url) as connection:
        for table in ("scenes", "collections", "cell_extents", "scene_fingerprints"):
            query = psycopg.sql.SQL("SELECT count(*) FROM {}").format(psycopg.sql.Identifier(table))
            assert connection.execute(query).fetchone() == (0,), table
