"""Exercises that answer back: `check`, `hint`, `guess` and `report`, for the lessons' cells.

An exercise is declared once, in the module of its lesson (`lesson06.py` holds 06.1, 06.2, …): the right
answer, the answer that each misconception would give, and what to say to it. See `declare.exercise`.
Importing this loads NumPy and nothing heavier.
"""

from mnist_helpers.checks.desk import check, guess, hint, judged_guesses, report

__all__ = ["check", "guess", "hint", "judged_guesses", "report"]
