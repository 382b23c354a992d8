"""Which database the commands work on."""

from function.database.cluster import PrivateCluster
from function.settings import Settings


def catalogue_url(settings: Settings) -> str:
    """Give the URL that is set, or else that of the private cluster.

    Raises:
        ClusterError: no URL is set and there is no private cluster.
    """
    return settings.database_url or PrivateCluster(settings.state_dir).url
