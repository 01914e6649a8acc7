# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A look at a file's bytes before anything heavy is imported: can it name an image at all?

The hook's budget on a commit without images is interpreter start and little more, so this module
imports nothing, not even `re`. It answers yes when in doubt; finders decide.
"""

from __future__ import annotations

_IMAGE_WORDS: tuple[bytes, ...] = (b"image", b"Image", b"IMAGE", b"sealpin:", b"\0")
# What a key of YAML or JSON can be spelled with, so that no word stands there as it is.
SPELLINGS = ("\\x", "\\u", "\\U", "\\\n", "\\\r", "!binary", ":binary>", "%TAG")
_SPELLED_WORDS = tuple(spelling.encode() for spelling in SPELLINGS)
# Words of YAML documents that may name an image without the word itself: custom resources of Flux,
# Argo CD, Tekton and OpenShift, the inline Dockerfile of a compose file and resources of ECS.
OTHER_WORDS = (
    "HelmRelease",
    "OCIRepository",
    "valuesObject",
    "tekton.dev",
    "DockerImage",
    "BuildConfig",
    "dockerfile_inline",
    "AWS::ECS::",
)
_OTHER_WORDS = tuple(word.encode() for word in OTHER_WORDS)
# Words that bring an image into a file of a certain name without the word "image"; the empty one
# is in every file. Keys of a kustomization may be written in any case.
_WORDS_BY_NAME: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("dockerfile", (b"",)),
    ("containerfile", (b"",)),
    ("kustomization", (b"",)),
    ("values", (b"repository",)),
    ("gitlab-ci", (b"services", b"step", b"func")),
    ("azure-pipelines", (b"container", b"services")),
    ("bitbucket-pipelines", (b"docker://",)),
    ("cloudbuild", (b"name",)),
    ("devcontainer", (b"features", b"cacheFrom")),
    ("compose", (b"model", b"cache_", b"cache-", b"oci://")),
    ("bake.", (b"cache-", b"dockerfile-inline")),
    ("docker-bake", (b"cache-", b"dockerfile-inline")),
    (".artifact", (b"Artifact",)),
    (".build", (b"PodmanArgs",)),
    (".container", (b"artifact",)),
)
_WORDS_BY_FOLDER: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("workflows/", (b"docker://", b"container", b"services")),
    (".gitlab/", (b"services", b"step", b"func")),
    (".gitlab-ci/", (b"services", b"step", b"func")),
    (".artifact.d/", (b"Artifact",)),
    (".build.d/", (b"PodmanArgs",)),
    (".container.d/", (b"artifact",)),
    (".azure-pipelines/", (b"container", b"services")),
)


def may_name_images(path: str, data: bytes, *, words: tuple[bytes, ...] = ()) -> bool:
    """Whether the file at *path* with content *data* has to be read by a finder.

    *words* are keys of custom paths, of which the project's configuration may have some.
    """
    if b"image" in data:  # most files that are read at all
        return True
    return any(word in data for word in (*_words(path), *words))


def _words(path: str) -> tuple[bytes, ...]:
    normal = path.replace("\\", "/")
    name = normal.rpartition("/")[2].lower()
    words = _IMAGE_WORDS
    if name.endswith((".yaml", ".yml", ".json")):
        words += _SPELLED_WORDS + _OTHER_WORDS
    for part, more in _WORDS_BY_NAME:
        if part in name:
            words += more
    for folder, more in _WORDS_BY_FOLDER:
        if folder in normal:
            words += more
    if name in ("action.yml", "action.yaml"):
        words += (b"docker://",)
    return words
