"""The forges that host pull requests, as far as one comment goes: find ours, write it, or write it anew in its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from infra.errors import InclineError

TIMEOUT_S = 30
PAGE = 100


@dataclass(frozen=True, kw_only=True)
class Forge:
    """One pull request's comments on GitHub or GitLab. The token is kept out of every text."""

    name: str
    comments: str
    edit: str
    header: str
    token: str
    method: str

    def put(self, body: str, marker: str) -> str:
        """Write the comment that carries the marker: over the one that is there, else a new one. Answers `updated` or `created`.

        Raises:
            InclineError: the forge refuses (INC-5042) or does not answer (INC-5043).
        """
        existing = next((each for each in self._listed() if marker in str(each.get("body", ""))), None)
        if existing is None:
            self._send("POST", self.comments, {"body": body})
            return "created"
        self._send(self.method, f"{self.edit}/{existing['id']}", {"body": body})
        return "updated"

    def _listed(self) -> Iterator[dict[str, Any]]:
        page = 1
        while True:
            found = self._send("GET", f"{self.comments}?per_page={PAGE}&page={page}", None)
            yield from found
            if len(found) < PAGE:
                return
            page += 1

    def _send(self, method: str, url: str, content: dict[str, Any] | None) -> Any:
        data = None if content is None else json.dumps(content).encode()
        scheme, _, _ = url.partition(":")
        if scheme not in {"http", "https"}:
            raise InclineError(f"{self.name}: {url} is no web address", code="INC-5041", next_step="run this in the forge's own pipeline")
        request = Request(url, data=data, method=method)  # noqa: S310 - the scheme was looked at
        request.add_header("Content-Type", "application/json")
        request.add_header(self.header, f"Bearer {self.token}" if self.header == "Authorization" else self.token)
        try:
            with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                return json.loads(answer.read() or b"null")
        except HTTPError as error:
            words = error.read(300).decode("utf-8", "replace").strip()
            raise InclineError(
                f"{self.name} refuses the comment: {error.code} {error.reason}",
                code="INC-5042",
                details=(words,) if words else (),
                next_step="give the pipeline's token the right to write comments on pull requests",
            ) from error
        except (URLError, TimeoutError, json.JSONDecodeError) as error:
            raise InclineError(
                f"{self.name} does not answer: {error}", code="INC-5043", next_step="run the pipeline's step again"
            ) from error


def forge_of(environ: Mapping[str, str]) -> Forge:
    """The forge of the pipeline that this runs in, from the variables it sets.

    Raises:
        InclineError: this is no pipeline of a pull request, or a variable is missing (INC-5041).
    """
    if environ.get("GITHUB_REPOSITORY"):
        return _github(environ)
    if environ.get("CI_API_V4_URL"):
        return _gitlab(environ)
    raise InclineError(
        "this is neither a GitHub nor a GitLab pipeline: there is no pull request to comment on",
        code="INC-5041",
        next_step="leave --yes out to see the comment, or run it in the pipeline of docs/ci",
    )


def _github(environ: Mapping[str, str]) -> Forge:
    number = re.fullmatch(r"refs/pull/(\d+)/(?:merge|head)", environ.get("GITHUB_REF", ""))
    if number is None:
        raise InclineError(
            f"GITHUB_REF {environ.get('GITHUB_REF', '')!r} is no pull request", code="INC-5041", next_step="run this on pull_request"
        )
    base = f"{environ.get('GITHUB_API_URL', 'https://api.github.com')}/repos/{environ['GITHUB_REPOSITORY']}/issues"
    return Forge(
        name="GitHub",
        comments=f"{base}/{number[1]}/comments",
        edit=f"{base}/comments",
        header="Authorization",
        token=_required(environ, "GITHUB_TOKEN"),
        method="PATCH",
    )


def _gitlab(environ: Mapping[str, str]) -> Forge:
    project, request = quote(_required(environ, "CI_PROJECT_ID"), safe=""), _required(environ, "CI_MERGE_REQUEST_IID")
    notes = f"{environ['CI_API_V4_URL']}/projects/{project}/merge_requests/{request}/notes"
    token = _required(environ, "INCLINE_GITLAB_TOKEN")
    return Forge(name="GitLab", comments=notes, edit=notes, header="PRIVATE-TOKEN", token=token, method="PUT")


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise InclineError(f"the pipeline does not set {name}", code="INC-5041", next_step=f"hand {name} to this step; see docs/ci")
    return value
