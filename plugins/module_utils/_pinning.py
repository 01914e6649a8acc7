# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The task that pins the images of files.

1. Find the images of every file, where the project says they stand.
2. Decide on every image, make the pins.
3. Rewrite each file whose pins change it; a file that fails keeps its bytes, the others go on.
4. Record what was proven in the lock file.
5. Report every image, every place and every remark; fail for what was refused or not checked.

In check mode steps 3 and 4 write nothing and say what they would.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._files import FileChange, put_file
from ._sessions import Params, machine, open_session, platform_of, read_rules, registry_weakenings
from ._tasks import Entry, Result, conclude, decided_entry, error_result
from .sealpin.errors import InvalidInput, SealpinError
from .sealpin.inputs import PoliciesOnDisk
from .sealpin.manifests.finder import find_sites
from .sealpin.manifests.lock import Lock
from .sealpin.manifests.options import FindOptions
from .sealpin.manifests.prefilter import may_name_images
from .sealpin.manifests.rewrite import apply
from .sealpin.manifests.site import Found, TagStyle
from .sealpin.pinning import FileResult, SiteResult, Update, entries_left, lock_entries, pin_files
from .sealpin.project_files import CONFIG_NAME, LOCK_NAME, project_root, read_find_options
from .sealpin.regular_files import changed_meanwhile, read_file
from .sealpin.report.files import remark_to_dict, site_to_dict
from .sealpin.rules import Rules
from .sealpin.tree import walk

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


@dataclass
class _Task:
    """What one run has read and done so far."""

    module: AnsibleModule
    options: FindOptions
    """Where the project says that its images stand."""
    files: dict[str, bytes] = field(default_factory=dict)
    changes: dict[str, FileChange] = field(default_factory=dict)
    errors: dict[str, SealpinError] = field(default_factory=dict)

    @property
    def params(self) -> Params:
        """The task's options."""
        params: Params = self.module.params
        return params


def run(module: AnsibleModule) -> None:
    """Do the steps and leave the module."""
    try:
        result = _pin(_Task(module, find_options(module.params)))
    except SealpinError as error:
        result = error_result(error)
    if result["failed"]:
        module.fail_json(**result)
    module.exit_json(**result)


def _pin(task: _Task) -> Result:
    params = task.params
    # 1.
    found = _find(task)
    rules = read_rules(params)
    lock_path = _lock_path(params)
    lock = Lock.parse(read_file(lock_path).data) if lock_path.exists() else Lock()
    # 2.
    update = None
    if params["update"]:
        update = Update(lock=lock, unsafe_allow_rollback=params["unsafe_allow_rollback"])
    with open_session(params, rules) as session:
        results = pin_files(
            session,
            rules.policies,
            found,
            known=lock,
            platform=platform_of(params),
            update=update,
        )
    # 3.
    for result in results:
        if result.is_change:
            _rewrite(task, result)
    # 4.
    _record(task, lock_path, lock, results, rules)
    # 5.
    return _report(task, found, results, lock_path)


def find_options(params: Params) -> FindOptions:
    """Return what the ``files`` section says: of the task's policy, else of the project's own.

    That is the command's rule. Raises `InvalidInput`, `PolicyInvalid`.
    """
    files = [machine().base / path for path in params.get("policy") or ()]
    config = _project(params) / CONFIG_NAME
    if not files and config.is_file():
        files = [config]
    return read_find_options(files, PoliciesOnDisk()) or FindOptions()


def _find(task: _Task) -> list[Found]:
    """Read every file once; its bytes are kept only if it names an image."""
    found = []
    words = tuple(word.encode() for word in task.options.words)
    for path in walk(Path(path) for path in task.params["paths"]):
        try:
            data = read_file(path).data
        except InvalidInput as error:
            task.errors[str(path)] = error
            continue
        if not may_name_images(str(path), data, words=words):
            continue
        in_file = find_sites(str(path), data, options=task.options)
        if in_file.sites or in_file.remarks:
            task.files[str(path)] = data
            found.append(in_file)
    return found


def _lock_path(params: Params) -> Path:
    if params.get("lock"):
        return Path(params["lock"])
    return _project(params) / LOCK_NAME


def _project(params: Params) -> Path:
    """The project of the first path, whose lock and configuration count."""
    first = Path(params["paths"][0]).resolve()
    return project_root(first if first.is_dir() else first.parent)


def _rewrite(task: _Task, result: FileResult) -> None:
    path, old = Path(result.file), task.files[result.file]
    try:
        style = TagStyle(task.params["tag"])
        data = apply(old, result.pins, style=style, options=task.options)
        if read_file(path).data != old:
            raise changed_meanwhile(path)
    except SealpinError as error:
        task.errors[result.file] = error
        return
    task.changes[result.file] = put_file(task.module, path, data)


def _record(
    task: _Task, path: Path, lock: Lock, results: Sequence[FileResult], rules: Rules
) -> None:
    kept = [result for result in results if result.file not in task.errors]
    proven = lock_entries(kept, rules.policies, known=lock)
    new = Lock.of((*entries_left(lock, kept, _project(task.params)), *proven))
    if new != lock:
        task.changes[str(path)] = put_file(task.module, path, new.dump())


def _report(
    task: _Task, found: Iterable[Found], results: Sequence[FileResult], lock_path: Path
) -> Result:
    sites = [site for result in results for site in result.sites]
    strict = task.params["strict"]
    remarks = [remark_to_dict(r, strict=strict) for one in found for r in one.remarks]
    result = conclude(_entries(sites, task))
    problems = [f"{e.message} [{e.code}]" for e in _errors(sites, task)] + [
        f"{r['file']}:{r['line']}: {r['message']} [{r['code']}]"
        for r in remarks
        if r["severity"] == "error"
    ]
    if problems:
        result["failed"] = True
        result["msg"] = "; ".join([*([result["msg"]] if "msg" in result else []), *problems])
    result.update(
        changed=bool(task.changes),
        sites=[_site(site, TagStyle(task.params["tag"])) for site in sites],
        remarks=remarks,
        files=sorted(path for path in task.changes if path != str(lock_path)),
        lock=str(lock_path),
    )
    if task.module._diff:
        result["diff"] = [change.diff for change in task.changes.values() if change.diff]
    return result


def _entries(sites: Iterable[SiteResult], task: _Task) -> list[Entry]:
    """Return one entry for each image, in the order they were found."""
    weakenings = registry_weakenings(task.params)
    platform = platform_of(task.params)
    entries: dict[str, Entry] = {}
    for site in sites:
        entry = decided_entry(site.decision, weakenings, platform)
        entry["image"] = site.site.reference.text
        entries.setdefault(entry["image"], entry)
    return list(entries.values())


def _errors(sites: Iterable[SiteResult], task: _Task) -> Iterable[SealpinError]:
    yield from task.errors.values()
    for site in sites:
        if site.error is not None:
            yield site.error


def _site(result: SiteResult, style: TagStyle) -> dict[str, Any]:
    return site_to_dict(
        result.site,
        action=result.action.value,
        after=result.site.replacement(result.pin.digest, style) if result.pin else result.site.text,
        code=result.error.code if result.error else "",
        message=result.error.message if result.error else "",
        hint=result.error.hint if result.error else "",
    )
