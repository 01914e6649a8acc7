# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in compose files: services, image volumes, builds and projects in a registry.

Format: the Compose Specification (https://github.com/compose-spec/compose-spec). A service is read
as compose reads it, merge keys and ``extends`` followed, so a fragment under ``x-`` is edited only
where a service uses it. What this project builds is never looked up: asking Docker Hub for
``library/myapp`` would let a stranger answer.
"""

from __future__ import annotations

from ..yamlnodes import Document, Mapping, Node, Scalar, Sequence, numbered
from ..yamlschema import Path, render_path
from .compose_build import Builds
from .image_text import parse_reference
from .survey import Survey

_PROJECT = "oci://"
_NEVER_PULLED = frozenset({"never", "build"})


def is_compose(document: Document) -> bool:
    """Whether a document looks like a compose file whatever its file is called."""
    root = document.root
    services = root.get("services") if isinstance(root, Mapping) else None
    if not isinstance(root, Mapping) or not isinstance(services, Mapping) or root.get("jobs"):
        return False
    return any(
        isinstance(service, Mapping) and (service.get("image") or service.get("build"))
        for _key, service in services.entries
    )


def find_compose(document: Document, survey: Survey) -> None:
    """Note every image of one compose document."""
    _Project(document, survey).read()


class _Project:
    """The services of one file and what is built there."""

    def __init__(self, document: Document, survey: Survey) -> None:
        self.survey = survey
        self.root = document.root
        services = survey.entries(survey.get(self.root, "services"))
        self.services = {key.value: service for key, service in services}
        self._known: dict[int, tuple[bool, str]] = {}
        """`_inherited` by the node's identity."""
        self.built = {
            name
            for service in self.services.values()
            if self._is_built(service) and not self._is_pulled(service)
            for name in self._built_names(service)
        }
        self.builds = Builds(survey, self._is_built_here)

    def read(self) -> None:
        for name, service in self.services.items():
            path: Path = ("services", name)
            veto = self._veto(service) or self._built_here(service, "image")
            self.survey.image(service, "image", path, veto=veto)
            self._read_volumes(service, path)
            self.builds.read(service, path)
            extends = self.survey.get(service, "extends")
            if extends is not None:
                self._read_project(extends, "file", (*path, "extends"))
        self.builds.read_inlines()
        self._read_includes()
        self._read_models()

    def _veto(self, service: Node) -> str:
        if self._is_built(service):
            return "built-and-pulled" if self._is_pulled(service) else "built-locally"
        if isinstance(self.survey.get(service, "extends"), Mapping) and self.survey.text(
            self.survey.get(service, "extends"), "file"
        ):
            return "extends-other-file"
        return "pull-policy" if self._pull_policy(service) in _NEVER_PULLED else ""

    def _is_built(self, service: Node) -> bool:
        """Whether the service, or one it extends in this file, has a ``build`` key."""
        return self._inherited(service)[0]

    def _is_pulled(self, service: Node) -> bool:
        """Whether the service says when its image is pulled, which a ``build`` key does not undo.

        Where it does not, the image is taken for one that nobody pushed.
        """
        return self._pull_policy(service) not in ("", *_NEVER_PULLED)

    def _pull_policy(self, service: Node) -> str:
        return self._inherited(service)[1]

    def _inherited(self, service: Node) -> tuple[bool, str]:
        """Whether the service is built, and its pull policy, from what it extends, nearest first.

        Each link of a chain is looked at once, however many services are chained.
        """
        links: list[Node] = []
        following: Node | None = service
        while following is not None and id(following) not in self._known:
            self._known[id(following)] = (False, "")  # a circle, which compose refuses, ends here
            links.append(following)
            following = self.services.get(self._extended(following))
        is_built, policy = self._known[id(following)] if following is not None else (False, "")
        for link in reversed(links):
            is_built = is_built or self.survey.get(link, "build") is not None
            policy = self.survey.text(link, "pull_policy") or policy
            self._known[id(link)] = (is_built, policy)
        return is_built, policy

    def _extended(self, service: Node) -> str:
        """The service of this file that *service* extends; empty for none."""
        extends = self.survey.get(service, "extends")
        if isinstance(extends, Scalar):
            return extends.value
        return "" if self.survey.text(extends, "file") else self.survey.text(extends, "service")

    def _built_names(self, service: Node) -> list[str]:
        tags = self.survey.get(self.survey.get(service, "build"), "tags")
        texts = [self.survey.text(service, "image")]
        if isinstance(tags, Sequence):
            texts += [tag.value for tag in tags.items if isinstance(tag, Scalar)]
        references = (parse_reference(text) for text in texts)
        return [reference.normalised for reference in references if reference]

    def _built_here(self, holder: Node, key: str) -> str:
        return "built-locally" if self._is_built_here(self.survey.text(holder, key)) else ""

    def _is_built_here(self, name: str) -> bool:
        reference = parse_reference(name)
        return reference is not None and reference.normalised in self.built

    def _read_volumes(self, service: Node, path: Path) -> None:
        volumes = self.survey.get(service, "volumes")
        for index, volume in numbered(volumes):
            if self.survey.text(volume, "type") == "image":
                veto = self._built_here(volume, "source")
                self.survey.image(volume, "source", (*path, "volumes", index), veto=veto)

    def _read_includes(self) -> None:
        """``include`` takes files, and projects in a registry, by tag or by digest."""
        includes = self.survey.get(self.root, "include")
        for index, item in numbered(includes):
            where: Path = ("include", index)
            paths = self.survey.get(item, "path")
            if isinstance(item, Scalar) and includes is not None:
                self._read_project(includes, index, ("include",))
            elif isinstance(paths, Sequence):
                for number, _path in numbered(paths):
                    self._read_project(paths, number, (*where, "path"))
            else:
                self._read_project(item, "path", where)

    def _read_project(self, holder: Node, key: str | int, path: Path) -> None:
        _name, value = self.survey.field(holder, key)
        if isinstance(value, Scalar) and value.value.startswith(_PROJECT):
            self.survey.image(holder, key, path, prefix=_PROJECT)

    def _read_models(self) -> None:
        """Top-level models are OCI artifacts that not every runner takes by digest."""
        for key, model in self.survey.entries(self.survey.get(self.root, "models")):
            value = self.survey.get(model, "model")
            if isinstance(value, Scalar) and parse_reference(value.value):
                path = render_path(("models", key.value, "model"))
                self.survey.remark("candidate", path, value.start, detail=value.value)
