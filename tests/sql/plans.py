"""The plans that statements within functions ran by."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg

Node = dict[str, Any]


def nested_plans(connection: psycopg.Connection, query: str) -> list[Node]:
    """Run ``query`` and give every executed node of every plan, those of functions' included."""
    logged: list[str] = []

    def keep(diagnostic: psycopg.errors.Diagnostic) -> None:
        logged.append(diagnostic.message_primary or "")

    connection.execute("LOAD 'auto_explain'")
    for setting, value in {
        "auto_explain.log_min_duration": "0",
        "auto_explain.log_nested_statements": "on",
        "auto_explain.log_analyze": "on",
        "auto_explain.log_format": "json",
        "client_min_messages": "log",
    }.items():
        connection.execute(f"SET {setting} = '{value}'".encode())
    connection.add_notice_handler(keep)
    connection.execute(query.encode())
    connection.remove_notice_handler(keep)
    connection.execute("SET client_min_messages = notice")
    plans = [message[message.index("{") :] for message in logged if "plan:" in message]
    return [node for plan in plans for node in _nodes(json.loads(plan)["Plan"])]


def _nodes(plan: Node) -> Iterator[Node]:
    if plan["Actual Loops"] == 0:
        return
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)
