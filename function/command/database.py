"""``sentinel-ows database``: the private cluster."""

import argparse

from function.database.cluster import ClusterState, PrivateCluster
from function.settings import Settings

# What the Linux Standard Base asks of a `status` where the program does not run.
NOT_RUNNING = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("start", "stop", "status"))


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Do it; ``status`` exits with 0 where the cluster takes connections, with 3 where not."""
    cluster = PrivateCluster(settings.state_dir)
    if arguments.action == "start":
        cluster.start()
    elif arguments.action == "stop":
        cluster.stop()
    state = cluster.status()
    print(f"{state}, {cluster.url}" if state is ClusterState.RUNNING else state)
    return NOT_RUNNING if arguments.action == "status" and state is not ClusterState.RUNNING else 0
