"""The request path, from the texts of a request to its answer; see ``path``."""

from function.answer.exchange import Answer, Asked
from function.answer.path import RequestPath

__all__ = ["Answer", "Asked", "RequestPath"]
