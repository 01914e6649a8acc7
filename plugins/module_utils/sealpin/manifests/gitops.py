# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in the custom resources of Flux and Argo CD: values and overrides inside an API object.

``HelmRelease`` and ``Application`` carry what else is a values file or a kustomization, so the same
readers serve them. ``OCIRepository`` names an artifact by URL, tag and digest; Flux ignores the tag
once there is a digest, and takes no ``tag@digest`` (fluxcd/source-controller#1471).

https://fluxcd.io/flux/components/, https://argo-cd.readthedocs.io/en/stable/user-guide/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..yamlnodes import Node, Scalar, numbered
from ..yamlschema import Path, render_path
from .helm_values import read_values
from .image_text import parse_reference
from .kustomize import read_entry, read_kustomization, read_patches
from .parts import note_digest
from .survey import Survey

_OCI = "oci://"


def read_gitops(group: str, kind: str, root: Node, path: Path, survey: Survey) -> None:
    """Note the images of an object that is one of Flux's or Argo CD's; else do nothing."""
    reader = _READERS.get((group, kind))
    if reader is not None:
        reader(root, path, survey)


def _read_helm_release(root: Node, path: Path, survey: Survey) -> None:
    spec, below = _descend(survey, root, path, "spec")
    values, values_path = _descend(survey, spec, below, "values")
    if values is not None:
        read_values(values, values_path, survey)
    for renderer, renderer_path in _items(survey, spec, below, "postRenderers"):
        kustomize, kustomize_path = _descend(survey, renderer, renderer_path, "kustomize")
        read_kustomization(kustomize, kustomize_path, survey)


def _read_kustomization(root: Node, path: Path, survey: Survey) -> None:
    read_kustomization(*_descend(survey, root, path, "spec"), survey)


def _read_image_tag_transformer(root: Node, path: Path, survey: Survey) -> None:
    """Kustomize's ``images`` as a configuration file of its built-in transformer."""
    entry, below = _descend(survey, root, path, "imageTag")
    if entry is not None and survey.text(root, "apiVersion") == "builtin":
        read_entry(entry, below, survey)


def _read_oci_repository(root: Node, path: Path, survey: Survey) -> None:
    spec, below = _descend(survey, root, path, "spec")
    url = survey.text(spec, "url")
    if spec is None or not url.startswith(_OCI):
        return
    name, tag = url.removeprefix(_OCI), ""
    ref, ref_path = _descend(survey, spec, below, "ref")
    digest = survey.get(ref, "digest")
    is_range = bool(survey.text(ref, "semver"))
    if not is_range:
        tag = survey.text(ref, "tag")
    has_field = isinstance(digest, Scalar) and not digest.is_plain and bool(tag)
    if ref is not None and (survey.text(ref, "digest") or has_field):
        note_digest(survey, ref, "digest", ref_path, name=name, tag=tag)
        return
    holder = ref or spec
    detail = f"{name}:{tag or survey.text(ref, 'semver') or 'latest'}"
    code = "no-digest-field" if tag else "no-tag-field"
    survey.remark(code, render_path(ref_path), holder.start, detail=detail)


def _read_application(root: Node, path: Path, survey: Survey) -> None:
    spec, below = _descend(survey, root, path, "spec")
    source, source_path = _descend(survey, spec, below, "source")
    if source is not None:
        _read_source(source, source_path, survey)
    for item, item_path in _items(survey, spec, below, "sources"):
        _read_source(item, item_path, survey)


def _read_application_set(root: Node, path: Path, survey: Survey) -> None:
    spec, below = _descend(survey, root, path, "spec")
    template, template_path = _descend(survey, spec, below, "template")
    if template is not None:
        _read_application(template, template_path, survey)


def _read_source(source: Node, path: Path, survey: Survey) -> None:
    helm, below = _descend(survey, source, path, "helm")
    values, values_path = _descend(survey, helm, below, "valuesObject")
    if values is not None:
        read_values(values, values_path, survey)
    text = survey.get(helm, "values")
    if isinstance(text, Scalar) and ("image" in text.value or "repository" in text.value):
        survey.remark("values-text", render_path((*below, "values")), text.start)
    kustomize, kustomize_path = _descend(survey, source, path, "kustomize")
    images = survey.get(kustomize, "images")
    for index, item in numbered(images):
        _read_override(images, index, item, (*kustomize_path, "images"), survey)
    read_patches(kustomize, kustomize_path, survey)


def _read_override(images: Node | None, index: int, item: Node, path: Path, survey: Survey) -> None:
    """Read ``[NAME=]IMAGE[:TAG]``, the argument of ``kustomize edit set image``.

    Without ``NAME=`` Kustomize cuts at the ``@`` alone and looks for an image called ``name:tag``
    (kubernetes-sigs/kustomize#4713), so a digest behind the tag would switch the override off.
    """
    name, equals, image = item.value.rpartition("=") if isinstance(item, Scalar) else ("", "", "")
    reference = parse_reference(image)
    code = ""
    if reference is not None and reference.digest is None:
        code = "no-newTag" if reference.tag is None else "" if equals else "short-override"
    if code:
        detail = item.value if isinstance(item, Scalar) else ""
        survey.remark(code, render_path((*path, index)), item.start, detail=detail)
    else:
        survey.image(images, index, path, prefix=f"{name}{equals}")


def _descend(survey: Survey, node: Node | None, path: Path, key: str) -> tuple[Node | None, Path]:
    return survey.get(node, key), (*path, key)


def _items(survey: Survey, node: Node | None, path: Path, key: str) -> Iterator[tuple[Node, Path]]:
    value, below = _descend(survey, node, path, key)
    for index, item in numbered(value):
        yield item, (*below, index)


_READERS: dict[tuple[str, str], Callable[[Node, Path, Survey], None]] = {
    ("helm.toolkit.fluxcd.io", "HelmRelease"): _read_helm_release,
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): _read_kustomization,
    ("source.toolkit.fluxcd.io", "OCIRepository"): _read_oci_repository,
    ("", "ImageTagTransformer"): _read_image_tag_transformer,
    ("argoproj.io", "Application"): _read_application,
    ("argoproj.io", "ApplicationSet"): _read_application_set,
}
