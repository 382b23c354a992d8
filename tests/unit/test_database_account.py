"""Who runs the private database's server."""

import os
import pwd

import pytest

from function.database.account import AccountError, server_account

NOBODY = 65534


def become(monkeypatch: pytest.MonkeyPatch, user: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)


def test_a_user_runs_it_in_person(monkeypatch: pytest.MonkeyPatch) -> None:
    become(monkeypatch, NOBODY)
    for owner in (None, NOBODY):
        account = server_account(owner)
        assert (account.uid, account.assumed) == (NOBODY, False)


def test_another_users_database_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    become(monkeypatch, NOBODY)
    with pytest.raises(AccountError, match="belongs to user 0: run this as root or as that user"):
        server_account(0)


def test_root_steps_down_to_the_account_of_debians_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    become(monkeypatch, 0)
    postgres = pwd.getpwnam("postgres").pw_uid
    for owner in (None, 0):
        account = server_account(owner)
        assert (account.uid, account.assumed) == (postgres, True)


def test_root_steps_down_to_the_owner_of_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    become(monkeypatch, 0)
    assert server_account(NOBODY).uid == NOBODY


@pytest.mark.parametrize("user", [0, 4_000_000])
def test_a_user_that_the_system_does_not_know_is_told(
    monkeypatch: pytest.MonkeyPatch, user: int
) -> None:
    become(monkeypatch, user)
    with pytest.raises(AccountError, match="user 4000000, for the system has no such account"):
        server_account(4_000_000)
