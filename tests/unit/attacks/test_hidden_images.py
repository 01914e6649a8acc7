# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Files that make a builder or a cluster use an image which `check` would not see."""

from __future__ import annotations

import pytest

from sealpin.manifests.finder import find_sites
from sealpin.manifests.prefilter import may_name_images
from support.processor_time import at_most

DOCKERFILES = {
    "a quoted word that looks like a heredoc": 'RUN echo "<<EOF"\nFROM evil:1\n',
    "a here-string": "RUN cat <<<EOF\nFROM evil:1\n",
    "a shift operator": "RUN echo $((1<<EOF))\nFROM evil:1\n",
    "a quoted heredoc that a continuation seems to end": (
        'RUN echo "<<EOF"\nFROM evil:1\nRUN true && \\\nEOF\n'
    ),
    "a quote that nothing closes": 'RUN echo " <<EOF\nFROM evil:1\n',
    "an escaped escape at the end of a line": "RUN echo x \\\\\nFROM evil:1\n",
    "an escape before a space that is no blank": "RUN echo x \\\u00a0\nFROM evil:1\n",
    "a mount's key in another case": "RUN --mount=type=bind,From=evil:1,target=/x true\n",
    "a mount's key in quotes": 'RUN --mount=type=bind,"from=evil:1",target=/x true\n',
    "a mount in escaped quotes": 'RUN --mount=type=bind,\\"from=evil:1\\",target=/x true\n',
    "a mount in quotes": "RUN --mount='type=bind,from=evil:1' true\n",
    "a second mount behind a flag with a space": (
        'RUN --security="in secure" --mount=type=bind,from=evil:1 true\n'
    ),
    "a flag with quotes inside": 'COPY --fr"om"=evil:1 /a /b\n',
    "a flag's value in quotes": 'COPY --from="evil:1" /a /b\n',
    "a stage name in the text of a heredoc": (
        "RUN <<EOF\n\tEOF\nFROM good:1 AS evil\nEOF\nFROM evil\n"
    ),
    "a stage name in a heredoc with an unusual name": (
        "RUN <<E-F\nFROM good:1 AS evil\nE-F\nFROM evil\n"
    ),
    "a stage name in a heredoc of ONBUILD": (
        "ONBUILD RUN <<EOF\nFROM good:1 AS evil\nEOF\nFROM evil\n"
    ),
    "a stage name behind a carriage return": "RUN echo x\rFROM good:1 AS evil\nFROM evil\n",
}

FIRST_LINES = {
    "a frontend with arguments": "# syntax=evil:1 with arguments\nFROM good:1\n",
    "a frontend in the other comment": "//syntax=evil:1\nFROM good:1\n",
    "a frontend behind a shebang": "#!/usr/bin/env docker\n# syntax=evil:1\nFROM good:1\n",
    "an escape behind a directive with a digit": (
        "# a1=b\n# escape=`\nFROM good:1\nRUN dir C:\\\nFROM evil:1\n"
    ),
    "an escape behind a directive of two words": (
        "# check=skip=a b\n# escape=`\nFROM good:1\nRUN dir C:\\\nFROM evil:1\n"
    ),
}


def seen(file: str, text: str) -> str:
    """What is said of a file: the texts of its sites and the details of its remarks."""
    data = text.encode()
    if not may_name_images(file, data):
        return ""
    found = find_sites(file, data)
    told = [remark.detail for remark in found.remarks if remark.code not in ("stage", "ignored")]
    return " ".join([*(site.text for site in found.sites), *told])


@pytest.mark.parametrize("rest", DOCKERFILES.values(), ids=DOCKERFILES.keys())
def test_sees_the_image_that_buildkit_builds_from(rest: str) -> None:
    assert "evil" in seen("Dockerfile", f"FROM good:1\n{rest}")


@pytest.mark.parametrize("text", FIRST_LINES.values(), ids=FIRST_LINES.keys())
def test_sees_the_image_that_parser_directives_lead_to(text: str) -> None:
    assert "evil" in seen("Dockerfile", text)


def test_tells_of_a_frontend_named_in_json() -> None:
    found = find_sites("Dockerfile", b'{"syntax": "evil:1"}\n')
    assert [remark.code for remark in found.remarks] == ["not-splicable"]


@pytest.mark.parametrize(
    "heredoc",
    [
        "RUN <<EOF\nFROM evil:1\nEOF\n",
        "RUN <<-'E F'\nFROM evil:1\n\tE F\n",
        "COPY 3<<A /x\nFROM e\nA\n",
    ],
)
def test_passes_over_the_text_of_a_heredoc(heredoc: str) -> None:
    found = find_sites("Dockerfile", f"FROM good:1\n{heredoc}FROM last:1\n".encode())
    assert [site.text for site in found.sites] == ["good:1", "last:1"]


POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: app\n    {}\n"
YAML = {
    "a key with a \\u escape": POD.format('"im\\u0061ge": evil:1'),
    "a key with a \\x escape": POD.format('"im\\x61ge": evil:1'),
    "a key with a \\U escape": POD.format('"im\\U00000061ge": evil:1'),
    "a key over two lines": POD.format('? "im\\\n      age"\n    : evil:1'),
    "a key in base64": POD.format("!!binary aW1hZ2U=: evil:1"),
    "a key in base64 under a tag's prefix": (
        "%TAG !e! tag:yaml.org,2002:bin\n---\n" + POD.format("!e!ary aW1hZ2U=: evil:1")
    ),
    "a kind that is there twice": (
        "apiVersion: v1\nkind: ConfigMap\nkind: Pod\nspec:\n  containers:\n  - image: evil:1\n"
    ),
    "a kind in the text of a quoted scalar": (
        'apiVersion: v1\n"kind": Pod\nspec:\n  containers:\n  - image: evil:1\n'
        'x: "\nkind: ConfigMap\n"\n'
    ),
    "a kind in a quoted scalar of an indented document": (
        " apiVersion: v1\n kind: Pod\n spec:\n  containers:\n  - image: evil:1\n"
        ' x: "\nkind: ConfigMap\n  "\n'
    ),
    "a kind in a quoted scalar of a flow mapping": (
        '{apiVersion: v1, kind: Pod, spec: {containers: [{image: "evil:1"}]}, x: "\n'
        'kind: ConfigMap\n"}\n'
    ),
    "a second document behind a document's end": (
        "apiVersion: v1\nkind: ConfigMap\n...\n---\n apiVersion: v1\n kind: Pod\n"
        " spec:\n  containers:\n  - image: evil:1\n"
    ),
    "a kind behind a carriage return": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\rkind: Pod\n"
        "spec:\n  containers:\n  - image: evil:1\n"
    ),
    "a kind behind a line separator": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\u2028kind: Pod\n"
        "spec:\n  containers:\n  - image: evil:1\n"
    ),
    "a kind whose name ends in List": (
        "apiVersion: x.example/v1\nkind: BlockList\nspec:\n  containers:\n  - image: evil:1\n"
    ),
    "a kind without images that has items": (
        "apiVersion: v1\nkind: ConfigMap\nitems:\n- apiVersion: v1\n  kind: Pod\n"
        "  spec:\n    containers:\n    - image: evil:1\n"
    ),
    "a list of a group that no cluster has": (
        "apiVersion: skaffold/v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n"
        "  spec:\n    containers:\n    - image: evil:1\n"
    ),
    "an item that is of its list's kind": (
        "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowList\nitems:\n"
        "- spec:\n    templates:\n    - container:\n        image: evil:1\n"
    ),
    "a document behind a byte order mark": (
        "apiVersion: v1\nkind: ConfigMap\n---\n\ufeff" + POD.format("image: evil:1")
    ),
    "a mapping under a merge key by its tag": (
        "apiVersion: v1\nkind: Pod\nx: &x {image: evil:1}\n"
        "spec: {containers: [{!!merge '<<': *x, name: app}]}\n"
    ),
    "a mapping under a merge key without a tag of its own": (
        "apiVersion: v1\nkind: Pod\nx: &x {image: evil:1}\n"
        "spec: {containers: [{! '<<': *x, name: app}]}\n"
    ),
    "a kind that a merge key brings": (
        "x: &x {apiVersion: v1, kind: Pod}\n<<: *x\nspec:\n  containers:\n  - image: evil:1\n"
    ),
}


@pytest.mark.parametrize("text", YAML.values(), ids=YAML.keys())
def test_sees_the_image_that_a_cluster_pulls(text: str) -> None:
    data = text.encode()
    assert may_name_images("pod.yaml", data)
    found = find_sites("pod.yaml", data)
    assert found.sites or [remark.code for remark in found.remarks] == ["duplicate-key"]


def test_sees_the_image_under_an_escaped_key_of_json() -> None:
    data = (
        b'{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"im\\u0061ge": "evil:1"}]}}'
    )
    assert may_name_images("pod.json", data)
    assert [site.text for site in find_sites("pod.json", data).sites] == ["evil:1"]


@pytest.mark.parametrize(
    "images",
    [
        "Images:\n- Name: good\n  NewTag: evil\n",
        "iMages:\n- name: good\n  newTAG: evil\n",
        "image\u017f:\n- name: evil\n",
    ],
)
def test_sees_the_override_that_kustomize_reads_in_any_case(images: str) -> None:
    """Its reader is Go's ``encoding/json``, which compares the names of fields without case."""
    assert "evil" in seen("kustomization.yaml", images)


@pytest.mark.parametrize(
    "images",
    [
        "images:\n- name: good\n  newTag: 1@sha256:00\n  NewTag: evil\n",
        "images:\n- name: good\n  newTag: 1@sha256:00\nImages:\n- name: evil\n",
    ],
)
def test_tells_of_a_field_that_kustomize_reads_twice(images: str) -> None:
    found = find_sites("kustomization.yaml", images.encode())
    assert [remark.code for remark in found.remarks] == ["duplicate-key"]


PATCHES = {
    "a value": ("/spec/containers/0/image", "evil:1"),
    "a container": ("/spec/containers/-", "{name: a, image: evil:1}"),
    "containers": ("/spec/template/spec/initContainers", "[{name: a, image: evil:1}]"),
    "a pod's specification": ("/spec/template/spec", "{containers: [{image: evil:1}]}"),
    "a volume": ("/spec/volumes/0", "{image: {reference: evil:1}}"),
    "a volume's reference": ("/spec/volumes/0/image/reference", "evil:1"),
}


@pytest.mark.parametrize(("path", "value"), PATCHES.values(), ids=PATCHES.keys())
def test_sees_the_image_that_a_json_patch_puts_into_an_object(path: str, value: str) -> None:
    text = f"- op: test\n  path: /kind\n  value: x\n- op: add\n  path: {path}\n  value: {value}\n"
    found = find_sites("patch.yaml", text.encode())
    assert [site.text for site in found.sites] == ["evil:1"]
    assert found.remarks == ()


INLINE_PATCHES = {
    "a merge": "patches:\n- patch: |-\n    spec: {containers: [{name: a, image: evil:1}]}\n",
    "a list of operations": (
        "patches:\n- Patch: |-\n    - op: add\n      path: /spec/containers/0/image\n"
        "      value: evil:1\n"
    ),
    "a text in the older field": (
        "patchesStrategicMerge:\n- |-\n  spec: {containers: [{name: a, image: evil:1}]}\n"
    ),
    "operations in the older field": (
        'patchesJson6902:\n- patch: \'[{"op": "add", "path": "/spec/containers/0/image"}]\'\n'
    ),
    "an escaped key": (
        'patches:\n- patch: |-\n    spec: {containers: [{name: a, "im\\u0061ge": evil:1}]}\n'
    ),
}


@pytest.mark.parametrize("text", INLINE_PATCHES.values(), ids=INLINE_PATCHES.keys())
def test_tells_of_the_image_in_the_text_of_a_patch(text: str) -> None:
    found = find_sites("kustomization.yaml", text.encode())
    assert [remark.code for remark in found.remarks] == ["patch-text"]


def test_tells_nothing_of_patches_without_images() -> None:
    text = (
        "patches:\n- path: image.yaml\n- patch: |-\n    spec: {imagePullPolicy: Always}\n"
        "patchesStrategicMerge: [image.yaml]\n"
    )
    assert find_sites("kustomization.yaml", text.encode()).remarks == ()


@pytest.mark.parametrize("policy", ["always", "missing", "daily", "every_1h"])
def test_tells_of_an_image_that_compose_pulls_though_it_could_build_it(policy: str) -> None:
    """Compose Specification, "pull_policy": only ``build`` and ``never`` ask no registry."""
    built = f"{{build: ., image: evil:1, pull_policy: {policy}}}"
    text = f"services:\n  a: {built}\n  b: {{image: evil:1}}\n"
    found = find_sites("compose.yaml", text.encode())
    assert [remark.code for remark in found.remarks] == ["built-and-pulled"]
    assert [site.path for site in found.sites] == ["$.services.b.image"]


def test_leaves_a_mark_alone_that_only_one_parser_takes_for_text() -> None:
    text = "# x\n\ufeff" + POD.format("image: evil:1")
    found = find_sites("pod.yaml", text.encode())
    assert [remark.code for remark in found.remarks] == ["unparseable"]


def test_mappings_that_merge_one_another_in_a_chain_take_no_time() -> None:
    links = "".join(f"a{n}: &a{n} {{<<: [{f'*a{n - 1},' * 9}]}}\n" for n in range(1, 3000))
    text = f"apiVersion: v1\nkind: Pod\na0: &a0 {{image: evil:1}}\n{links}"
    with at_most(10):
        found = find_sites("pod.yaml", text.encode())
    assert [remark.code for remark in found.remarks] == ["unparseable"]


def test_instruction_of_very_many_lines_takes_no_time() -> None:
    text = "FROM good:1\nRUN x " + "\\\n y " * 30_000
    with at_most(10):
        found = find_sites("Dockerfile", text.encode())
    assert [site.text for site in found.sites] == ["good:1"]


MANY = 20_000
ON_ONE_LINE = {
    "flags": ("Dockerfile", "COPY " + "--from=a.test/b:1 " * MANY + "a b\n", MANY),
    "mounts": ("Dockerfile", "RUN " + "--mount=from=a.test/b:1 " * MANY + "a\n", MANY),
    "triggers": ("Dockerfile", "ONBUILD " * MANY + "FROM a.test/b:1\n", 1),
    "arguments": (
        "x.container",
        "[Container]\nPodmanArgs=" + "--mount type=image,src=a.test/b:1 " * MANY + "\n",
        MANY,
    ),
    "features": (
        "devcontainer.json",
        '{"features":{' + ",".join(f'"a.test/b{n}:1":{{}}' for n in range(MANY)) + "}}",
        0,
    ),
    "containers": (
        "pod.json",
        '{"apiVersion":"v1","kind":"Pod","spec":{"containers":['
        + ",".join(['{"image":"a.test/b:1"}'] * MANY)
        + "]}}",
        MANY,
    ),
    "containers before a comment": (
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nspec: {containers: ["
        + "{image: a.test/b:1}, " * MANY
        + '{image: a.test/c:1}]} # sealpin: image {"$imagepolicy"\n',
        1,
    ),
    "comment": (
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: a.test/b:1 "
        + "#" * 10 * MANY
        + "\n",
        1,
    ),
    "chain": (
        "compose.yaml",
        "services:\n  s0: {image: a.test/b:1}\n"
        + "".join(f"  s{n}: {{extends: s{n - 1}}}\n" for n in range(1, MANY // 4)),
        1,
    ),
}


@pytest.mark.parametrize("case", ON_ONE_LINE)
def test_very_many_images_in_one_place_take_no_time_that_grows_with_their_square(
    case: str,
) -> None:
    path, text, sites = ON_ONE_LINE[case]
    with at_most(25):
        found = find_sites(path, text.encode())
    if case != "containers before a comment":
        assert len(found.sites) == sites


@pytest.mark.parametrize(
    ("line", "is_ignored"),
    [
        ("image: evil:1 # sealpin: ignore", True),
        ("image: 'evil:1'# sealpin: ignore", True),
        ("image: evil:1 # sealpin: ignores", False),
        ("image: evil:1 # x # sealpin: ignore", True),
        ("image: evil:1 # x# sealpin: ignore", False),
        ("image: evil:1 # x# sealpin: ignore # pin: ignore", True),
        ("{image: evil:1, name: '# sealpin: ignore'}", False),
        ('{image: evil:1, name: "it is \\"x\\" # sealpin: ignore"}', False),
        ("{image: evil:1, name: 'it''s # sealpin: ignore'}", False),
        ("{image: evil:1, name: '# sealpin: ignore'} # sealpin: ignore", True),
        ("{image: 'evil:1', name: \"x\"} # sealpin: ignore", True),
        ("{image: evil:1, name: it's} # isn't it # sealpin: ignore", True),
        ("image: evil:1 # 'quoted' and \"quoted\" # sealpin: ignore", True),
    ],
)
def test_only_a_comment_behind_the_value_leaves_an_image_alone(line: str, is_ignored: bool) -> None:
    text = f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - {line}\n"
    found = find_sites("pod.yaml", text.encode())
    assert [remark.code for remark in found.remarks if remark.code == "ignored"] == (
        ["ignored"] if is_ignored else []
    )
