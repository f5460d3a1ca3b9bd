"""Processes beside the notebook."""

from mnist_helpers.apart import run_apart, run_together, start, wait_for


def greet():
    import os

    import mnist_helpers

    print("hällo", os.environ["WHOM"], mnist_helpers.__name__)


def fail():
    print("begun")
    raise ValueError("too bad")


def test_a_function_runs_in_a_process_of_its_own_with_its_own_variables():
    assert run_apart(greet, WHOM="you") == "hällo you mnist_helpers"
    said = run_together(greet, {"WHOM": "you"}, {"WHOM": "me"})
    assert said == ["hällo you mnist_helpers", "hällo me mnist_helpers"]


def test_a_process_that_fails_says_why_in_its_last_line():
    assert run_apart(fail) == "begun\nValueError: too bad"


def test_a_process_goes_on_until_it_is_killed():
    process = start("-c", "import time; time.sleep(60)")
    assert process.poll() is None
    process.kill()
    assert wait_for(process) == "" and process.returncode != 0
